package io.madit.cli;

import java.awt.image.BufferedImage;

/** Pictures made of numbers. */
final class TestPictures {
  private TestPictures() {}

  static BufferedImage filled(int width, int height, int rgb) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      picture.setRGB(i % width, i / width, rgb);
    }
    return picture;
  }

  /** Red grows to the right, green downwards. */
  static BufferedImage gradient(int width, int height) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int x = i % width;
      int y = i / width;
      picture.setRGB(x, y, ((255 * x / width) << 16) | ((255 * y / height) << 8));
    }
    return picture;
  }

  /** 0xRRGGBB. */
  static int rgb(BufferedImage picture, int x, int y) {
    return picture.getRGB(x, y) & 0xFFFFFF;
  }
}
