package io.madit.server.config;

/**
 * Bounds on work.
 *
 * @param maxPictures in the server at all: awaiting tokens, queued, running, being encoded
 * @param maxPicturesPerStream in flight on one stream
 * @param maxPackedRows decoder rows of one packed round
 * @param maxPicturePixels of an uploaded picture, by its header
 */
public record LimitsConfig(
    int maxPictures, int maxPicturesPerStream, int maxPackedRows, long maxPicturePixels) {
  public LimitsConfig {
    Ranges.require("--max-pictures", maxPictures, 1, 100_000);
    Ranges.require("--max-pictures-per-stream", maxPicturesPerStream, 1, 10_000);
    Ranges.require("--max-packed-rows", maxPackedRows, 1, 10_000_000);
    Ranges.require("--max-picture-pixels", maxPicturePixels, 1024, 1L << 30);
  }
}
