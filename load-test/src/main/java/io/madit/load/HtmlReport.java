package io.madit.load;

import io.madit.load.Tally.Percentiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A report as one HTML page that needs nothing else. */
final class HtmlReport {
  private static final String STYLE = "report.css";

  private final StringBuilder page = new StringBuilder();

  private HtmlReport() {}

  static String of(LoadReport report) {
    HtmlReport html = new HtmlReport();
    html.add("<!doctype html>");
    html.add("<html lang='en'><head><meta charset='utf-8'>");
    html.add("<meta name='viewport' content='width=device-width, initial-scale=1'>");
    html.add("<title>Load on " + Html.escape(report.settings().get("server")) + "</title>");
    html.add("<style>" + style() + "</style></head><body>");
    html.add("<h1>Load on " + Html.escape(report.settings().get("server")) + "</h1>");
    html.addSummary(report);
    html.addLatencies(report);
    html.addCounts(report.load().tally());
    html.addCharts(report.charts());
    html.addSettings(report.settings());
    html.add("</body></html>");
    return html.page.toString();
  }

  private void addSummary(LoadReport report) {
    Tally tally = report.load().tally();
    add("<div class='tiles'>");
    addTile("requests", "" + tally.requests());
    addTile("good answers per second", number(tally.goodPerSecond()));
    addTile("p50", number(tally.latency().p50()) + " ms");
    addTile("p99", number(tally.latency().p99()) + " ms");
    addTile("seconds", number(tally.seconds()));
    if (report.load().residentBytes() > 0) {
      addTile("server memory", (report.load().residentBytes() >> 20) + " MiB");
      addTile(
          "client's share of the processors", Math.round(100 * report.load().clientShare()) + " %");
    }
    add("</div>");
  }

  private void addTile(String name, String value) {
    add("<div><b>" + value + "</b>" + name + "</div>");
  }

  private void addLatencies(LoadReport report) {
    List<String[]> rows = new ArrayList<>();
    Tally tally = report.load().tally();
    boolean streamed = report.stream() != null;
    rows.add(row("answers, from the intended start", tally.latency()));
    if (streamed) {
      rows.add(row("answers, from the last id", report.stream().fromLastId()));
      rows.add(row("first preview, from the intended start", report.stream().firstPreview()));
    }
    rows.add(row("refusals, from the intended start", tally.refusalLatency()));
    report.phases().forEach((name, phase) -> rows.add(row("server: " + name, phase)));
    rows.add(row("client: sent late by", report.lateness()));
    add("<h2>Times, in milliseconds</h2>");
    addTable(new String[] {"", "count", "p50", "p90", "p99", "max"}, rows);
  }

  private static String[] row(String name, Percentiles times) {
    if (times.count() == 0) {
      return new String[] {name, "0", "", "", "", ""};
    }
    return new String[] {
      name,
      "" + times.count(),
      number(times.p50()),
      number(times.p90()),
      number(times.p99()),
      number(times.max())
    };
  }

  private void addCounts(Tally tally) {
    List<String[]> rows =
        tally.counts().entrySet().stream()
            .map(
                entry ->
                    new String[] {
                      entry.getKey(),
                      "" + entry.getValue(),
                      number(100.0 * entry.getValue() / tally.requests()) + " %"
                    })
            .toList();
    add("<h2>Results</h2>");
    addTable(new String[] {"code and reason", "requests", "share"}, rows);
  }

  private void addCharts(List<Chart> charts) {
    for (Chart chart : charts) {
      if (Plot.hasValues(chart)) {
        add("<figure><figcaption>" + Html.escape(chart.title()) + "</figcaption>");
        add("<p class='legend'>");
        for (int i = 0; i < chart.lines().size(); i++) {
          String name = Html.escape(chart.lines().get(i).name());
          add("<span class='c" + i + "'>" + name + "</span>");
        }
        add("</p>");
        add(Plot.svg(chart) + "</figure>");
      }
    }
  }

  private void addSettings(Map<String, String> settings) {
    List<String[]> rows =
        settings.entrySet().stream()
            .map(setting -> new String[] {setting.getKey(), setting.getValue()})
            .toList();
    add("<h2>Settings</h2>");
    addTable(new String[] {"setting", "value"}, rows);
  }

  private void addTable(String[] heads, List<String[]> rows) {
    add("<table><thead>");
    addRow("th", heads);
    add("</thead><tbody>");
    rows.forEach(row -> addRow("td", row));
    add("</tbody></table>");
  }

  private void addRow(String kind, String[] cells) {
    StringBuilder row = new StringBuilder("<tr>");
    for (String cell : cells) {
      row.append('<').append(kind).append('>').append(Html.escape(cell));
      row.append("</").append(kind).append('>');
    }
    add(row.append("</tr>").toString());
  }

  private void add(String line) {
    page.append(line).append('\n');
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String style() {
    try (InputStream style = HtmlReport.class.getResourceAsStream(STYLE)) {
      return new String(style.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
