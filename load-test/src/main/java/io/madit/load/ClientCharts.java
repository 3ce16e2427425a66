package io.madit.load;

import io.madit.load.Chart.Axis;
import io.madit.load.Chart.Line;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/** A series of outcomes over time and by percentile. */
final class ClientCharts {
  private static final long SECOND = 1_000_000_000;
  private static final int POINTS_PER_HALVING = 4;

  private ClientCharts() {}

  /**
   * @param from what the times of the outcomes count from, in words
   * @param begin second 0 of the plots
   */
  static List<Chart> of(List<Outcome> outcomes, String from, long begin, long deadlineNanos) {
    return List.of(
        results(outcomes, from, begin, deadlineNanos),
        latency(outcomes, from, begin),
        curve(outcomes, from));
  }

  private static Chart results(
      List<Outcome> outcomes, String from, long begin, long deadlineNanos) {
    Predicate<Outcome> inTime = o -> o.ok() && o.latencyNanos() <= deadlineNanos;
    List<Line> lines = new ArrayList<>();
    List<List<Outcome>> seconds = bySecond(outcomes, begin);
    lines.add(line("good", seconds, count(inTime)));
    lines.add(line("late", seconds, count(inTime.negate().and(Outcome::ok))));
    lines.add(line("refused", seconds, count(Outcome::refused)));
    lines.add(line("failed", seconds, count(o -> !o.ok() && !o.refused())));
    return new Chart("Results, by the second of the " + from, "requests/s", Axis.SECONDS, lines);
  }

  private static Chart latency(List<Outcome> outcomes, String from, long begin) {
    List<List<Outcome>> seconds =
        bySecond(outcomes, begin).stream()
            .map(second -> second.stream().filter(Outcome::ok).toList())
            .toList();
    List<Line> lines =
        List.of(
            line("p50", seconds, percentile(50)),
            line("p99", seconds, percentile(99)),
            line("max", seconds, percentile(100)));
    return new Chart(
        "Latency of answers from the " + from + ", by its second", "ms", Axis.SECONDS, lines);
  }

  private static Chart curve(List<Outcome> outcomes, String from) {
    Histogram histogram = histogram(outcomes.stream().filter(Outcome::ok).toList());
    List<double[]> points = new ArrayList<>();
    for (HistogramIterationValue value : histogram.percentiles(POINTS_PER_HALVING)) {
      if (value.getPercentileLevelIteratedTo() < 100) {
        points.add(
            new double[] {
              value.getPercentileLevelIteratedTo() / 100, value.getValueIteratedTo() * 1e-6
            });
      }
    }
    double[] x = points.stream().mapToDouble(point -> point[0]).toArray();
    double[] y = points.stream().mapToDouble(point -> point[1]).toArray();
    return new Chart(
        "Latency of answers from the " + from + ", by percentile",
        "ms",
        Axis.SHARE,
        List.of(new Line("latency", x, y)));
  }

  /** Element n holds what was meant to start in second n. */
  private static List<List<Outcome>> bySecond(List<Outcome> outcomes, long begin) {
    TreeMap<Long, List<Outcome>> bySecond =
        outcomes.stream()
            .collect(
                Collectors.groupingBy(
                    o -> Math.max(0, o.intended() - begin) / SECOND,
                    TreeMap::new,
                    Collectors.toList()));
    return IntStream.rangeClosed(0, Math.toIntExact(bySecond.lastKey()))
        .mapToObj(second -> bySecond.getOrDefault((long) second, List.of()))
        .toList();
  }

  private static Line line(
      String name, List<List<Outcome>> seconds, ToDoubleFunction<List<Outcome>> value) {
    return new Line(
        name,
        IntStream.range(0, seconds.size()).asDoubleStream().toArray(),
        seconds.stream().mapToDouble(value).toArray());
  }

  private static ToDoubleFunction<List<Outcome>> count(Predicate<Outcome> which) {
    return second -> second.stream().filter(which).count();
  }

  private static ToDoubleFunction<List<Outcome>> percentile(double percentile) {
    return second ->
        second.isEmpty() ? Double.NaN : histogram(second).getValueAtPercentile(percentile) * 1e-6;
  }

  private static Histogram histogram(List<Outcome> outcomes) {
    return Tally.histogram(outcomes.stream().mapToLong(Outcome::latencyNanos));
  }
}
