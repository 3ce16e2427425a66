package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.util.stream.IntStream;

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

  /**
   * Fails unless both are the same picture as the server promises it in float32: work that shares
   * its rounds may change a value by a grey level, and one in a thousand by three.
   */
  static void assertAlike(int[] one, int[] two) {
    assertThat(one).hasSameSizeAs(two);
    int[] differences =
        IntStream.range(0, 3 * one.length)
            .map(i -> Math.abs(channel(one[i / 3], i % 3) - channel(two[i / 3], i % 3)))
            .toArray();
    assertThat(IntStream.of(differences).max().orElse(0)).isLessThanOrEqualTo(3);
    assertThat(IntStream.of(differences).filter(difference -> difference > 1).count())
        .isLessThanOrEqualTo(differences.length / 1000L);
  }

  private static int channel(int pixel, int index) {
    return (pixel >> (8 * index)) & 255;
  }

  /** All pixels by row, each 0xAARRGGBB. */
  static int[] rgb(BufferedImage picture) {
    return picture.getRGB(
        0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
  }
}
