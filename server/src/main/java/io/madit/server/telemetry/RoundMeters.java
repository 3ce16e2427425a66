package io.madit.server.telemetry;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Meters of one model's packed rounds. */
final class RoundMeters {
  private final Timer seconds;
  private final DistributionSummary sessions;
  private final DistributionSummary rows;

  RoundMeters(MeterRegistry registry, String model) {
    seconds =
        Timer.builder("madit.round")
            .description("Time of a packed round")
            .tag("model", model)
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofMinutes(1))
            .register(registry);
    sessions =
        DistributionSummary.builder("madit.round.sessions")
            .description("Pictures in a packed round")
            .tag("model", model)
            .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64, 128)
            .register(registry);
    rows =
        DistributionSummary.builder("madit.round.rows")
            .description("Decoder rows in a packed round")
            .tag("model", model)
            .serviceLevelObjectives(256, 512, 1024, 2048, 4096, 8192, 16384)
            .register(registry);
  }

  void record(int roundSessions, int roundRows, double roundSeconds) {
    seconds.record(Duration.ofNanos((long) (roundSeconds * 1e9)));
    sessions.record(roundSessions);
    rows.record(roundRows);
  }
}
