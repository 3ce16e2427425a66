package io.madit.server.config;

import java.time.Duration;

/**
 * All settings.
 *
 * @param drain how long admitted pictures may take after a shutdown has begun
 */
public record ServerConfig(
    NetworkConfig network,
    ModelConfig model,
    LimitsConfig limits,
    SchedulingConfig scheduling,
    ObservabilityConfig observability,
    Duration drain) {
  public ServerConfig {
    Ranges.require("--drain-seconds", drain.toSeconds(), 0, 86_400);
  }
}
