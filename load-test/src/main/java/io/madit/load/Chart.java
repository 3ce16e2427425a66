package io.madit.load;

import java.util.List;

/**
 * One plot of a report.
 *
 * @param unit of the values
 */
record Chart(String title, String unit, Axis axis, List<Line> lines) {
  /** What the horizontal axis shows. */
  enum Axis {
    /** After the begin of the series. */
    SECONDS,
    /** Share of the answers that were at least so fast, 0 to 1; the last ones are stretched. */
    SHARE
  }

  /**
   * One line.
   *
   * @param x on the axis, growing
   * @param y values; NaN where there is none
   */
  record Line(String name, double[] x, double[] y) {}
}
