package io.madit.server.telemetry;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.opentelemetry.api.trace.Span;
import java.time.Instant;
import java.util.Set;

/** Meters, access log and traces of one server. */
public final class Telemetry implements AutoCloseable {
  /** Health checks and the like: neither logged nor traced. */
  private static final Set<String> INFRASTRUCTURE =
      Set.of(
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
          "grpc.channelz.v1.Channelz",
          "xds.service.orca.v3.OpenRcaService");

  private static final Set<String> REFUSALS = Set.of("UNAUTHENTICATED", "PERMISSION_DENIED");

  private final ServerMetrics metrics;
  private final CallMeters callMeters;
  private final AccessLog accessLog;
  private final Tracing tracing;

  Telemetry(Tracing tracing, boolean accessLog) {
    this.tracing = tracing;
    this.metrics = new ServerMetrics(tracing.enabled());
    this.callMeters = new CallMeters(metrics.registry());
    this.accessLog = accessLog ? AccessLog.start() : AccessLog.off();
    metrics.count(
        "madit.access.log.dropped",
        "Lines dropped because the log's reader is slow",
        this.accessLog::dropped);
  }

  /**
   * Starts what is asked for; meters always are.
   *
   * @param tracing to a collector, as the environment variables {@code OTEL_*} say
   * @param accessLog one line per request
   * @param version of the server
   */
  public static Telemetry start(boolean tracing, boolean accessLog, String version) {
    return new Telemetry(tracing ? Tracing.start(version) : Tracing.off(), accessLog);
  }

  public ServerMetrics metrics() {
    return metrics;
  }

  /** Watches every call; see {@link RequestObservation#ofCall}. */
  public ServerStreamTracer.Factory callTracers() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        Instant now = Instant.now();
        Span span =
            INFRASTRUCTURE.contains(service(method))
                ? Span.getInvalid()
                : tracing.startCall(method, headers, now);
        return new CallTracer(
            new RequestObservation(Telemetry.this, span, new Origin(now, method, null, null)),
            callMeters);
      }
    };
  }

  Tracing tracing() {
    return tracing;
  }

  boolean worthALine(String method, String code) {
    return !INFRASTRUCTURE.contains(service(method)) || REFUSALS.contains(code);
  }

  void finish(Span span, RequestRecord record, boolean log) {
    if (log) {
      accessLog.write(record, Tracing.traceId(span));
    }
    tracing.end(span, record);
  }

  private static String service(String method) {
    int slash = method.lastIndexOf('/');
    return slash < 0 ? method : method.substring(0, slash);
  }

  /** Writes and sends what is left, for a few seconds at most. */
  @Override
  public void close() {
    accessLog.close();
    tracing.close();
    metrics.close();
  }
}
