package io.madit.server.telemetry;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.madit.server.telemetry.RequestRecord.Origin;
import io.madit.server.telemetry.RequestRecord.Result;
import io.madit.server.telemetry.RequestRecord.Sampling;
import io.madit.server.telemetry.RequestRecord.Subject;
import io.madit.server.telemetry.RequestRecord.Work;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The JSON of an access line; what is not known is absent.
 *
 * @param time of the end, UTC, with milliseconds
 * @param seed as text: JSON readers round integers beyond 2^53
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"time", "method", "client"})
record AccessLine(
    @JsonProperty("time") String time,
    @JsonProperty("method") String method,
    @JsonProperty("client") String client,
    @JsonProperty("request_id") String requestId,
    @JsonProperty("client_request_id") String clientRequestId,
    @JsonProperty("image_id") String imageId,
    @JsonProperty("model") String model,
    @JsonProperty("outcome") String outcome,
    @JsonProperty("code") String code,
    @JsonProperty("reason") String reason,
    @JsonProperty("seed") String seed,
    @JsonProperty("reveal_order") String revealOrder,
    @JsonProperty("rounds") Integer rounds,
    @JsonProperty("timings_ms") Map<String, Double> timingsMs,
    @JsonProperty("duration_ms") double durationMs,
    @JsonProperty("bytes_in") long bytesIn,
    @JsonProperty("bytes_out") long bytesOut,
    @JsonProperty("trace_id") String traceId) {
  private static final DateTimeFormatter MILLISECONDS =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  static AccessLine of(RequestRecord record, String traceId) {
    Origin origin = record.origin();
    Subject subject = record.subject();
    Result result = record.result();
    return new AccessLine(
        MILLISECONDS.format(origin.start().plusNanos(record.durationNanos())),
        origin.method(),
        origin.client(),
        subject.requestId(),
        subject.clientRequestId(),
        origin.imageId(),
        subject.model(),
        result.outcome(),
        result.code(),
        result.reason(),
        record.sampling().map(s -> Long.toUnsignedString(s.seed())).orElse(null),
        record.sampling().map(Sampling::revealOrder).orElse(null),
        record.work().map(Work::rounds).orElse(null),
        record.work().map(AccessLine::timings).orElse(null),
        millis(record.durationNanos()),
        record.bytesIn(),
        record.bytesOut(),
        traceId);
  }

  private static Map<String, Double> timings(Work work) {
    Map<String, Double> timings = new LinkedHashMap<>();
    work.phaseNanos().forEach((phase, nanos) -> timings.put(phase.label(), millis(nanos)));
    return timings;
  }

  /** To a microsecond. */
  private static double millis(long nanos) {
    return Math.round(nanos / 1e3) / 1e3;
  }
}
