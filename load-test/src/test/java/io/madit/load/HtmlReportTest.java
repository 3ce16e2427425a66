package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status.Code;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HtmlReportTest {
  private static final long MILLI = 1_000_000;

  @Test
  void page_holdsFiguresAndPlots_andNeedsNothingElse() {
    List<Outcome> outcomes =
        Stream.concat(
                IntStream.range(0, 50).mapToObj(i -> outcome(100L * i, 20 + i, Code.OK, "")),
                Stream.of(outcome(900, 2, Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")))
            .toList();
    String page =
        HtmlReport.of(
            LoadReport.unary(
                Map.of("server", "host:1 <&>"), outcomes, Duration.ofSeconds(1), List.of()));
    assertThat(page)
        .contains("<td>RESOURCE_EXHAUSTED QUEUE_FULL</td><td>1</td>")
        .contains("Latency of answers from the intended start, by percentile")
        .contains("99.9 %")
        .contains("prefers-color-scheme: dark")
        .contains("host:1 &lt;&amp;&gt;")
        .doesNotContain("NaN", "Infinity", "Server: memory")
        .doesNotContain("http:", "https:", "<script", "<link", "url(");
    assertThat(page.split("<svg", -1)).hasSize(4); // three plots
  }

  @Test
  void page_withoutAnyAnswer_leavesPlotsOut() {
    String page =
        HtmlReport.of(
            LoadReport.unary(
                Map.of("server", "s"),
                List.of(outcome(0, 1, Code.UNAVAILABLE, "DRAINING")),
                Duration.ofSeconds(1),
                List.of()));
    assertThat(page).contains("UNAVAILABLE DRAINING").doesNotContain("NaN");
    assertThat(page.split("<svg", -1)).hasSize(2);
  }

  private static Outcome outcome(long start, long millis, Code code, String reason) {
    long begin = start * MILLI;
    return new Outcome(begin, begin, begin + millis * MILLI, code, reason, 0.001, 0.01, 0, 0);
  }
}
