package io.madit.server.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Meters of all gRPC calls, named as gRPC's own OpenTelemetry metrics (gRFC A66). */
final class CallMeters {
  private static final String METHOD = "grpc.method";

  private final MeterProvider<Counter> started;
  private final MeterProvider<Timer> durations;
  private final MeterProvider<DistributionSummary> received;
  private final MeterProvider<DistributionSummary> sent;

  CallMeters(MeterRegistry registry) {
    started =
        Counter.builder("grpc.server.call.started")
            .description("Calls begun")
            .withRegistry(registry);
    durations =
        Timer.builder("grpc.server.call.duration")
            .description("Calls ended, with the time from the first byte to the end")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofMinutes(2))
            .withRegistry(registry);
    received =
        size("grpc.server.call.rcvd_total_compressed_message_size", "Message bytes received")
            .withRegistry(registry);
    sent =
        size("grpc.server.call.sent_total_compressed_message_size", "Message bytes sent")
            .withRegistry(registry);
  }

  private static DistributionSummary.Builder size(String name, String description) {
    return DistributionSummary.builder(name)
        .description(description + " per call, as compressed")
        .baseUnit("bytes");
  }

  void started(String method) {
    started.withTag(METHOD, method).increment();
  }

  void finished(String method, String code, Duration duration, long bytesIn, long bytesOut) {
    Tags tags = Tags.of(METHOD, method, "grpc.status", code);
    durations.withTags(tags).record(duration);
    received.withTags(tags).record((double) bytesIn);
    sent.withTags(tags).record((double) bytesOut);
  }
}
