package io.madit.server.config;

import java.time.Duration;

/**
 * Bounds on work.
 *
 * @param maxPictures in the server at all: awaiting tokens, queued, running, on their way out
 * @param maxPicturesPerClient of these, by one client
 * @param maxPicturesPerStream in flight on one stream
 * @param maxBacklog of device work
 * @param maxStateBytes of device state of all pictures
 * @param maxPackedRows decoder rows of one packed round
 * @param maxPicturePixels of an uploaded picture, by its header
 * @param tokensTimeout a begun picture whose ids stop coming is given up after this
 */
public record LimitsConfig(
    int maxPictures,
    int maxPicturesPerClient,
    int maxPicturesPerStream,
    Duration maxBacklog,
    long maxStateBytes,
    int maxPackedRows,
    long maxPicturePixels,
    Duration tokensTimeout) {
  public LimitsConfig {
    Ranges.require("--max-pictures", maxPictures, 1, 100_000);
    Ranges.require("--max-pictures-per-client", maxPicturesPerClient, 1, 100_000);
    Ranges.require("--max-pictures-per-stream", maxPicturesPerStream, 1, 10_000);
    Ranges.require("--max-backlog-seconds", maxBacklog.toSeconds(), 1, 86_400);
    Ranges.require("--max-state-bytes", maxStateBytes, 1 << 20, 1L << 42);
    Ranges.require("--max-packed-rows", maxPackedRows, 1, 10_000_000);
    Ranges.require("--max-picture-pixels", maxPicturePixels, 1024, 1L << 30);
    Ranges.require("--tokens-timeout-ms", tokensTimeout.toMillis(), 1, 86_400_000);
  }
}
