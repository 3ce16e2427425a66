package io.madit.server.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** Between {@link BufferedImage} and {@link RgbPicture}. */
final class Pixels {
  private Pixels() {}

  static BufferedImage image(RgbPicture picture) {
    BufferedImage image =
        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
    byte[] rgb = picture.rgb();
    int[] row = new int[picture.width()];
    for (int y = 0, i = 0; y < picture.height(); y++) {
      for (int x = 0; x < row.length; x++, i += 3) {
        row[x] = (rgb[i] & 0xFF) << 16 | (rgb[i + 1] & 0xFF) << 8 | (rgb[i + 2] & 0xFF);
      }
      image.setRGB(0, y, row.length, 1, row, 0, row.length);
    }
    return image;
  }

  static RgbPicture rgb(BufferedImage image, int backgroundRgb) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[3 * width * height];
    int[] row = new int[width];
    for (int y = 0, i = 0; y < height; y++) {
      argb(image, y, row);
      for (int x = 0; x < width; x++, i += 3) {
        int alpha = row[x] >>> 24;
        rgb[i] = over(row[x] >> 16, backgroundRgb >> 16, alpha);
        rgb[i + 1] = over(row[x] >> 8, backgroundRgb >> 8, alpha);
        rgb[i + 2] = over(row[x], backgroundRgb, alpha);
      }
    }
    return new RgbPicture(width, height, rgb);
  }

  private static byte over(int colour, int background, int alpha) {
    return (byte) (((colour & 0xFF) * alpha + (background & 0xFF) * (255 - alpha) + 127) / 255);
  }

  private static void argb(BufferedImage image, int y, int[] row) {
    ColorModel colours = image.getColorModel();
    if (colours.getColorSpace().getType() != ColorSpace.TYPE_GRAY
        || colours instanceof IndexColorModel) {
      image.getRGB(0, y, row.length, 1, row, 0, row.length);
      return;
    }
    // The JDK takes grey samples for linear light and would brighten them.
    Raster raster = image.getRaster();
    for (int x = 0; x < row.length; x++) {
      int grey = sample(raster, colours, x, y, 0);
      int alpha = colours.hasAlpha() ? sample(raster, colours, x, y, 1) : 255;
      row[x] = alpha << 24 | grey << 16 | grey << 8 | grey;
    }
  }

  /** One sample scaled to 0..255. */
  private static int sample(Raster raster, ColorModel colours, int x, int y, int band) {
    int largest = (1 << colours.getComponentSize(band)) - 1;
    return (raster.getSample(x, y, band) * 255 + largest / 2) / largest;
  }
}
