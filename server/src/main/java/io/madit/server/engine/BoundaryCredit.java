package io.madit.server.engine;

/**
 * How much may be done between two rounds: opening, tokenizing, decoding and previews together get
 * as much device time as rounds do, so that a burst of them does not stall the pictures that run.
 */
final class BoundaryCredit {
  /** Unused time is kept for this many rounds. */
  private static final int KEPT_ROUNDS = 2;

  /** Debts of what cannot wait are remembered for this many rounds. */
  private static final int DEBT_ROUNDS = 16;

  private double seconds;
  private double lastRound;

  /** A round of this length has run. */
  void earn(double roundSeconds) {
    lastRound = roundSeconds;
    seconds = Math.min(seconds + roundSeconds, KEPT_ROUNDS * roundSeconds);
  }

  void spend(double itemSeconds) {
    seconds = Math.max(seconds - itemSeconds, -DEBT_ROUNDS * lastRound);
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
