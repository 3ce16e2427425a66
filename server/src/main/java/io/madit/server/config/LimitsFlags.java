package io.madit.server.config;

import java.time.Duration;
import picocli.CommandLine.Option;

/** Flags of {@link LimitsConfig}. */
final class LimitsFlags {
  @Option(
      names = "--max-pictures",
      defaultValue = "256",
      description = "pictures in the server at all; more are refused")
  private int maxPictures;

  @Option(
      names = "--max-pictures-per-client",
      description = "of these, by one client; default: all")
  private Integer maxPicturesPerClient;

  @Option(
      names = "--max-pictures-per-stream",
      defaultValue = "32",
      description = "pictures in flight on one stream")
  private int maxPicturesPerStream;

  @Option(
      names = "--max-backlog-seconds",
      defaultValue = "120",
      description = "device work that may wait; more is refused")
  private long maxBacklogSeconds;

  @Option(
      names = "--max-state-bytes",
      defaultValue = "2147483648",
      description = "device state of all pictures; more is refused")
  private long maxStateBytes;

  @Option(
      names = "--max-packed-rows",
      defaultValue = "4096",
      description = "most decoder rows of one packed round, whatever width is useful")
  private int maxPackedRows;

  @Option(
      names = "--max-picture-pixels",
      defaultValue = "16777216",
      description = "pixels of an uploaded picture")
  private long maxPicturePixels;

  @Option(
      names = "--tokens-timeout-ms",
      defaultValue = "60000",
      description = "a begun picture is given up when no ids come for this long")
  private long tokensTimeoutMillis;

  LimitsConfig config() {
    return new LimitsConfig(
        maxPictures,
        maxPicturesPerClient == null ? maxPictures : maxPicturesPerClient,
        maxPicturesPerStream,
        Duration.ofSeconds(maxBacklogSeconds),
        maxStateBytes,
        maxPackedRows,
        maxPicturePixels,
        Duration.ofMillis(tokensTimeoutMillis));
  }
}
