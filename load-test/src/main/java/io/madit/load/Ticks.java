package io.madit.load;

import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Marks of an axis that begins at 0: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param step between marks, {@code > 0}
 * @param count marks after 0
 */
record Ticks(double step, int count) {
  private static final int MOST = 6;

  /**
   * The fewest marks that reach {@code largest}, at most 6; an axis to 1 if that is not positive.
   */
  static Ticks upTo(double largest) {
    double reach = largest > 0 && largest < Double.POSITIVE_INFINITY ? largest : 1;
    double power = Math.pow(10, Math.floor(Math.log10(reach / MOST)));
    double step =
        DoubleStream.of(1, 2, 5, 10)
            .map(factor -> factor * power)
            .filter(candidate -> Math.ceil(reach / candidate - 1e-9) <= MOST)
            .findFirst()
            .orElseThrow();
    return new Ticks(step, (int) Math.ceil(reach / step - 1e-9));
  }

  double end() {
    return step * count;
  }

  /** Of each mark from 0 on, with as many digits as the step needs. */
  String[] labels() {
    int digits = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
    return IntStream.rangeClosed(0, count)
        .mapToObj(i -> String.format(Locale.ROOT, "%." + digits + "f", i * step))
        .toArray(String[]::new);
  }
}
