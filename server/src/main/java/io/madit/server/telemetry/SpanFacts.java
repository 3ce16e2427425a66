package io.madit.server.telemetry;

import io.grpc.Status;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.madit.server.telemetry.RequestRecord.Result;
import io.madit.server.telemetry.RequestRecord.Subject;
import io.madit.server.telemetry.RequestRecord.Work;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** What a request's span says, and the spans of its phases. */
final class SpanFacts {
  /** Codes for which the server is to blame, by OpenTelemetry's conventions for gRPC. */
  private static final Set<Status.Code> FAULTS =
      EnumSet.of(
          Status.Code.UNKNOWN,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.UNIMPLEMENTED,
          Status.Code.INTERNAL,
          Status.Code.UNAVAILABLE,
          Status.Code.DATA_LOSS);

  private SpanFacts() {}

  static void add(Span span, Tracer tracer, RequestRecord record) {
    Origin origin = record.origin();
    Subject subject = record.subject();
    set(span, "client.address", origin.client());
    set(span, "madit.image_id", origin.imageId());
    set(span, "madit.request_id", subject.requestId());
    set(span, "madit.client_request_id", subject.clientRequestId());
    set(span, "madit.model", subject.model());
    record
        .sampling()
        .ifPresent(
            sampling -> {
              span.setAttribute("madit.seed", Long.toUnsignedString(sampling.seed()));
              span.setAttribute("madit.reveal_order", sampling.revealOrder());
            });
    record
        .work()
        .ifPresent(
            work -> {
              if (work.rounds() != null) {
                span.setAttribute("madit.rounds", work.rounds());
              }
              phases(Context.root().with(span), tracer, origin.start(), work);
            });
    result(span, record.result());
  }

  private static void result(Span span, Result result) {
    Status.Code code = Status.Code.valueOf(result.code());
    span.setAttribute("madit.outcome", result.outcome());
    span.setAttribute("rpc.grpc.status_code", code.value());
    if (FAULTS.contains(code)) {
      span.setStatus(StatusCode.ERROR, result.outcome());
    }
  }

  /**
   * Phases one after another, up to the end of the work. Their lengths are measured; the waiting
   * between rounds is drawn as if it had all been before them.
   */
  private static void phases(Context request, Tracer tracer, Instant start, Work work) {
    long all = work.phaseNanos().values().stream().mapToLong(Long::longValue).sum();
    Instant at = start.plusNanos(Math.max(0, work.endNanos() - all));
    for (Map.Entry<Phase, Long> phase : work.phaseNanos().entrySet()) {
      Instant end = at.plusNanos(phase.getValue());
      tracer
          .spanBuilder(phase.getKey().label())
          .setParent(request)
          .setStartTimestamp(at)
          .startSpan()
          .end(end);
      at = end;
    }
  }

  private static void set(Span span, String name, String value) {
    if (value != null) {
      span.setAttribute(name, value);
    }
  }
}
