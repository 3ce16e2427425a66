package io.madit.server.telemetry;

import io.grpc.Deadline;
import java.util.concurrent.TimeUnit;

/** Tells an expired call from a cancelled one. */
public final class Expiry {
  /** A cancellation this close to the deadline is the client's own timer going off. */
  private static final long CLIENT_TIMER_SLACK_MILLIS = 100;

  private Expiry() {}

  /**
   * Whether a call that ends now ends because of its deadline.
   *
   * @param deadline null: it has none
   */
  public static boolean explains(Deadline deadline) {
    return deadline != null
        && deadline.timeRemaining(TimeUnit.MILLISECONDS) < CLIENT_TIMER_SLACK_MILLIS;
  }
}
