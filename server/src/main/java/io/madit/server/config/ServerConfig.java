package io.madit.server.config;

import java.time.Duration;

/**
 * All settings.
 *
 * @param drain how long admitted pictures may take after a shutdown has begun
 */
public record ServerConfig(
    NetworkConfig network,
    SecurityConfig security,
    ModelConfig model,
    LimitsConfig limits,
    SchedulingConfig scheduling,
    ObservabilityConfig observability,
    Duration drain) {
  public ServerConfig {
    Ranges.require("--drain-seconds", drain.toSeconds(), 0, 86_400);
    if (security.tls().isEmpty()
        && !security.insecure()
        && !NetworkConfig.isLoopback(network.host())) {
      throw new IllegalArgumentException(
          "--host must be a loopback address without TLS, is "
              + network.host()
              + "; give --tls-certificate and --tls-key, or --insecure for plain text");
    }
  }
}
