package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.load.MetricsWatch.Sample;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerChartsTest {
  private static final List<Sample> SAMPLES =
      List.of(
          sample(0, 0, 10, 40, 2e9), sample(1, 500, 20, 90, 3.5e9), sample(2, 500, 20, 90, 3.5e9));

  @Test
  void width_isSessionsPerRound_andAGapWithoutRounds() {
    assertThat(line("Server: mean width of rounds", "width")).containsExactly(5, Double.NaN);
  }

  @Test
  void processors_areTimeUsedPerTime() {
    assertThat(line("Processors in use", "server")).containsExactly(1.5, 0);
    assertThat(line("Processors in use", "client")).containsExactly(0.5, 0);
    assertThat(ServerCharts.clientShare(SAMPLES)).isEqualTo(0.25);
  }

  @Test
  void memory_isTheLastThatWasRead() {
    List<Sample> broken =
        List.of(SAMPLES.get(0), new Sample(5, Duration.ZERO, new ServerGauges(Map.of())));
    assertThat(line("Server: memory", "resident")).containsExactly(3, 3, 3);
    assertThat(ServerCharts.residentBytes(broken)).isEqualTo(3 << 20);
    assertThat(ServerCharts.residentBytes(List.of())).isZero();
    assertThat(ServerCharts.clientShare(List.of())).isZero();
  }

  private static double[] line(String chart, String name) {
    return ServerCharts.of(SAMPLES, 0).stream()
        .filter(c -> c.title().equals(chart))
        .flatMap(c -> c.lines().stream())
        .filter(l -> l.name().equals(name))
        .findFirst()
        .orElseThrow()
        .y();
  }

  private static Sample sample(
      int second, int clientMillis, double rounds, double sessions, double processorNanos) {
    return new Sample(
        second * 1_000_000_000L,
        Duration.ofMillis(clientMillis),
        new ServerGauges(
            Map.of(
                "madit_engine_rounds_total", rounds,
                "madit_engine_packed_sessions_total", sessions,
                "process_cpu_time_ns_total", processorNanos,
                "process_resident_memory_bytes", 3.0 * (1 << 20))));
  }
}
