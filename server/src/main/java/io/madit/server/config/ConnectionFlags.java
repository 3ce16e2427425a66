package io.madit.server.config;

import java.time.Duration;
import picocli.CommandLine.Option;

/** Flags of {@link ConnectionConfig}. */
final class ConnectionFlags {
  @Option(
      names = "--max-metadata-bytes",
      defaultValue = "8192",
      description = "bytes of the headers of one call")
  private int maxMetadataBytes;

  @Option(
      names = "--max-concurrent-streams",
      defaultValue = "256",
      description = "calls at the same time on one connection; more wait in the client")
  private int maxConcurrentStreams;

  @Option(
      names = "--keep-alive-seconds",
      defaultValue = "60",
      description = "pause after which the server pings a silent client")
  private long keepAliveSeconds;

  @Option(
      names = "--keep-alive-timeout-seconds",
      defaultValue = "20",
      description = "time for the answer to that ping")
  private long keepAliveTimeoutSeconds;

  @Option(
      names = "--permit-keep-alive-seconds",
      defaultValue = "10",
      description = "shortest pause between a client's own pings")
  private long permitKeepAliveSeconds;

  @Option(
      names = "--max-connection-idle-seconds",
      defaultValue = "900",
      description = "without a call, after which the connection ends")
  private long maxIdleSeconds;

  @Option(
      names = "--max-connection-age-seconds",
      defaultValue = "1800",
      description = "after which clients reconnect")
  private long maxAgeSeconds;

  @Option(
      names = "--max-connection-age-grace-seconds",
      description = "time for running calls at that age; default: --drain-seconds + 60")
  private Long maxAgeGraceSeconds;

  /** The settings of a server that drains in {@code drain}. */
  ConnectionConfig config(Duration drain) {
    return new ConnectionConfig(
        maxMetadataBytes,
        maxConcurrentStreams,
        Duration.ofSeconds(keepAliveSeconds),
        Duration.ofSeconds(keepAliveTimeoutSeconds),
        Duration.ofSeconds(permitKeepAliveSeconds),
        Duration.ofSeconds(maxIdleSeconds),
        Duration.ofSeconds(maxAgeSeconds),
        maxAgeGraceSeconds == null
            ? drain.plusSeconds(60)
            : Duration.ofSeconds(maxAgeGraceSeconds));
  }
}
