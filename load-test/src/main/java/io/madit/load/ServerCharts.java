package io.madit.load;

import io.madit.load.Chart.Axis;
import io.madit.load.Chart.Line;
import io.madit.load.MetricsWatch.Sample;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What a server said of itself, over time. */
final class ServerCharts {
  private static final double MEBIBYTE = 1 << 20;

  private final List<Sample> samples;
  private final long begin;

  private ServerCharts(List<Sample> samples, long begin) {
    this.samples = samples;
    this.begin = begin;
  }

  /**
   * @param begin second 0 of the plots
   */
  static List<Chart> of(List<Sample> samples, long begin) {
    ServerCharts charts = new ServerCharts(samples, begin);
    return List.of(
        chart(
            "Server: pictures inside",
            "pictures",
            charts.gauge("admitted", "madit_pictures_admitted", 1),
            charts.gauge("waiting for their first round", "madit_sessions_queued", 1),
            charts.gauge("on the device", "madit_sessions_live", 1)),
        chart(
            "Server: backlog",
            "seconds of device work",
            charts.gauge("backlog", "madit_backlog_seconds", 1)),
        chart(
            "Server: mean width of rounds",
            "pictures per round",
            charts.change("width", ServerCharts::width)),
        chart(
            "Processors in use",
            "processors",
            charts.change("server", perSecond("process_cpu_time_ns_total", 1e-9)),
            charts.change("of it in rounds", perSecond("madit_engine_round_seconds_total", 1)),
            charts.change("client", ServerCharts::client)),
        chart(
            "Server: memory",
            "MiB",
            charts.gauge("resident", "process_resident_memory_bytes", 1 / MEBIBYTE),
            charts.gauge("of it used by Java", "jvm_memory_used_bytes", 1 / MEBIBYTE)));
  }

  /** Last reading of the resident memory; 0 if there is none. */
  static long residentBytes(List<Sample> samples) {
    return samples.stream()
        .mapToDouble(sample -> sample.server().value("process_resident_memory_bytes"))
        .filter(bytes -> !Double.isNaN(bytes))
        .mapToLong(bytes -> (long) bytes)
        .reduce(0, (before, last) -> last);
  }

  /** Of the processor time of client and server together; 0 if not known. */
  static double clientShare(List<Sample> samples) {
    if (samples.isEmpty()) {
      return 0;
    }
    Sample first = samples.get(0);
    Sample last = samples.get(samples.size() - 1);
    double client = last.clientProcessor().minus(first.clientProcessor()).toNanos();
    double server = difference(first, last, "process_cpu_time_ns_total");
    return client + server > 0 ? client / (client + server) : 0;
  }

  private static Chart chart(String title, String unit, Line... lines) {
    return new Chart(title, unit, Axis.SECONDS, List.of(lines));
  }

  private Line gauge(String name, String metric, double factor) {
    ToDoubleFunction<Sample> value = sample -> factor * sample.server().value(metric);
    return new Line(
        name,
        samples.stream().mapToDouble(this::seconds).toArray(),
        samples.stream().mapToDouble(value).toArray());
  }

  /** What has happened from each reading to the next. */
  private Line change(String name, ToDoubleBiFunction<Sample, Sample> value) {
    return new Line(
        name,
        samples.stream().skip(1).mapToDouble(this::seconds).toArray(),
        IntStream.range(1, samples.size())
            .mapToDouble(i -> value.applyAsDouble(samples.get(i - 1), samples.get(i)))
            .toArray());
  }

  private double seconds(Sample sample) {
    return (sample.nanos() - begin) * 1e-9;
  }

  private static double width(Sample before, Sample after) {
    double rounds = difference(before, after, "madit_engine_rounds_total");
    double sessions = difference(before, after, "madit_engine_packed_sessions_total");
    return rounds > 0 ? sessions / rounds : Double.NaN;
  }

  private static double client(Sample before, Sample after) {
    return (double) after.clientProcessor().minus(before.clientProcessor()).toNanos()
        / (after.nanos() - before.nanos());
  }

  private static ToDoubleBiFunction<Sample, Sample> perSecond(String metric, double factor) {
    return (before, after) ->
        factor * difference(before, after, metric) / ((after.nanos() - before.nanos()) * 1e-9);
  }

  private static double difference(Sample before, Sample after, String metric) {
    return after.server().value(metric) - before.server().value(metric);
  }
}
