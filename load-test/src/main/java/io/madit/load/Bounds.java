package io.madit.load;

/** Checks of options. */
final class Bounds {
  private Bounds() {}

  /**
   * @throws IllegalArgumentException naming option, bound and value
   */
  static void positive(String option, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(option + " must be > 0, is " + value);
    }
  }
}
