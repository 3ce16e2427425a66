package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IdPaceTest {
  @Test
  void nanosFor_isWhenTheLastOfThemIsSampled() {
    assertThat(new IdPace(50, 4).nanosFor(1)).isEqualTo(20_000_000);
    assertThat(new IdPace(50, 4).nanosFor(100)).isEqualTo(2_000_000_000);
  }

  @Test
  void pace_outOfBounds_isRefused() {
    assertThatThrownBy(() -> new IdPace(0, 1)).hasMessageContaining("must be > 0, is 0.0");
    assertThatThrownBy(() -> new IdPace(1, 0)).hasMessageContaining("must be >= 1, is 0");
  }
}
