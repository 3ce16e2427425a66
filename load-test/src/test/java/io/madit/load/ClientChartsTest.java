package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Status.Code;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClientChartsTest {
  private static final long MILLI = 1_000_000;
  private static final List<Outcome> OUTCOMES =
      List.of(
          outcome(0, 10, Code.OK),
          outcome(200, 1500, Code.OK),
          outcome(900, 901, Code.RESOURCE_EXHAUSTED),
          outcome(2100, 2130, Code.OK),
          outcome(2200, 2300, Code.UNAVAILABLE));
  private static final List<Chart> CHARTS = ClientCharts.of(OUTCOMES, "start", 0, 1000 * MILLI);

  @Test
  void results_areCountedInTheSecondOfTheirStart() {
    Chart results = CHARTS.get(0);
    assertThat(line(results, "good")).containsExactly(1, 0, 1);
    assertThat(line(results, "late")).containsExactly(1, 0, 0);
    assertThat(line(results, "refused")).containsExactly(1, 0, 0);
    assertThat(line(results, "failed")).containsExactly(0, 0, 1);
  }

  @Test
  void latency_isOfAnswersOnly_andAGapWhereThereAreNone() {
    double[] longest = line(CHARTS.get(1), "max");
    assertThat(longest[0]).isCloseTo(1300, within(2.0));
    assertThat(longest[1]).isNaN();
    assertThat(longest[2]).isCloseTo(30, within(0.1));
  }

  @Test
  void curve_growsToTheSlowestAnswer() {
    double[] curve = line(CHARTS.get(2), "latency");
    assertThat(curve).isSorted();
    assertThat(curve[curve.length - 1]).isCloseTo(1300, within(2.0));
  }

  private static double[] line(Chart chart, String name) {
    return chart.lines().stream()
        .filter(line -> line.name().equals(name))
        .findFirst()
        .orElseThrow()
        .y();
  }

  private static Outcome outcome(long start, long end, Code code) {
    return new Outcome(start * MILLI, start * MILLI, end * MILLI, code, "", 0, 0, 0, 0);
  }
}
