package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;

/** Compares pictures by what is seen. */
final class Pixels {
  private Pixels() {}

  /** Peak signal-to-noise ratio of the RGB values, in dB; infinite for equal pictures. */
  static double psnr(BufferedImage picture, BufferedImage original) {
    int[] one = rgb(picture);
    int[] two = rgb(original);
    assertThat(one).hasSameSizeAs(two);
    double squares = 0;
    for (int i = 0; i < one.length; i++) {
      for (int shift = 0; shift <= 16; shift += 8) {
        int difference = (one[i] >> shift & 255) - (two[i] >> shift & 255);
        squares += difference * difference;
      }
    }
    return 10 * Math.log10(255.0 * 255.0 * 3 * one.length / squares);
  }

  /** All pixels by row, each 0xAARRGGBB. */
  static int[] rgb(BufferedImage picture) {
    return picture.getRGB(
        0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
  }
}
