package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Status.Code;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TallyTest {
  private static final long MILLI = 1_000_000;

  @Test
  void goodput_countsOnlyAnswersInTime() {
    Tally tally =
        Tally.of(
            List.of(
                outcome(0, 10, Code.OK, ""),
                outcome(0, 900, Code.OK, ""),
                outcome(500, 2000, Code.OK, ""),
                outcome(600, 601, Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")),
            1000 * MILLI);
    assertThat(tally.seconds()).isCloseTo(2, within(1e-9));
    assertThat(tally.goodPerSecond()).isCloseTo(1, within(1e-9));
    assertThat(tally.counts()).isEqualTo(Map.of("OK", 3, "RESOURCE_EXHAUSTED QUEUE_FULL", 1));
    assertThat(tally.latency().count()).isEqualTo(3);
    assertThat(tally.refusalLatency().p99()).isCloseTo(1, within(0.01));
  }

  @Test
  void latency_countsFromTheIntendedStart() {
    Outcome late = new Outcome(0, 400 * MILLI, 500 * MILLI, Code.OK, "", 0, 0, 0, 0);
    assertThat(Tally.of(List.of(late), MILLI).latency().p50()).isCloseTo(500, within(1.0));
  }

  private static Outcome outcome(long start, long end, Code code, String reason) {
    return new Outcome(start * MILLI, start * MILLI, end * MILLI, code, reason, 0, 0, 0, 0);
  }
}
