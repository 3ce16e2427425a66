package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.madit.server.telemetry.RequestRecord.Result;
import io.madit.server.telemetry.RequestRecord.Subject;
import io.madit.server.telemetry.RequestRecord.Work;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SpanFactsTest {
  private static final Instant START = Instant.ofEpochSecond(1000);
  private static final long START_NANOS = 1_000_000_000_000L;

  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
  private final Tracing tracing =
      Tracing.of(
          OpenTelemetrySdk.builder()
              .setTracerProvider(
                  SdkTracerProvider.builder()
                      .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                      .build())
              .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
              .build());

  private static RequestRecord record(Work work, Result result) {
    return new RequestRecord(
        new Origin(START, "a.B/C", null, null),
        new Subject(null, null, null),
        Optional.empty(),
        Optional.ofNullable(work),
        result,
        100,
        0,
        0);
  }

  private SpanData only(String name) {
    return exporter.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void end_laysPhasesOneAfterAnotherUpToTheEndOfTheWork() {
    Map<Phase, Long> phases = new EnumMap<>(Phase.class);
    phases.put(Phase.QUEUE, 10L);
    phases.put(Phase.ROUNDS, 20L);
    phases.put(Phase.ENCODE, 30L);
    Span span = tracing.startCall("a.B/C", new Metadata(), START);
    tracing.end(span, record(new Work(3, phases, 90), Result.OK));
    assertThat(only("queue").getStartEpochNanos()).isEqualTo(START_NANOS + 30);
    assertThat(only("rounds").getStartEpochNanos()).isEqualTo(START_NANOS + 40);
    assertThat(only("rounds").getEndEpochNanos()).isEqualTo(START_NANOS + 60);
    assertThat(only("encode").getEndEpochNanos()).isEqualTo(START_NANOS + 90);
    assertThat(only("encode").getParentSpanId()).isEqualTo(only("a.B/C").getSpanId());
    assertThat(only("a.B/C").getEndEpochNanos()).isEqualTo(START_NANOS + 100);
  }

  @Test
  void end_marksFaultsOfTheServer() {
    Span span = tracing.startCall("a.B/C", new Metadata(), START);
    tracing.end(span, record(null, new Result("device_failed", "UNAVAILABLE", "DEVICE_FAILED")));
    assertThat(only("a.B/C").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(only("a.B/C").getStatus().getDescription()).isEqualTo("device_failed");
  }

  @Test
  void startCall_followsACallerThatDoesNotSample() {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    Span span = tracing.startCall("a.B/C", headers, START);
    tracing.end(span, record(null, Result.OK));
    assertThat(Tracing.traceId(span)).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    assertThat(exporter.getFinishedSpanItems()).isEmpty();
  }

  @Test
  void off_makesNothing() {
    Tracing off = Tracing.off();
    Span span = off.startCall("a.B/C", new Metadata(), START);
    assertThat(off.enabled()).isFalse();
    assertThat(span).isSameAs(Span.getInvalid());
    assertThat(off.startPicture(span, START)).isSameAs(Span.getInvalid());
    assertThat(Tracing.traceId(span)).isNull();
  }
}
