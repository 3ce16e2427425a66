package io.madit.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;

/**
 * How often and how fast failures are tried again: unary calls by gRPC, broken streams by this
 * client. Pauses that the server names replace these.
 *
 * @param attempts tries altogether, 2 to 5: gRPC allows no more
 * @param firstBackoff the first pause, at least 10 ms; each is twice the one before, times 0.8 to
 *     1.2
 * @param longestBackoff bound of the pauses, at least {@code firstBackoff}
 */
public record RetryPolicy(int attempts, Duration firstBackoff, Duration longestBackoff) {
  private static final Duration SHORTEST = Duration.ofMillis(10);

  public RetryPolicy {
    if (attempts < 2 || attempts > 5) {
      throw new IllegalArgumentException("attempts must be 2 to 5, is " + attempts);
    }
    if (firstBackoff.compareTo(SHORTEST) < 0 || firstBackoff.compareTo(longestBackoff) > 0) {
      throw new IllegalArgumentException(
          "firstBackoff must be from %s to longestBackoff %s, is %s"
              .formatted(SHORTEST, longestBackoff, firstBackoff));
    }
  }

  /** Five attempts; pauses from 0.2 to 5 seconds. */
  public static RetryPolicy standard() {
    return new RetryPolicy(5, Duration.ofMillis(200), Duration.ofSeconds(5));
  }

  /**
   * The pause before a stream's next attempt; empty if there must be none.
   *
   * @param failed attempts that have failed, at least 1
   * @param left time to the deadline; a retry that would begin later is not made
   * @param draw uniform from [0, 1)
   */
  Optional<Duration> pause(Failure failure, int failed, Duration left, double draw) {
    if (failed >= attempts || !canHelp(failure)) {
      return Optional.empty();
    }
    Duration pause = failure.retryAfter().orElseGet(() -> backoff(failed, draw));
    return pause.compareTo(left) < 0 ? Optional.of(pause) : Optional.empty();
  }

  private Duration backoff(int failed, double draw) {
    double grown = Math.scalb((double) firstBackoff.toMillis(), failed - 1);
    return Duration.ofMillis(
        Math.round(Math.min(grown, (double) longestBackoff.toMillis()) * (0.8 + 0.4 * draw)));
  }

  private static boolean canHelp(Failure failure) {
    if (failure.retryRefused()) {
      return false;
    }
    if (failure.code() == Status.Code.DEADLINE_EXCEEDED) {
      // The ids came too slowly for the server; the caller's own deadline has not passed.
      return failure.reason().equals("TOKENS_TIMEOUT");
    }
    return failure.code() == Status.Code.UNAVAILABLE
        || failure.code() == Status.Code.RESOURCE_EXHAUSTED;
  }
}
