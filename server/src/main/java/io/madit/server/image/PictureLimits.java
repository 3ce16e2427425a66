package io.madit.server.image;

/**
 * Largest picture files that are read.
 *
 * @param maxBytes of the file
 * @param maxPixels width times height, told by the file's header before anything is decompressed
 */
public record PictureLimits(int maxBytes, long maxPixels) {
  public static final PictureLimits DEFAULT = new PictureLimits(16 << 20, 4096L * 4096);
}
