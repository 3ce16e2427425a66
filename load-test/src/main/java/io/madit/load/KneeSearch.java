package io.madit.load;

import java.util.function.DoublePredicate;

/** Where a server stops to keep up. */
final class KneeSearch {
  private final DoublePredicate holds;
  private int stepsLeft;

  private KneeSearch(DoublePredicate holds, int mostSteps) {
    this.holds = holds;
    this.stepsLeft = mostSteps;
  }

  /**
   * The highest rate that holds: doubles or halves the first rate until one holds and its double
   * does not, then halves the gap.
   *
   * @param first per second, {@code > 0}
   * @param precision the search is over when the gap is at most this share of the rate
   * @param mostSteps rates to try
   * @return the highest rate that was seen to hold; 0 if none was
   */
  static double highest(double first, double precision, int mostSteps, DoublePredicate holds) {
    return new KneeSearch(holds, mostSteps).highest(first, precision);
  }

  private double highest(double first, double precision) {
    double good = 0;
    double bad = Double.POSITIVE_INFINITY;
    double rate = first;
    while (stepsLeft-- > 0 && bad - good > precision * good) {
      if (holds.test(rate)) {
        good = rate;
      } else {
        bad = rate;
      }
      rate = between(good, bad);
    }
    return good;
  }

  private static double between(double good, double bad) {
    if (good == 0) {
      return bad / 2;
    }
    return bad == Double.POSITIVE_INFINITY ? 2 * good : (good + bad) / 2;
  }
}
