package io.madit.cli;

import java.awt.image.BufferedImage;
import java.util.Locale;

/** Peak signal-to-noise ratio of 8-bit RGB pictures. */
final class Psnr {
  private Psnr() {}

  /**
   * {@code 10 log10(255^2 / mse)} over all pixels and channels, in dB; infinite for equal pictures.
   */
  static double decibels(BufferedImage a, BufferedImage b) {
    if (a.getWidth() != b.getWidth() || a.getHeight() != b.getHeight()) {
      throw new IllegalArgumentException(
          "sizes differ: %dx%d and %dx%d"
              .formatted(a.getWidth(), a.getHeight(), b.getWidth(), b.getHeight()));
    }
    long squares = 0;
    for (int y = 0; y < a.getHeight(); y++) {
      for (int x = 0; x < a.getWidth(); x++) {
        squares += squaredDistance(a.getRGB(x, y), b.getRGB(x, y));
      }
    }
    double mse = squares / (3.0 * a.getWidth() * a.getHeight());
    return 10 * Math.log10(255.0 * 255.0 / mse);
  }

  /** For people: one decimal. */
  static String format(double decibels) {
    return Double.isInfinite(decibels)
        ? "PSNR inf dB"
        : String.format(Locale.ROOT, "PSNR %.1f dB", decibels);
  }

  private static int squaredDistance(int a, int b) {
    int sum = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int difference = (a >> shift & 0xFF) - (b >> shift & 0xFF);
      sum += difference * difference;
    }
    return sum;
  }
}
