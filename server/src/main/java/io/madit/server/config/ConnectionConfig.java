package io.madit.server.config;

import java.time.Duration;

/**
 * Bounds on one gRPC connection.
 *
 * @param maxMetadataBytes of the headers of one call
 * @param maxConcurrentStreams calls at the same time
 * @param keepAlive pause after which the server pings a silent client
 * @param keepAliveTimeout time for the answer to that ping; without one the connection ends
 * @param permitKeepAlive shortest pause between a client's own pings; faster ones end the
 *     connection
 * @param maxIdle without a call
 * @param maxAge after which clients reconnect, so that L4 balancers spread them
 * @param maxAgeGrace time for calls that are running at that age
 */
public record ConnectionConfig(
    int maxMetadataBytes,
    int maxConcurrentStreams,
    Duration keepAlive,
    Duration keepAliveTimeout,
    Duration permitKeepAlive,
    Duration maxIdle,
    Duration maxAge,
    Duration maxAgeGrace) {
  private static final int DAY = 86_400;

  public static final ConnectionConfig DEFAULT =
      new ConnectionConfig(
          8192,
          256,
          Duration.ofMinutes(1),
          Duration.ofSeconds(20),
          Duration.ofSeconds(10),
          Duration.ofMinutes(15),
          Duration.ofMinutes(30),
          Duration.ofSeconds(90));

  public ConnectionConfig {
    Ranges.require("--max-metadata-bytes", maxMetadataBytes, 1024, 1 << 20);
    Ranges.require("--max-concurrent-streams", maxConcurrentStreams, 1, 100_000);
    Ranges.require("--keep-alive-seconds", keepAlive.toSeconds(), 1, DAY);
    Ranges.require("--keep-alive-timeout-seconds", keepAliveTimeout.toSeconds(), 1, DAY);
    Ranges.require("--permit-keep-alive-seconds", permitKeepAlive.toSeconds(), 0, DAY);
    Ranges.require("--max-connection-idle-seconds", maxIdle.toSeconds(), 1, DAY);
    Ranges.require("--max-connection-age-seconds", maxAge.toSeconds(), 1, DAY);
    Ranges.require("--max-connection-age-grace-seconds", maxAgeGrace.toSeconds(), 1, 2 * DAY);
  }
}
