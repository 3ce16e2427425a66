package io.madit.server.reveal;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The caller's own plan. Every part may be empty, which means "by the settings".
 *
 * @param order raster indices in the order of revealing, a permutation of 0..N-1; for {@link
 *     RevealOrder#USER}
 * @param counts patches per round, each at least 1, sum N
 * @param flowSteps solver steps per round, each at least 1
 * @param guidanceScales guidance scale per round, finite
 */
public record UserPlan(int[] order, int[] counts, int[] flowSteps, double[] guidanceScales) {
  /** Nothing set by the caller. */
  public static final UserPlan NONE =
      new UserPlan(new int[0], new int[0], new int[0], new double[0]);

  public UserPlan {
    order = order.clone();
    counts = counts.clone();
    flowSteps = flowSteps.clone();
    guidanceScales = guidanceScales.clone();
    if (IntStream.concat(Arrays.stream(counts), Arrays.stream(flowSteps)).anyMatch(n -> n < 1)) {
      throw new IllegalArgumentException("counts and flowSteps must be at least 1");
    }
    if (!Arrays.stream(guidanceScales).allMatch(Double::isFinite)) {
      throw new IllegalArgumentException("guidanceScales must be finite");
    }
  }
}
