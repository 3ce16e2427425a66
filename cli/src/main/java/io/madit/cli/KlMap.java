package io.madit.cli;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * The codeword KL of a picture's tokens as a heat map: dark is low (revealed first), bright is
 * high.
 */
final class KlMap {
  /** Anchors of the viridis colour map, evenly spaced. */
  private static final int[][] COLOURS = {
    {68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}
  };

  private KlMap() {}

  /**
   * One pixel per token, scaled to the range of this picture.
   *
   * @param kl nats, in raster order, {@code rows * columns} of them
   */
  static BufferedImage draw(List<Float> kl, int rows, int columns) {
    if (kl.size() != rows * columns) {
      throw new IllegalArgumentException(
          "%d values for a %dx%d grid".formatted(kl.size(), rows, columns));
    }
    double low = kl.stream().mapToDouble(Float::doubleValue).min().orElse(0);
    double high = kl.stream().mapToDouble(Float::doubleValue).max().orElse(0);
    double range = Math.max(high - low, Float.MIN_NORMAL);
    BufferedImage map = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < kl.size(); i++) {
      map.setRGB(i % columns, i / columns, colour((kl.get(i) - low) / range));
    }
    return map;
  }

  /** Colour of a share of the range, 0 to 1, as 0xRRGGBB. */
  static int colour(double share) {
    double place = share * (COLOURS.length - 1);
    int below = Math.min((int) place, COLOURS.length - 2);
    int rgb = 0;
    for (int channel = 0; channel < 3; channel++) {
      int from = COLOURS[below][channel];
      int to = COLOURS[below + 1][channel];
      rgb = rgb << 8 | (int) Math.round(from + (to - from) * (place - below));
    }
    return rgb;
  }
}
