package io.madit.client;

import io.madit.v1.OutputFormat;

/**
 * What a stream tells before the picture is done.
 *
 * @param progress whether there are {@link PictureEvent.Progress} events
 * @param previewEveryRounds a {@link PictureEvent.Preview} after every so many rounds; 0: none. The
 *     server drops previews under load
 * @param previewFormat PNG, JPEG, WEBP or RAW_RGB
 */
public record Updates(boolean progress, int previewEveryRounds, OutputFormat previewFormat) {
  /** Progress, no previews. */
  public static Updates progressOnly() {
    return new Updates(true, 0, OutputFormat.OUTPUT_FORMAT_JPEG);
  }

  /** Progress, and JPEG previews. */
  public static Updates previewEvery(int rounds) {
    return new Updates(true, rounds, OutputFormat.OUTPUT_FORMAT_JPEG);
  }
}
