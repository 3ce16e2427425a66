package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The table of metrics in the guide is what a server has. */
class MetricsTableTest {
  private static final Path GUIDE = Path.of("../docs/guides/observability.md");
  private static final Pattern NAME = Pattern.compile("(madit|grpc|netty)_\\w+");
  private static final Pattern TYPE = Pattern.compile("# TYPE (\\w+) (\\w+)");
  private static final Pattern SAMPLE = Pattern.compile("(\\w+?)(?:\\{(.*)\\})? \\S+");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"");
  private static final Pattern ROW =
      Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\| (\\w+) \\| ([\\w, ]*) ?\\|.*\\|");

  private record Metric(String type, Set<String> labels) {}

  private static Map<String, Metric> metrics(String scrape) {
    Map<String, Metric> metrics = new TreeMap<>();
    String name = "";
    for (String line : scrape.lines().toList()) {
      Matcher type = TYPE.matcher(line);
      Matcher sample = SAMPLE.matcher(line);
      if (type.matches()) {
        name = type.group(1);
        if (NAME.matcher(name).matches()) {
          metrics.put(name, new Metric(type.group(2), new TreeSet<>()));
        }
      } else if (sample.matches() && metrics.containsKey(name) && sample.group(2) != null) {
        LABEL
            .matcher(sample.group(2))
            .results()
            .map(label -> label.group(1))
            .filter(label -> !label.equals("le"))
            .forEach(metrics.get(name).labels()::add);
      }
    }
    return metrics;
  }

  private static List<Matcher> rows() throws IOException {
    return Files.readAllLines(GUIDE).stream()
        .map(ROW::matcher)
        .filter(Matcher::matches)
        .filter(row -> NAME.matcher(row.group(1)).matches())
        .toList();
  }

  private static Set<String> labels(String cell) {
    return Pattern.compile("\\w+")
        .matcher(cell)
        .results()
        .map(word -> word.group())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void table_isWhatAServerHas() throws Exception {
    Map<String, Metric> documented = new TreeMap<>();
    for (Matcher row : rows()) {
      documented.put(row.group(1), new Metric(row.group(2), labels(row.group(4))));
    }
    assertThat(documented).containsExactlyInAnyOrderEntriesOf(metrics(ScrapedPicture.scrape()));
  }

  @Test
  void table_namesTheUnitOfTheName() throws Exception {
    assertThat(rows())
        .isNotEmpty()
        .allSatisfy(
            row -> {
              assertThat(row.group(3).equals("seconds"))
                  .isEqualTo(row.group(1).contains("_seconds"));
              assertThat(row.group(3).equals("bytes")).isEqualTo(row.group(1).contains("_bytes"));
            });
  }
}
