package io.madit.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** gRPC's service config: round robin over all addresses, and retries of unary calls. */
final class ServiceConfig {
  private static final String SERVICE = "madit.v1.VisualTokenService";

  // Not the stream: replaying its ids is PictureStream's work.
  private static final List<String> UNARY =
      List.of("Detokenize", "Tokenize", "Generate", "CompleteTokens", "ListModels", "GetModel");

  // UNKNOWN is no answer of the server: gRPC reports so a connection that closes while a call
  // begins.
  private static final List<String> PASSING =
      List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED", "UNKNOWN");

  private ServiceConfig() {}

  /** Obeys the server's pushback, and stops retrying while most calls fail. */
  static Map<String, Object> of(RetryPolicy retry) {
    Map<String, Object> policy =
        Map.of(
            "maxAttempts",
            (double) retry.attempts(),
            "initialBackoff",
            seconds(retry.firstBackoff()),
            "maxBackoff",
            seconds(retry.longestBackoff()),
            "backoffMultiplier",
            2.0,
            "retryableStatusCodes",
            PASSING);
    return Map.of(
        "loadBalancingConfig", List.of(Map.of("round_robin", Map.of())),
        "methodConfig", List.of(Map.of("name", methods().toList(), "retryPolicy", policy)),
        "retryThrottling", Map.of("maxTokens", 100.0, "tokenRatio", 0.5));
  }

  private static Stream<Map<String, Object>> methods() {
    return UNARY.stream().map(method -> Map.of("service", SERVICE, "method", method));
  }

  private static String seconds(Duration duration) {
    return "%d.%09ds".formatted(duration.toSeconds(), duration.toNanosPart());
  }
}
