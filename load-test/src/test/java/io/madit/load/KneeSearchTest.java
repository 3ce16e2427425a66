package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KneeSearchTest {
  @ParameterizedTest
  @ValueSource(doubles = {0.7, 9.9, 10, 137, 4321})
  void highest_isCloseBelowTheKnee_fromAnyStart(double knee) {
    assertThat(KneeSearch.highest(10, 0.02, 100, rate -> rate <= knee))
        .isBetween(knee / 1.021, knee);
  }

  @Test
  void highest_doublesFirst_thenHalvesTheGap() {
    List<Double> tried = new ArrayList<>();
    KneeSearch.highest(
        10,
        0.1,
        100,
        rate -> {
          tried.add(rate);
          return rate <= 33;
        });
    assertThat(tried).containsExactly(10.0, 20.0, 40.0, 30.0, 35.0, 32.5);
  }

  @Test
  void highest_whenNothingHolds_isZeroAfterAllSteps() {
    List<Double> tried = new ArrayList<>();
    assertThat(KneeSearch.highest(8, 0.1, 5, rate -> !tried.add(rate))).isZero();
    assertThat(tried).containsExactly(8.0, 4.0, 2.0, 1.0, 0.5);
  }

  @Test
  void highest_whenEverythingHolds_stopsAfterAllSteps() {
    assertThat(KneeSearch.highest(1, 0.1, 4, rate -> true)).isEqualTo(8);
  }
}
