package io.madit.server.config;

import java.time.Duration;

/**
 * Ports and connections.
 *
 * @param port of gRPC; 0 takes a free one
 * @param httpPort of health and metrics; 0 takes a free one
 * @param maxMessageBytes of one incoming message
 * @param maxConnectionAge after which clients reconnect, so that L4 balancers spread them
 */
public record NetworkConfig(
    String host, int port, int httpPort, int maxMessageBytes, Duration maxConnectionAge) {
  public NetworkConfig {
    Ranges.require("--port", port, 0, 65535);
    Ranges.require("--http-port", httpPort, 0, 65535);
    Ranges.require("--max-message-bytes", maxMessageBytes, 1 << 16, 1 << 28);
    Ranges.require("--max-connection-age-seconds", maxConnectionAge.toSeconds(), 1, 86_400);
  }
}
