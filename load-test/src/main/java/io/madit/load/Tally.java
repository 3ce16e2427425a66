package io.madit.load;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * A series of outcomes, counted.
 *
 * @param requests sent
 * @param seconds from the first intended start to the last answer
 * @param goodPerSecond answers within their deadline
 * @param counts by "OK", or code and reason
 * @param latency of answers, from the intended start
 * @param refusalLatency of refusals, from the intended start
 * @param phases seconds, means over answers, by name
 */
record Tally(
    int requests,
    double seconds,
    double goodPerSecond,
    Map<String, Integer> counts,
    Percentiles latency,
    Percentiles refusalLatency,
    Map<String, Double> phases) {
  private static final long LONGEST_NANOS = 3_600_000_000_000L;

  /** Milliseconds; 0 when there was nothing. */
  record Percentiles(long count, double p50, double p90, double p99, double max) {}

  static Tally of(List<Outcome> outcomes, long deadlineNanos) {
    long first = outcomes.stream().mapToLong(Outcome::intended).min().orElseThrow();
    long last = outcomes.stream().mapToLong(Outcome::ended).max().orElseThrow();
    double seconds = (last - first) * 1e-9;
    long good = outcomes.stream().filter(o -> o.ok() && o.latencyNanos() <= deadlineNanos).count();
    Map<String, Integer> counts = new TreeMap<>();
    outcomes.forEach(o -> counts.merge(key(o), 1, Integer::sum));
    Map<String, Double> phases = new TreeMap<>();
    phases.put("queue", mean(outcomes, Outcome::queueSeconds));
    phases.put("rounds", mean(outcomes, Outcome::roundsSeconds));
    phases.put("decode", mean(outcomes, Outcome::decodeSeconds));
    phases.put("encode", mean(outcomes, Outcome::encodeSeconds));
    return new Tally(
        outcomes.size(),
        seconds,
        good / seconds,
        counts,
        percentiles(outcomes, Outcome::ok),
        percentiles(outcomes, Outcome::refused),
        phases);
  }

  private static String key(Outcome outcome) {
    return outcome.reason().isEmpty()
        ? outcome.code().name()
        : outcome.code().name() + " " + outcome.reason();
  }

  private static double mean(List<Outcome> outcomes, ToDoubleFunction<Outcome> read) {
    return outcomes.stream().filter(Outcome::ok).mapToDouble(read).average().orElse(0);
  }

  private static Percentiles percentiles(List<Outcome> outcomes, Predicate<Outcome> which) {
    return percentiles(outcomes.stream().filter(which).mapToLong(Outcome::latencyNanos));
  }

  static Percentiles percentiles(LongStream nanos) {
    Histogram histogram = histogram(nanos);
    return new Percentiles(
        histogram.getTotalCount(),
        millis(histogram, 50),
        millis(histogram, 90),
        millis(histogram, 99),
        millis(histogram, 100));
  }

  /** Three digits; from 0 to an hour. */
  static Histogram histogram(LongStream nanos) {
    Histogram histogram = new Histogram(LONGEST_NANOS, 3);
    nanos.forEach(n -> histogram.recordValue(Math.max(0, Math.min(LONGEST_NANOS, n))));
    return histogram;
  }

  private static double millis(Histogram histogram, double percentile) {
    return histogram.getTotalCount() == 0 ? 0 : histogram.getValueAtPercentile(percentile) * 1e-6;
  }
}
