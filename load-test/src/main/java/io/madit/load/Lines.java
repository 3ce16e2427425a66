package io.madit.load;

import io.madit.load.Tally.Percentiles;
import java.util.Locale;

/** Measurements as text. */
final class Lines {
  private Lines() {}

  static String of(String name, Measurement measurement) {
    Tally tally = measurement.tally();
    return String.format(
        Locale.ROOT,
        "%s: %d requests in %.1f s, %.1f good answers/s, counts %s%n"
            + "  answers  %s%n  refusals %s%n"
            + "  server memory %d MiB, client's share of the processors %.0f %%, phases %s",
        name,
        tally.requests(),
        tally.seconds(),
        tally.goodPerSecond(),
        tally.counts(),
        of(tally.latency()),
        of(tally.refusalLatency()),
        measurement.residentBytes() >> 20,
        100 * measurement.clientShare(),
        phases(tally));
  }

  static String of(Percentiles percentiles) {
    return String.format(
        Locale.ROOT,
        "p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms",
        percentiles.p50(),
        percentiles.p90(),
        percentiles.p99(),
        percentiles.max());
  }

  private static String phases(Tally tally) {
    StringBuilder line = new StringBuilder();
    tally
        .phases()
        .forEach(
            (name, seconds) ->
                line.append(
                    String.format(
                        Locale.ROOT,
                        "%s%s %.1f ms",
                        line.length() == 0 ? "" : ", ",
                        name,
                        1e3 * seconds)));
    return line.toString();
  }
}
