package io.madit.server.reveal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.Resources;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RevealPlannerTest {
  private static final PatchGrid FOUR = new PatchGrid(2, 2);

  @Test
  void cosine_matchesTheAuthorsOwnLoop() {
    JsonNode oracle = Resources.json("golden/schedules.json").get("mar_cosine");
    assertThat(oracle).isNotEmpty();
    for (JsonNode entry : oracle) {
      int patches = entry.get("N").asInt();
      int rounds = entry.get("K").asInt();
      RevealPlan plan = raster(patches, rounds, RevealSchedule.COSINE, 3);
      int[] expected = Resources.ints(entry.get("reveal_counts"));
      assertThat(counts(plan)).as("N=%d K=%d", patches, rounds).containsExactly(expected);
      double[] scales = Resources.doubles(entry.get("cfg_iter_w3_linear"));
      for (int k = 0; k < scales.length; k++) {
        assertThat(plan.rounds().get(k).guidance()).isCloseTo(scales[k], within(1e-6));
      }
    }
  }

  @Test
  void schedules_matchPython() {
    for (JsonNode entry : Resources.json("golden/plans.json").get("plans")) {
      int patches = entry.get("patches").asInt();
      RevealSchedule schedule =
          RevealSchedule.valueOf(entry.get("schedule").asText().toUpperCase(Locale.ROOT));
      RevealPlan plan = raster(patches, entry.get("rounds").asInt(), schedule, 3);
      int[] masked = Resources.ints(entry.get("masked"));
      double[] scales = Resources.doubles(entry.get("guidance_linear_3"));
      assertThat(plan.rounds()).hasSize(masked.length - 1);
      for (int k = 0; k < scales.length; k++) {
        Round round = plan.rounds().get(k);
        assertThat(round.begin()).isEqualTo(patches - masked[k]);
        assertThat(round.end()).isEqualTo(patches - masked[k + 1]);
        assertThat(round.guidance()).isCloseTo(scales[k], within(1e-12));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pico-buffer", "pico-velocity", "pico-encoder"})
  void plans_matchTheReferenceSampler(String bundle) {
    float[] kl = Resources.bundle(bundle).codewordKl();
    for (GoldenCase golden : GoldenCase.of(bundle)) {
      int[] ids = golden.ids();
      RevealPlan plan =
          RevealPlanner.compile(
              golden.settings(),
              Resources.bundle(bundle).manifest().grid().places(),
              ids,
              kl,
              golden.seed());
      assertThat(plan.order()).as(golden.toString()).containsExactly(golden.order());
      assertThat(plan.rounds().stream().mapToInt(Round::end).toArray())
          .as(golden.toString())
          .containsExactly(golden.ends());
      for (int k = 0; k < plan.rounds().size(); k++) {
        Round round = plan.rounds().get(k);
        assertThat(round.flowSteps())
            .isEqualTo(golden.json().at("/rounds/flow_steps/" + k).asInt());
        assertThat(round.boostFraction())
            .isEqualTo(golden.json().at("/rounds/boost_fraction/" + k).asDouble());
      }
    }
  }

  @Test
  void shuffle_matchesPython() {
    for (JsonNode entry : Resources.json("golden/noise.json").get("shuffle")) {
      assertThat(Orders.shuffled(entry.get("count").asInt(), entry.get("seed").asLong()))
          .containsExactly(Resources.ints(entry.get("order")));
    }
  }

  @Test
  void everySize_revealsAtLeastOnePatchPerRound() {
    for (RevealSchedule schedule : RevealSchedule.values()) {
      for (int patches = 1; patches <= 70; patches++) {
        for (int rounds = 1; rounds <= 80; rounds++) {
          int[] counts = schedule.counts(patches, rounds);
          assertThat(counts).hasSize(Math.min(patches, rounds));
          assertThat(Arrays.stream(counts).min().getAsInt()).isPositive();
          assertThat(Arrays.stream(counts).sum()).isEqualTo(patches);
        }
      }
    }
  }

  @Test
  void kl_sortsStablyAndPutsMissingLast() {
    float[] kl = {3, 1, 2, 1};
    assertThat(Orders.byKl(kl, new int[] {0, 3, -1, 1, 2, 1, -1}))
        .containsExactly(1, 3, 5, 4, 0, 2, 6);
  }

  @Test
  void klWithoutIds_isRefused() {
    SamplingSettings settings = settings(4, RevealSchedule.COSINE, RevealOrder.KL, UserPlan.NONE);
    assertThatThrownBy(() -> RevealPlanner.compile(settings, FOUR, new int[0], new float[0], 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ids for the KL order");
  }

  @Test
  void userOrder_mustBeAPermutation() {
    UserPlan plan = new UserPlan(new int[] {0, 1, 1, 3}, new int[0], new int[0], new double[0]);
    SamplingSettings settings = settings(2, RevealSchedule.COSINE, RevealOrder.USER, plan);
    assertThatThrownBy(() -> RevealPlanner.compile(settings, FOUR, new int[0], new float[0], 0))
        .hasMessageContaining("permutation of 0..3, has 1");
  }

  @Test
  void userCounts_mustCoverAllPatches() {
    UserPlan plan = new UserPlan(new int[0], new int[] {1, 2}, new int[0], new double[0]);
    SamplingSettings settings = settings(2, RevealSchedule.COSINE, RevealOrder.RASTER, plan);
    assertThatThrownBy(() -> RevealPlanner.compile(settings, FOUR, new int[0], new float[0], 0))
        .hasMessageContaining("rounds end at 3 of 4");
  }

  @Test
  void userSteps_mustMatchTheRounds() {
    UserPlan plan = new UserPlan(new int[0], new int[0], new int[] {5}, new double[0]);
    SamplingSettings settings = settings(2, RevealSchedule.COSINE, RevealOrder.RASTER, plan);
    assertThatThrownBy(() -> RevealPlanner.compile(settings, FOUR, new int[0], new float[0], 0))
        .hasMessageContaining("userPlan.flowSteps must have one entry per round (2), has 1");
  }

  private static RevealPlan raster(
      int patches, int rounds, RevealSchedule schedule, double guidance) {
    SamplingSettings settings =
        new SamplingSettings(
            rounds,
            1,
            guidance,
            GuidanceSchedule.LINEAR,
            RevealOrder.RASTER,
            schedule,
            false,
            1,
            1,
            UserPlan.NONE);
    return RevealPlanner.compile(settings, new PatchGrid(1, patches), new int[0], new float[0], 0);
  }

  private static SamplingSettings settings(
      int rounds, RevealSchedule schedule, RevealOrder order, UserPlan plan) {
    return new SamplingSettings(
        rounds, 1, 1, GuidanceSchedule.CONSTANT, order, schedule, false, 1, 1, plan);
  }

  private static int[] counts(RevealPlan plan) {
    return plan.rounds().stream().mapToInt(Round::count).toArray();
  }
}
