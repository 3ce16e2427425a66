package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ArrivalsTest {
  @Test
  void poisson_hasTheRateAndItsSpread() {
    long[] times = Arrivals.poisson(50, 20_000, 3);
    assertThat(times).isSorted();
    assertThat(times[times.length - 1] * 1e-9).isCloseTo(400, within(12.0));
    double[] gaps = gaps(times);
    double mean = Arrays.stream(gaps).average().orElseThrow();
    double variance = Arrays.stream(gaps).map(g -> (g - mean) * (g - mean)).average().orElseThrow();
    assertThat(Math.sqrt(variance) / mean).isCloseTo(1, within(0.05)); // as of an exponential
    assertThat(Arrivals.poisson(50, 10, 3)).isEqualTo(Arrays.copyOf(times, 10));
  }

  @Test
  void constant_hasEqualGaps() {
    assertThat(Arrivals.constant(4, 3)).containsExactly(0, 250_000_000, 500_000_000);
  }

  @Test
  void bursts_comeTogetherAtTheSameMeanRate() {
    assertThat(Arrivals.bursts(2, 5, 2))
        .containsExactly(0, 0, 1_000_000_000, 1_000_000_000, 2_000_000_000);
  }

  @Test
  void ramp_growsFromRateToRate() {
    long[] times = Arrivals.ramp(10, 30, 400);
    assertThat(times).isSorted();
    assertThat(times[399] * 1e-9).isCloseTo(20, within(0.1)); // 400 at 20 per second
    assertThat(1e9 / (times[1] - times[0])).isCloseTo(10, within(0.1));
    assertThat(1e9 / (times[399] - times[398])).isCloseTo(30, within(0.1));
    assertThat(Arrivals.ramp(4, 4, 3)).containsExactly(0, 250_000_000, 500_000_000);
  }

  private static double[] gaps(long[] times) {
    double[] gaps = new double[times.length - 1];
    for (int i = 0; i < gaps.length; i++) {
      gaps[i] = times[i + 1] - times[i];
    }
    return gaps;
  }
}
