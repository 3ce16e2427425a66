package io.madit.server.engine;

/**
 * How much may be done between two rounds: opening, tokenizing, decoding and previews together get
 * as much device time as rounds do, so that a burst of them does not stall the pictures that run.
 */
final class BoundaryCredit {
  /** Neither unused time nor debts count for more rounds than this. */
  private static final int KEPT_ROUNDS = 2;

  private double seconds;
  private double limit;

  /** A round of this length has run. */
  void earn(double roundSeconds) {
    limit = KEPT_ROUNDS * roundSeconds;
    seconds = Math.min(seconds + roundSeconds, limit);
  }

  void spend(double itemSeconds) {
    seconds = Math.max(seconds - itemSeconds, -limit);
  }

  /** Whether something more may be done before the next round. */
  boolean left() {
    return seconds >= 0;
  }

  /** Nothing waits for a round: debts are forgotten. */
  void reset() {
    seconds = 0;
  }
}
