package io.madit.server.image;

/**
 * How files are written.
 *
 * @param jpegQuality 1 to 100
 * @param webpQuality 1 to 100; lossy only
 * @param pngCompression deflate level, 0 (fast) to 9 (small)
 */
public record EncodeSettings(
    int jpegQuality, int webpQuality, boolean webpLossless, int pngCompression) {
  /** What a request gets that asks for nothing else. */
  public static final EncodeSettings DEFAULT = new EncodeSettings(90, 90, false, 6);

  public EncodeSettings {
    requireWithin("jpegQuality", jpegQuality, 1, 100);
    requireWithin("webpQuality", webpQuality, 1, 100);
    requireWithin("pngCompression", pngCompression, 0, 9);
  }

  private static void requireWithin(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + " must be " + low + ".." + high + ", is " + value);
    }
  }
}
