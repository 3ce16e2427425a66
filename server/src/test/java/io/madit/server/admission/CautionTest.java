package io.madit.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CautionTest {
  private final Caution caution = new Caution();

  @Test
  void nothingSeen_isALittleCautious() {
    assertThat(caution.factor()).isEqualTo(1.1);
  }

  @Test
  void rightPredictions_areBelieved() {
    repeat(500, 1, 1);
    assertThat(caution.factor()).isEqualTo(1.1);
  }

  @Test
  void steadyLateness_isTheFactor() {
    repeat(500, 1, 1.5);
    assertThat(caution.factor()).isEqualTo(1.5, within(0.01));
  }

  @Test
  void scatter_isKeptAwayFrom() {
    for (int i = 0; i < 500; i++) {
      caution.observe(1, i % 2 == 0 ? 1.1 : 0.9);
    }
    assertThat(caution.factor()).isEqualTo(1.4, within(0.05));
  }

  @Test
  void shortPictures_countLess() {
    for (int i = 0; i < 500; i++) {
      caution.observe(0.001, 0.004);
      caution.observe(1, 1);
    }
    assertThat(caution.factor()).isLessThan(1.2);
  }

  @Test
  void isBoundedAndUnlearned() {
    repeat(500, 1, 50);
    assertThat(caution.factor()).isEqualTo(3);
    repeat(10_000, 1, 1);
    assertThat(caution.factor()).isEqualTo(1.1);
  }

  private void repeat(int times, double predicted, double taken) {
    for (int i = 0; i < times; i++) {
      caution.observe(predicted, taken);
    }
  }
}
