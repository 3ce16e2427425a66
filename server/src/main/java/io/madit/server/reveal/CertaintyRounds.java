package io.madit.server.reveal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rounds of a model that chooses by its own certainty which ids it keeps: how many each round adds.
 * In float32, as the authors count.
 */
final class CertaintyRounds {
  private CertaintyRounds() {}

  /** The plan for ids of which some are known; the order says nothing. */
  static RevealPlan plan(SamplingSettings settings, int[] ids) {
    int known = (int) Arrays.stream(ids).filter(id -> id >= 0).count();
    return new RevealPlan(Orders.raster(ids.length), of(settings, ids.length, known), known);
  }

  /**
   * Rounds from {@code known} ids to all {@code tokens}. Each adds in proportion to the schedule's
   * share, at least one, the last one the rest; the run ends early when none is left. Counts of the
   * caller's own are taken as they are.
   */
  static List<Round> of(SamplingSettings settings, int tokens, int known) {
    int[] counts = settings.userPlan().counts();
    if (counts.length == 0) {
      counts = counts(settings.revealSchedule(), tokens - known, settings.rounds());
    }
    List<Round> rounds = new ArrayList<>();
    int begin = known;
    for (int k = 0; k < counts.length; k++) {
      int end = Math.min(tokens, begin + counts[k]);
      if (end > begin) {
        double guidance =
            settings.guidanceSchedule().inRound(settings.guidanceScale(), k, counts.length);
        rounds.add(new Round(begin, end, settings.flowSteps(), guidance));
        begin = end;
      }
    }
    return rounds;
  }

  private static int[] counts(RevealSchedule schedule, int missing, int rounds) {
    int[] counts = new int[rounds];
    if (rounds == 1) {
      counts[0] = missing;
      return counts;
    }
    float[] shares = new float[rounds];
    float sum = 0;
    for (int k = 0; k < rounds; k++) {
      shares[k] = schedule.share(place(k, rounds));
      sum += shares[k];
    }
    int left = missing;
    for (int k = 0; k < rounds; k++) {
      counts[k] = Math.max(1, (int) Math.rint(shares[k] / sum * missing));
      left -= counts[k];
    }
    counts[rounds - 1] += left;
    return counts;
  }

  /** From 1 to 0 in equal steps, each half counted from its own end. */
  private static float place(int k, int rounds) {
    float step = -1f / (rounds - 1);
    return k < rounds / 2 ? 1f + step * k : -step * (rounds - 1 - k);
  }
}
