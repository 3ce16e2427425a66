package io.madit.load;

import io.grpc.Status;

/**
 * How one request went; times in nanoseconds on the clock of {@link System#nanoTime}.
 *
 * @param intended when it was meant to start
 * @param sent when it was sent
 * @param ended when its answer was there
 * @param reason of the server's error details; empty when there is none
 * @param queueSeconds as the server reports, like the next three; 0 without an answer
 */
record Outcome(
    long intended,
    long sent,
    long ended,
    Status.Code code,
    String reason,
    double queueSeconds,
    double roundsSeconds,
    double decodeSeconds,
    double encodeSeconds) {
  /** An answer of an error that is there now. */
  static Outcome failed(long intended, long sent, Status.Code code, String reason) {
    return new Outcome(intended, sent, System.nanoTime(), code, reason, 0, 0, 0, 0);
  }

  boolean ok() {
    return code == Status.Code.OK;
  }

  /** Refused at the door: no work was spent on it. */
  boolean refused() {
    return code == Status.Code.RESOURCE_EXHAUSTED;
  }

  long latencyNanos() {
    return ended - intended;
  }
}
