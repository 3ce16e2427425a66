package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.rpc.ErrorCode;
import io.madit.server.telemetry.PromQuery.Selector;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules and the dashboard ask only for what a server has, with labels that it gives. */
class DeployedQueriesTest {
  private static final Pattern SAMPLE = Pattern.compile("(\\w+)(?:\\{(.*)\\})? \\S+");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  /** What Prometheus adds to every sample. */
  private static final Set<String> TARGET = Set.of("job", "instance");

  /** Values that one good picture does not show. */
  private static final Set<String> OUTCOMES =
      Stream.concat(Stream.of("ok"), Arrays.stream(ErrorCode.values()).map(Enum::name))
          .map(name -> name.toLowerCase(Locale.ROOT))
          .collect(Collectors.toSet());

  /** Values by label by sample name. */
  private static final Map<String, Map<String, Set<String>>> SAMPLES = new TreeMap<>();

  private static Map<String, PromQuery> recorded;

  @BeforeAll
  static void scrape() throws Exception {
    recorded = DeployedQueries.recorded();
    for (String line : ScrapedPicture.scrape().lines().toList()) {
      Matcher sample = SAMPLE.matcher(line);
      if (sample.matches()) {
        Map<String, Set<String>> labels =
            SAMPLES.computeIfAbsent(sample.group(1), name -> new TreeMap<>());
        Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
        while (label.find()) {
          labels.computeIfAbsent(label.group(1), name -> new TreeSet<>()).add(label.group(2));
        }
      }
    }
    SAMPLES.get("madit_requests_total").put("outcome", OUTCOMES);
  }

  /** Values by label; those of a recorded metric come from what it is made of. */
  private static Map<String, Set<String>> labels(String metric) {
    if (!recorded.containsKey(metric)) {
      assertThat(SAMPLES).containsKey(metric);
      return SAMPLES.get(metric);
    }
    Map<String, Set<String>> labels = new TreeMap<>();
    recorded.get(metric).selectors().forEach(source -> labels.putAll(labels(source.metric())));
    labels.keySet().retainAll(recorded.get(metric).grouping());
    return labels;
  }

  private static void check(PromQuery query) {
    assertThat(query.selectors()).isNotEmpty();
    Set<String> known = new TreeSet<>(TARGET);
    for (Selector selector : query.selectors()) {
      Map<String, Set<String>> labels = labels(selector.metric());
      known.addAll(labels.keySet());
      selector
          .matchers()
          .forEach(
              (label, value) -> {
                if (!TARGET.contains(label)) {
                  assertThat(labels).as(selector.metric()).containsKey(label);
                  assertThat(labels.get(label)).as(label).contains(value.split("\\|"));
                }
              });
    }
    assertThat(known).containsAll(query.grouping());
  }

  @Test
  void recordingRules_useWhatAServerHas() {
    assertThat(recorded.values()).isNotEmpty().allSatisfy(DeployedQueriesTest::check);
  }

  @Test
  void alerts_useWhatAServerHas() throws Exception {
    List<PromQuery> alerts = DeployedQueries.alerts();
    assertThat(alerts).isNotEmpty().allSatisfy(DeployedQueriesTest::check);
  }

  @Test
  void dashboard_usesWhatAServerHas() throws Exception {
    List<PromQuery> dashboard = DeployedQueries.dashboard();
    assertThat(dashboard).isNotEmpty().allSatisfy(DeployedQueriesTest::check);
  }
}
