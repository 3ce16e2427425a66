package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TicksTest {
  @Test
  void upTo_coversTheValueInRoundSteps() {
    assertThat(Ticks.upTo(6).labels()).containsExactly("0", "1", "2", "3", "4", "5", "6");
    assertThat(Ticks.upTo(0.23).labels())
        .containsExactly("0.00", "0.05", "0.10", "0.15", "0.20", "0.25");
    assertThat(Ticks.upTo(1700).labels()).containsExactly("0", "500", "1000", "1500", "2000");
    assertThat(Ticks.upTo(7).labels()).containsExactly("0", "2", "4", "6", "8");
  }

  @Test
  void upTo_nothing_reachesOne() {
    assertThat(Ticks.upTo(0).end()).isEqualTo(1);
    assertThat(Ticks.upTo(Double.NaN).end()).isEqualTo(1);
  }
}
