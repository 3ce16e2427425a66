package io.madit.server.reveal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Compiles settings into a {@link RevealPlan}: pure functions, no tensors. */
public final class RevealPlanner {
  private RevealPlanner() {}

  /**
   * The plan of one picture.
   *
   * @param ids one per patch, -1 where missing; empty when the picture has no ids (then the KL
   *     order is refused)
   * @param codewordKl nats, one per codeword; empty where codewords have no KL
   * @throws IllegalArgumentException naming what does not fit
   */
  public static RevealPlan compile(
      SamplingSettings settings, PatchGrid grid, int[] ids, float[] codewordKl, long seed) {
    if (settings.revealOrder() == RevealOrder.CERTAINTY) {
      return CertaintyRounds.plan(settings, requireLength("ids", ids, grid.patches()));
    }
    return new RevealPlan(order(settings, grid, ids, codewordKl, seed), rounds(settings, grid));
  }

  private static int[] order(
      SamplingSettings settings, PatchGrid grid, int[] ids, float[] codewordKl, long seed) {
    int patches = grid.patches();
    return switch (settings.revealOrder()) {
      case KL -> Orders.byKl(codewordKl, requireLength("ids for the KL order", ids, patches));
      case RANDOM -> Orders.shuffled(patches, seed);
      case RASTER, CERTAINTY -> Orders.raster(patches);
      case HALTON -> Orders.halton(grid);
      case GTR -> {
        int[] inside =
            ids.length == 0 || codewordKl.length == 0
                ? Orders.shuffled(patches, seed)
                : Orders.byKl(codewordKl, requireLength("ids for the GTR order", ids, patches));
        yield GtrStages.order(grid, settings.gtr().orElseThrow().stages(), inside);
      }
      case USER -> requireLength("userPlan.order", settings.userPlan().order(), patches);
    };
  }

  /** The rounds of a plan of which nothing is known yet; they do not depend on the ids. */
  public static List<Round> rounds(SamplingSettings settings, PatchGrid grid) {
    if (settings.revealOrder() == RevealOrder.CERTAINTY) {
      return CertaintyRounds.of(settings, grid.patches(), 0);
    }
    if (settings.gtr().isEmpty()) {
      return usual(settings, grid.patches());
    }
    if (settings.userPlan().counts().length > 0) {
      throw new IllegalArgumentException("userPlan.counts must be empty with the order GTR");
    }
    GtrRounds staged = GtrRounds.of(grid, settings.gtr().get(), settings.rounds());
    return rounds(
        settings, grid.patches(), staged.counts(), staged.flowSteps(), staged.generation());
  }

  private static List<Round> usual(SamplingSettings settings, int patches) {
    UserPlan user = settings.userPlan();
    int[] counts =
        user.counts().length > 0
            ? user.counts()
            : settings.revealSchedule().counts(patches, settings.rounds());
    requireRounds("userPlan.flowSteps", user.flowSteps().length, counts.length);
    int[] steps = user.flowSteps();
    if (steps.length == 0) {
      steps = new int[counts.length];
      Arrays.fill(steps, settings.flowSteps());
    }
    return rounds(settings, patches, counts, steps, 0);
  }

  private static List<Round> rounds(
      SamplingSettings settings, int patches, int[] counts, int[] steps, int firstBoosted) {
    double[] scales = settings.userPlan().guidanceScales();
    requireRounds("userPlan.guidanceScales", scales.length, counts.length);
    FrequencySteps boosts = settings.frequencySteps();
    List<Round> rounds = new ArrayList<>(counts.length);
    int begin = 0;
    for (int k = 0; k < counts.length; k++) {
      int end = begin + counts[k];
      double guidance =
          scales.length > 0
              ? scales[k]
              : settings.guidanceSchedule().at(settings.guidanceScale(), patches, patches - end);
      rounds.add(
          boosts.on() && k >= firstBoosted
              ? new Round(
                  begin, end, steps[k], guidance, boosts.boostedFlowSteps(), boosts.fraction())
              : new Round(begin, end, steps[k], guidance));
      begin = end;
    }
    return rounds;
  }

  private static int[] requireLength(String what, int[] values, int length) {
    if (values.length != length) {
      throw new IllegalArgumentException(
          what + " must have " + length + " entries, has " + values.length);
    }
    return values;
  }

  private static void requireRounds(String what, int length, int rounds) {
    if (length != 0 && length != rounds) {
      throw new IllegalArgumentException(
          what + " must have one entry per round (" + rounds + "), has " + length);
    }
  }
}
