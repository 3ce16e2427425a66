package io.madit.server.image;

/**
 * Separable resampling with a triangle filter that widens when shrinking, so that nothing aliases.
 */
final class Resampler {
  private Resampler() {}

  /**
   * Scales the part of a picture that begins at (left, top) to {@code width x height}; parts are in
   * source pixels.
   */
  static RgbPicture resize(
      RgbPicture picture,
      double left,
      double top,
      double partWidth,
      double partHeight,
      int width,
      int height) {
    Axis horizontal = Axis.of(left, partWidth, picture.width(), width);
    Axis vertical = Axis.of(top, partHeight, picture.height(), height);
    float[] narrow = horizontally(picture, horizontal);
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0; y < height; y++) {
      for (int i = 0; i < 3 * width; i++) {
        double sum = 0;
        for (int k = 0; k < vertical.weights[y].length; k++) {
          sum += vertical.weights[y][k] * narrow[(vertical.first[y] + k) * 3 * width + i];
        }
        rgb[y * 3 * width + i] = (byte) Math.max(0, Math.min(255, Math.round(sum)));
      }
    }
    return new RgbPicture(width, height, rgb);
  }

  /** float32 {@code [source height][3 * width]}. */
  private static float[] horizontally(RgbPicture picture, Axis axis) {
    int width = axis.first.length;
    float[] narrow = new float[3 * width * picture.height()];
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          for (int k = 0; k < axis.weights[x].length; k++) {
            int from = 3 * (y * picture.width() + axis.first[x] + k) + c;
            sum += axis.weights[x][k] * (picture.rgb()[from] & 0xFF);
          }
          narrow[3 * (y * width + x) + c] = (float) sum;
        }
      }
    }
    return narrow;
  }

  /** For each target pixel: the first source pixel and the weights from there on, sum 1. */
  private static final class Axis {
    final int[] first;
    final double[][] weights;

    private Axis(int size) {
      first = new int[size];
      weights = new double[size][];
    }

    static Axis of(double begin, double length, int source, int target) {
      Axis axis = new Axis(target);
      double scale = length / target;
      double support = Math.max(1, scale);
      for (int i = 0; i < target; i++) {
        double centre = begin + (i + 0.5) * scale;
        int low = Math.max(0, (int) Math.floor(centre - support));
        int high = Math.min(source, (int) Math.ceil(centre + support));
        axis.first[i] = low;
        axis.weights[i] = triangle(centre, support, low, high);
      }
      return axis;
    }

    private static double[] triangle(double centre, double support, int low, int high) {
      double[] weights = new double[high - low];
      double sum = 0;
      for (int k = 0; k < weights.length; k++) {
        weights[k] = Math.max(0, 1 - Math.abs((low + k + 0.5 - centre) / support));
        sum += weights[k];
      }
      for (int k = 0; k < weights.length; k++) {
        weights[k] /= sum;
      }
      return weights;
    }
  }
}
