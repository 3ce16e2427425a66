package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.testing.RunningServer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Nothing may remain: no picture, no session, no native array beside the models' own. */
public final class Gauges {
  private static final List<String> NAMES =
      List.of(
          "madit_pictures_admitted",
          "madit_sessions_live",
          "madit_sessions_queued",
          "madit_tokenizations_queued",
          "madit_encodings_queued",
          "madit_arrays_live");

  private Gauges() {}

  /** Cancelled work ends at the next boundary, so zero may take a moment. */
  public static void awaitZero(RunningServer server) throws Exception {
    Instant limit = Instant.now().plus(Duration.ofSeconds(60));
    while (sum(server) > 0 && Instant.now().isBefore(limit)) {
      Thread.onSpinWait();
    }
    for (String name : NAMES) {
      assertThat(server.metric(name)).as(name).isZero();
    }
  }

  private static double sum(RunningServer server) throws Exception {
    double sum = 0;
    for (String name : NAMES) {
      sum += server.metric(name);
    }
    return sum;
  }
}
