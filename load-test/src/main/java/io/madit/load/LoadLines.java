package io.madit.load;

import java.util.Locale;

/** The figures of {@code bench load} as text. */
final class LoadLines {
  private LoadLines() {}

  static String of(LoadReport report) {
    Tally tally = report.load().tally();
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%d requests in %.1f s, %.1f good answers/s, counts %s%n",
            tally.requests(),
            tally.seconds(),
            tally.goodPerSecond(),
            tally.counts()));
    line(text, "answers", Lines.of(tally.latency()));
    if (report.stream() != null) {
      line(text, "from last id", Lines.of(report.stream().fromLastId()));
      if (report.stream().previews() > 0) {
        line(text, "first preview", Lines.of(report.stream().firstPreview()));
      }
      line(
          text,
          "events",
          report.stream().progress() + " progress, " + report.stream().previews() + " previews");
    }
    line(text, "refusals", Lines.of(tally.refusalLatency()));
    report.phases().forEach((name, phase) -> line(text, name, Lines.of(phase)));
    line(text, "client late by", Lines.of(report.lateness()));
    if (report.load().residentBytes() > 0) {
      line(
          text,
          "processes",
          String.format(
              Locale.ROOT,
              "server memory %d MiB, client's share of the processors %.0f %%",
              report.load().residentBytes() >> 20,
              100 * report.load().clientShare()));
    }
    return text.toString().stripTrailing();
  }

  private static void line(StringBuilder text, String name, String figures) {
    text.append(String.format(Locale.ROOT, "  %-15s %s%n", name, figures));
  }
}
