package io.madit.server.reveal;

/**
 * Predicts {@code order[begin, end)}; what is visible to it is the prefix {@code [0, begin)}.
 *
 * @param flowSteps solver steps of most patches
 * @param guidance guidance scale of this round
 * @param boostedSteps solver steps of the most detailed patches; equal to {@code flowSteps} where
 *     nothing is boosted
 * @param boostFraction share of the round's patches that get {@code boostedSteps}, 0 to 1; the
 *     model picks them
 */
public record Round(
    int begin, int end, int flowSteps, double guidance, int boostedSteps, double boostFraction) {
  public Round {
    if (begin < 0 || begin >= end) {
      throw new IllegalArgumentException("round must not be empty, is " + begin + ".." + end);
    }
    if (flowSteps < 1 || boostedSteps < flowSteps) {
      throw new IllegalArgumentException("bad steps: " + flowSteps + ", boosted " + boostedSteps);
    }
    if (!Double.isFinite(guidance) || !(boostFraction >= 0 && boostFraction <= 1)) {
      throw new IllegalArgumentException(
          "bad guidance " + guidance + " or boostFraction " + boostFraction);
    }
  }

  /** A round without boosted patches. */
  public Round(int begin, int end, int flowSteps, double guidance) {
    this(begin, end, flowSteps, guidance, flowSteps, 0);
  }

  /** Patches that get {@code boostedSteps}: the boost fraction, rounded as the script does. */
  public int boostedCount() {
    return (int) (boostFraction * count() + 0.5);
  }

  /** Patches predicted. */
  public int count() {
    return end - begin;
  }
}
