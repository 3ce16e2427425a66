package io.madit.server.admission;

/**
 * How much longer than predicted pictures may take, learned from those that ended: the mean ratio
 * plus four mean deviations, like TCP's retransmission timer (RFC 6298). To be late after being
 * admitted is worse than to be refused. Not thread-safe.
 */
final class Caution {
  /**
   * Pictures in the recent mean. Far more than are inside at once: what is learned from a picture
   * comes too late for all that entered after it.
   */
  private static final int RECENT = 512;

  private static final double DEVIATIONS = 4;
  private static final double LEAST = 1.1;
  private static final double MOST = 3;

  // Recent means, in seconds. A ratio of means, not a mean of ratios: short pictures count less.
  private double predicted;
  private double taken;
  private double deviation;
  private int seen;

  /** Adds a picture that has ended, or is known to take at least this long. */
  void observe(double predictedSeconds, double takenSeconds) {
    double expected = predicted > 0 ? ratio() * predictedSeconds : predictedSeconds;
    seen = Math.min(seen + 1, RECENT);
    predicted += (predictedSeconds - predicted) / seen;
    taken += (takenSeconds - taken) / seen;
    deviation += (Math.abs(takenSeconds - expected) - deviation) / seen;
  }

  /** Factor on predictions, from 1.1 to 3. */
  double factor() {
    if (predicted <= 0) {
      return LEAST;
    }
    return Math.min(MOST, Math.max(LEAST, ratio() + DEVIATIONS * deviation / predicted));
  }

  private double ratio() {
    return taken / predicted;
  }
}
