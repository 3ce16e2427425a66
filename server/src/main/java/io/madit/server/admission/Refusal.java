package io.madit.server.admission;

import java.time.Duration;
import java.util.Optional;

/**
 * Why a request may not enter.
 *
 * @param message for the caller
 * @param retryAfter when another try is worthwhile; empty: never
 */
public record Refusal(Reason reason, String message, Optional<Duration> retryAfter) {
  /** Kinds of refusals. */
  public enum Reason {
    /** Too many pictures, or too much work. */
    QUEUE_FULL,
    /** The backlog is too long for the deadline. */
    DEADLINE_UNREACHABLE,
    /** The work alone takes longer than the deadline. */
    DEADLINE_TOO_SHORT,
    /** Too much state. */
    MEMORY,
    /** Too many pictures of one client. */
    CLIENT_QUOTA,
    /** The server is stopping. */
    DRAINING
  }

  private static final double SHORTEST = 0.02;
  private static final double LONGEST = 60;

  static Refusal retryable(Reason reason, String message, double seconds) {
    double clipped = Math.max(SHORTEST, Math.min(LONGEST, seconds));
    return new Refusal(reason, message, Optional.of(Duration.ofNanos((long) (clipped * 1e9))));
  }

  static Refusal lasting(Reason reason, String message) {
    return new Refusal(reason, message, Optional.empty());
  }
}
