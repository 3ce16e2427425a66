package io.madit.server.lifecycle;

import io.madit.server.engine.EngineStats;

/** How much work waits. */
final class Backlog {
  private Backlog() {}

  /**
   * Seconds of rounds that the waiting and running sessions still need, by the mean of the past.
   */
  static double seconds(EngineStats stats) {
    if (stats.finished() == 0) {
      return 0;
    }
    double each = stats.roundNanos() * 1e-9 / stats.finished();
    return each * (stats.queuedSessions() + stats.liveSessions());
  }
}
