package io.madit.load;

import io.madit.load.Chart.Axis;
import io.madit.load.Chart.Line;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A chart as SVG. Colours are classes c0, c1 and so on; the page defines them. */
final class Plot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 240;
  private static final int LEFT = 64;
  private static final int RIGHT = 28;
  private static final int TOP = 10;
  private static final int BOTTOM = 40;

  private final Chart chart;
  private final XAxis x;
  private final Ticks y;
  private final StringBuilder svg = new StringBuilder();

  private Plot(Chart chart) {
    this.chart = chart;
    this.x = XAxis.of(chart);
    this.y = Ticks.upTo(largest(chart.lines().stream().map(Line::y).toList()));
  }

  static String svg(Chart chart) {
    Plot plot = new Plot(chart);
    plot.add("<svg viewBox='0 0 %d %d' role='img'>", WIDTH, HEIGHT);
    plot.add("<title>%s</title>", Html.escape(chart.title()));
    plot.drawAxes();
    for (int i = 0; i < chart.lines().size(); i++) {
      plot.drawLine(chart.lines().get(i), i);
    }
    plot.add("</svg>");
    return plot.svg.toString();
  }

  static double largest(List<double[]> values) {
    return values.stream().flatMapToDouble(Arrays::stream).filter(Double::isFinite).max().orElse(0);
  }

  private void drawAxes() {
    String[] labels = y.labels();
    for (int i = 0; i < labels.length; i++) {
      double height = atY(i * y.step());
      add("<path class='grid' d='M%d %.1fH%d'/>", LEFT, height, WIDTH - RIGHT);
      add("<text class='end' x='%d' y='%.1f'>%s</text>", LEFT - 6, height + 4, labels[i]);
    }
    for (XAxis.Mark mark : x.marks()) {
      double place = atX(mark.place());
      add("<path class='grid' d='M%.1f %dV%d'/>", place, TOP, HEIGHT - BOTTOM);
      add(
          "<text class='middle' x='%.1f' y='%d'>%s</text>",
          place, HEIGHT - BOTTOM + 16, mark.label());
    }
    add(
        "<text class='middle' x='%d' y='%d'>%s</text>",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x.name());
    add(
        "<text class='middle' transform='translate(14 %d) rotate(-90)'>%s</text>",
        (TOP + HEIGHT - BOTTOM) / 2, Html.escape(chart.unit()));
  }

  /** Gaps where a value is missing; a dot where it has no neighbour. */
  private void drawLine(Line line, int colour) {
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (int i = 0; i < line.y().length; i++) {
      double place = x.place(line.x()[i]);
      boolean there = Double.isFinite(line.y()[i]) && place >= 0 && place <= 1;
      if (there) {
        path.append(
            String.format(
                Locale.ROOT, "%s%.1f %.1f", drawing ? "L" : "M", atX(place), atY(line.y()[i])));
        path.append(drawing ? "" : "h0");
      }
      drawing = there;
    }
    add("<path class='line c%d' d='%s'/>", colour, path);
  }

  private double atX(double place) {
    return LEFT + place * (WIDTH - RIGHT - LEFT);
  }

  private double atY(double value) {
    return HEIGHT - BOTTOM - value / y.end() * (HEIGHT - BOTTOM - TOP);
  }

  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  /** Whether a chart has anything to show. */
  static boolean hasValues(Chart chart) {
    return chart.lines().stream()
        .flatMapToDouble(line -> Arrays.stream(line.y()))
        .anyMatch(Double::isFinite);
  }

  /** The horizontal axis. */
  private record XAxis(Axis axis, double end, List<Mark> marks, String name) {
    /** Where 0 to 1 is the width of the plot. */
    record Mark(double place, String label) {}

    /** Shares up to 0.9999 are shown. */
    private static final double NINES = 4;

    static XAxis of(Chart chart) {
      if (chart.axis() == Axis.SHARE) {
        List<Mark> marks =
            List.of(
                new Mark(0, "0"),
                new Mark(Math.log10(2) / NINES, "50 %"),
                new Mark(1 / NINES, "90 %"),
                new Mark(2 / NINES, "99 %"),
                new Mark(3 / NINES, "99.9 %"),
                new Mark(1, "99.99 %"));
        return new XAxis(chart.axis(), 0, marks, "share of answers that were at least so fast");
      }
      Ticks ticks = Ticks.upTo(largest(chart.lines().stream().map(Line::x).toList()));
      String[] labels = ticks.labels();
      List<Mark> marks =
          IntStream.range(0, labels.length)
              .mapToObj(i -> new Mark((double) i / ticks.count(), labels[i]))
              .toList();
      return new XAxis(chart.axis(), ticks.end(), marks, "seconds");
    }

    double place(double value) {
      return axis == Axis.SHARE ? -Math.log10(1 - value) / NINES : value / end;
    }
  }
}
