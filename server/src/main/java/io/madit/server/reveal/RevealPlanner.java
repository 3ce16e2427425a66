package io.madit.server.reveal;

import java.util.ArrayList;
import java.util.List;

/** Compiles settings into a {@link RevealPlan}: pure functions, no tensors. */
public final class RevealPlanner {
  private RevealPlanner() {}

  /**
   * The plan of one picture.
   *
   * @param patches N
   * @param ids one per patch, -1 where missing; empty when the picture has no ids (then the KL
   *     order is refused)
   * @param codewordKl nats, one per codeword
   * @throws IllegalArgumentException naming what does not fit
   */
  public static RevealPlan compile(
      SamplingSettings settings, int patches, int[] ids, float[] codewordKl, long seed) {
    return new RevealPlan(
        order(settings, patches, ids, codewordKl, seed), rounds(settings, patches));
  }

  private static int[] order(
      SamplingSettings settings, int patches, int[] ids, float[] codewordKl, long seed) {
    return switch (settings.revealOrder()) {
      case KL -> Orders.byKl(codewordKl, requireLength("ids for the KL order", ids, patches));
      case RANDOM -> Orders.shuffled(patches, seed);
      case RASTER -> Orders.raster(patches);
      case USER -> requireLength("userPlan.order", settings.userPlan().order(), patches);
    };
  }

  /** The rounds of a plan; they do not depend on the order. */
  public static List<Round> rounds(SamplingSettings settings, int patches) {
    UserPlan user = settings.userPlan();
    int[] counts =
        user.counts().length > 0
            ? user.counts()
            : settings.revealSchedule().counts(patches, settings.rounds());
    int[] steps = user.flowSteps();
    double[] scales = user.guidanceScales();
    requireRounds("userPlan.flowSteps", steps.length, counts.length);
    requireRounds("userPlan.guidanceScales", scales.length, counts.length);
    List<Round> rounds = new ArrayList<>(counts.length);
    int begin = 0;
    for (int k = 0; k < counts.length; k++) {
      int end = begin + counts[k];
      double guidance =
          scales.length > 0
              ? scales[k]
              : settings.guidanceSchedule().at(settings.guidanceScale(), patches, patches - end);
      rounds.add(
          new Round(begin, end, steps.length > 0 ? steps[k] : settings.flowSteps(), guidance));
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
