package io.madit.server.reveal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.Resources;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StagedPlansTest {
  @Test
  void everyOrder_makesThePlanOfPython() {
    for (JsonNode entry : Resources.json("golden/plans.json").get("orders")) {
      int[] size = Resources.ints(entry.get("grid"));
      PatchGrid grid = new PatchGrid(size[0], size[1]);
      SamplingSettings settings =
          GoldenCase.settings(entry.get("sampling"), false, false, UserPlan.NONE, grid);
      double[] kl = Resources.doubles(entry.get("codeword_kl"));
      float[] codewordKl = new float[kl.length];
      IntStream.range(0, kl.length).forEach(i -> codewordKl[i] = (float) kl[i]);
      RevealPlan plan =
          RevealPlanner.compile(
              settings,
              grid,
              Resources.ints(entry.get("ids")),
              codewordKl,
              entry.get("seed").asLong());
      String name = entry.get("sampling") + " on " + grid;
      assertThat(plan.order()).as(name).containsExactly(Resources.ints(entry.get("order")));
      assertThat(plan.rounds()).as(name).hasSize(entry.get("rounds").size());
      for (int k = 0; k < plan.rounds().size(); k++) {
        Round round = plan.rounds().get(k);
        int[] expected = Resources.ints(entry.get("rounds").get(k));
        assertThat(round.begin()).as(name).isEqualTo(expected[0]);
        assertThat(round.end()).as(name).isEqualTo(expected[1]);
        assertThat(round.flowSteps()).as(name).isEqualTo(expected[2]);
        double fraction = entry.get("boost_fraction").get(k).asDouble();
        assertThat(round.boostFraction()).as(name).isEqualTo(fraction);
        assertThat(round.boostedSteps()).isEqualTo(fraction > 0 ? expected[3] : expected[2]);
        assertThat(round.guidance())
            .isCloseTo(entry.get("guidance").get(k).asDouble(), within(1e-12));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 2", "3, 3", "5, 8", "16, 16", "32, 32"})
  void stages_partitionTheGridAndEndWithTheCheckerboardComplement(int rows, int columns) {
    PatchGrid grid = new PatchGrid(rows, columns);
    for (int stages = 1; stages <= GtrOptions.mostStages(grid); stages++) {
      List<int[]> sets = GtrStages.sets(grid, stages);
      assertThat(sets).hasSize(2 * stages + 1);
      assertThat(sets.stream().flatMapToInt(IntStream::of).sorted().toArray())
          .containsExactly(Orders.raster(grid.patches()));
      assertThat(sets.get(sets.size() - 1))
          .containsExactly(
              IntStream.range(0, grid.patches())
                  .filter(i -> (i / columns + i % columns) % 2 == 1)
                  .toArray());
    }
  }

  @Test
  void anyRounds_giveFallingStepsAndThenConstantOnes() {
    PatchGrid grid = new PatchGrid(16, 16);
    for (int total = 2; total <= 300; total++) {
      GtrOptions options = new GtrOptions(3, null, 12, 3, 7);
      GtrRounds rounds = GtrRounds.of(grid, options.resolve(grid, total, 10), total);
      int[] steps = rounds.flowSteps();
      assertThat(IntStream.of(rounds.counts()).sum()).isEqualTo(256);
      assertThat(IntStream.of(rounds.counts())).allMatch(count -> count >= 1);
      assertThat(IntStream.of(rounds.counts()).limit(rounds.generation()).sum()).isEqualTo(128);
      assertThat(steps).hasSameSizeAs(rounds.counts());
      assertThat(steps[0]).isEqualTo(12);
      for (int k = 1; k < rounds.generation(); k++) {
        assertThat(steps[k]).isBetween(3, steps[k - 1]);
      }
      assertThat(IntStream.of(steps).skip(rounds.generation())).containsOnly(7);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 7", "3, 5", "16, 16", "64, 64"})
  void halton_isAPermutation(int rows, int columns) {
    PatchGrid grid = new PatchGrid(rows, columns);
    int[] order = Orders.halton(grid);
    assertThat(IntStream.of(order).sorted().toArray())
        .containsExactly(Orders.raster(grid.patches()));
  }

  @Test
  void whatDoesNotFit_isNamed() {
    PatchGrid grid = new PatchGrid(16, 16);
    assertThatThrownBy(() -> new GtrOptions(5, null, null, null, null).resolve(grid, 8, 10))
        .hasMessage("gtr.stages must be at most 4 for 16 x 16 patches, is 5");
    assertThatThrownBy(() -> new GtrOptions(null, 8, null, null, null).resolve(grid, 8, 10))
        .hasMessage("gtr.reconstruction_rounds must be below rounds 8, is 8");
    assertThatThrownBy(() -> GtrOptions.NONE.resolve(new PatchGrid(1, 9), 8, 10))
        .hasMessage("reveal order gtr needs a grid of at least 2 x 2, is 1 x 9");
    assertThatThrownBy(() -> new FrequencySteps(1.5, 3))
        .hasMessageContaining("fraction must be within 0 and 1, is 1.5");
  }

  @Test
  void userCounts_doNotGoWithStages() {
    PatchGrid grid = new PatchGrid(4, 4);
    UserPlan counts = new UserPlan(new int[0], new int[] {16}, new int[0], new double[0]);
    SamplingSettings settings =
        new SamplingSettings(
            8,
            10,
            1,
            GuidanceSchedule.CONSTANT,
            RevealOrder.GTR,
            RevealSchedule.COSINE,
            false,
            1,
            1,
            counts,
            0,
            Optional.of(GtrOptions.NONE.resolve(grid, 8, 10)),
            FrequencySteps.NONE);
    assertThatThrownBy(() -> RevealPlanner.rounds(settings, grid))
        .hasMessage("userPlan.counts must be empty with the order GTR");
  }
}
