package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.telemetry.PromQuery.Selector;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PromQueryTest {
  @Test
  void parse_findsMetricsMatchersAndGrouping() {
    PromQuery query =
        PromQuery.parse(
            """
            histogram_quantile(0.99, sum by (le, model) (rate(a_bucket{x="1", y=~"p|q"}[5m])))
              / on (job) group_left
            b:c:d5m > 1e9 and max_over_time((e + f)[3m:15s]) offset 5m
            """);
    assertThat(query.selectors())
        .containsExactly(
            new Selector("a_bucket", Map.of("x", "1", "y", "p|q")),
            new Selector("b:c:d5m", Map.of()),
            new Selector("e", Map.of()),
            new Selector("f", Map.of()));
    assertThat(query.grouping()).containsExactly("job", "le", "model");
  }
}
