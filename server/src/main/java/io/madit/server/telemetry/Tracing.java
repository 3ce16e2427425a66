package io.madit.server.telemetry;

import io.grpc.Metadata;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Traces: a span per call, below it one per picture of a stream, below these one per phase. Off, it
 * does nothing.
 */
final class Tracing implements AutoCloseable {
  private static final String SCOPE = "io.madit.server";
  private static final long LAST_SPANS_SECONDS = 5;

  /** What OTEL_* variables override. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "otel.service.name", "madit-serving",
          "otel.metrics.exporter", "none",
          "otel.logs.exporter", "none");

  private static final TextMapGetter<Metadata> HEADERS =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Metadata headers) {
          return headers.keys();
        }

        @Override
        public String get(Metadata headers, String key) {
          return headers.get(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));
        }
      };

  private final Optional<OpenTelemetry> api;
  private final Tracer tracer;

  private Tracing(Optional<OpenTelemetry> api) {
    this.api = api;
    this.tracer = api.orElseGet(OpenTelemetry::noop).getTracer(SCOPE);
  }

  static Tracing off() {
    return new Tracing(Optional.empty());
  }

  static Tracing of(OpenTelemetry api) {
    return new Tracing(Optional.of(api));
  }

  /**
   * To where the standard variables {@code OTEL_*} say; OTLP over gRPC if they say nothing.
   *
   * @throws IllegalStateException when a variable cannot be used
   */
  static Tracing start(String version) {
    try {
      return of(
          AutoConfiguredOpenTelemetrySdk.builder()
              .addPropertiesSupplier(() -> DEFAULTS)
              .addResourceCustomizer(
                  (resource, config) ->
                      resource.toBuilder().put("service.version", version).build())
              .disableShutdownHook()
              .build()
              .getOpenTelemetrySdk());
    } catch (ConfigurationException e) {
      throw new IllegalStateException("tracing cannot start: " + e.getMessage(), e);
    }
  }

  boolean enabled() {
    return api.isPresent();
  }

  /** A server span, under the client's if the headers name one. */
  Span startCall(String method, Metadata headers, Instant start) {
    if (api.isEmpty()) {
      return Span.getInvalid();
    }
    Context parent =
        api.get().getPropagators().getTextMapPropagator().extract(Context.root(), headers, HEADERS);
    int slash = method.lastIndexOf('/');
    return tracer
        .spanBuilder(method)
        .setParent(parent)
        .setSpanKind(SpanKind.SERVER)
        .setStartTimestamp(start)
        .setAttribute("rpc.system", "grpc")
        .setAttribute("rpc.service", method.substring(0, Math.max(0, slash)))
        .setAttribute("rpc.method", method.substring(slash + 1))
        .startSpan();
  }

  Span startPicture(Span call, Instant start) {
    return call.isRecording()
        ? tracer
            .spanBuilder("picture")
            .setParent(Context.root().with(call))
            .setStartTimestamp(start)
            .startSpan()
        : Span.getInvalid();
  }

  /** Runs something that may leave the span behind as an exemplar. */
  static void within(Span span, Runnable action) {
    if (!span.getSpanContext().isValid()) {
      action.run();
      return;
    }
    Context.root().with(span).wrap(action).run();
  }

  /** Null when there is no trace. */
  static String traceId(Span span) {
    return span.getSpanContext().isValid() ? span.getSpanContext().getTraceId() : null;
  }

  void end(Span span, RequestRecord record) {
    if (!span.isRecording()) {
      return;
    }
    SpanFacts.add(span, tracer, record);
    span.end(record.origin().start().plusNanos(record.durationNanos()));
  }

  /** Sends what is left, for a few seconds at most. */
  @Override
  public void close() {
    api.ifPresent(
        sdk -> {
          if (sdk instanceof OpenTelemetrySdk started) {
            started.shutdown().join(LAST_SPANS_SECONDS, TimeUnit.SECONDS);
          }
        });
  }
}
