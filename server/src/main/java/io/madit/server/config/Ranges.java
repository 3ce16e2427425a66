package io.madit.server.config;

/** Checks of records in this package. */
final class Ranges {
  private Ranges() {}

  static void require(String flag, long value, long low, long high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          flag + " must be " + low + " to " + high + ", is " + value);
    }
  }
}
