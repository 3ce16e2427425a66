package io.madit.server.telemetry;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * One request at its end: what its span and its line of the access log say.
 *
 * @param sampling of a picture that passed validation
 * @param work what the engine did; empty unless there was a result
 * @param durationNanos from the arrival of the call, or a picture's begin, to the end
 * @param bytesIn of messages, uncompressed; {@code bytesOut} likewise
 */
record RequestRecord(
    Origin origin,
    Subject subject,
    Optional<Sampling> sampling,
    Optional<Work> work,
    Result result,
    long durationNanos,
    long bytesIn,
    long bytesOut) {
  /**
   * Where a request comes from.
   *
   * @param method {@code package.Service/Method}
   * @param client address of the peer, or the name its credentials have; null if unknown
   * @param imageId the stream's name of a picture; null for a whole call
   */
  record Origin(Instant start, String method, String client, String imageId) {}

  /**
   * What it is about; each is null while it is not known.
   *
   * @param model NAME@VERSION
   */
  record Subject(String requestId, String clientRequestId, String model) {}

  /**
   * What decides which picture it becomes.
   *
   * @param seed unsigned
   */
  record Sampling(long seed, String revealOrder) {}

  /**
   * What was done.
   *
   * @param rounds run; null for work that has none
   * @param endNanos when the last phase ended, since the start of the request
   */
  record Work(Integer rounds, Map<Phase, Long> phaseNanos, long endNanos) {}

  /**
   * How it ended.
   *
   * @param outcome {@code ok} or the error in lower case, as the metric {@code madit.requests} has
   *     it
   * @param code name of a gRPC code
   * @param reason of the wire's {@code ErrorInfo}; null when there is none
   */
  record Result(String outcome, String code, String reason) {
    static final Result OK = new Result("ok", "OK", null);
  }
}
