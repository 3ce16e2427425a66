package io.madit.server.engine;

import java.util.Comparator;
import java.util.OptionalLong;

/**
 * Who goes first: priority class, then deadline, then arrival. A session that has waited for {@code
 * agingNanos} moves up one class, and one without a deadline is treated as if it had one {@code
 * patienceNanos} after its arrival; so each session is first at some time, whatever arrives later.
 *
 * @param agingNanos time in a class before moving up
 * @param patienceNanos imagined deadline after arrival
 */
record SessionOrder(long agingNanos, long patienceNanos) {
  /** What the order may depend on; times are on the clock of {@link System#nanoTime}. */
  interface Ordered {
    Priority priority();

    OptionalLong deadlineNanos();

    long arrivalNanos();
  }

  /** The order at one moment. Sort a list with it, then throw it away: it changes with the time. */
  Comparator<Ordered> at(long nowNanos) {
    // Differences, because nanoTime may overflow.
    return Comparator.<Ordered>comparingInt(session -> effectiveClass(session, nowNanos))
        .thenComparingLong(session -> timeLeft(session, nowNanos))
        .thenComparingLong(session -> session.arrivalNanos() - nowNanos);
  }

  /** 0 is most urgent. */
  int effectiveClass(Ordered session, long nowNanos) {
    long steps = Math.max(0, nowNanos - session.arrivalNanos()) / agingNanos;
    return (int) Math.max(0, session.priority().level() - steps);
  }

  private long timeLeft(Ordered session, long nowNanos) {
    long imagined = session.arrivalNanos() - nowNanos + patienceNanos;
    OptionalLong deadline = session.deadlineNanos();
    return deadline.isPresent() ? Math.min(deadline.getAsLong() - nowNanos, imagined) : imagined;
  }
}
