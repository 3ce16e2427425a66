package io.madit.server.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static final Percentage CLOSE = Percentage.withPercentage(2);

  private final CostModel model = new CostModel(0);

  @Test
  void roundsWithoutFixedCost_areStillShared() {
    CostModel model = new CostModel(64);
    for (int rows = 32; rows <= 256; rows += 32) {
      model.observeRound(new RoundWork(rows, rows, rows), rows * 1e-3);
    }
    assertThat(model.costs().usefulRows()).isEqualTo(64);
  }

  @Test
  void unknown_isFreeAndAnyWidthIsUseful() {
    assertThat(model.costs()).isEqualTo(Costs.UNKNOWN);
    assertThat(model.costs().round(work(8, 0.5))).isZero();
  }

  @Test
  void rounds_arePredictedAtWidthsNeverSeen() {
    calibrate(0.004, 1e-5);
    assertThat(model.costs().round(work(64, 0.3))).isCloseTo(seconds(64, 0.3, 0.004, 1e-5), CLOSE);
  }

  @Test
  void usefulWidth_reachesNineteenTwentiethsOfTheLimit() {
    calibrate(0.004, 1e-5);
    Costs costs = model.costs();
    double sessions = costs.usefulRows() / 32;
    double atUseful = sessions / seconds(sessions, 0.5, 0.004, 1e-5);
    double limit = 1 / (seconds(1, 0.5, 0.004, 1e-5) - 0.004);
    assertThat(atUseful / limit).isCloseTo(0.95, within(0.02));
  }

  @Test
  void saturatedDevice_hasNoUseForWidth() {
    calibrate(0, 1e-5);
    assertThat(model.costs().usefulRows()).isLessThan(32);
  }

  @Test
  void slowerDevice_isFollowed() {
    calibrate(0.004, 1e-5);
    for (int i = 0; i < 3000; i++) {
      model.observeRound(work(4, (i % 10) * 0.1), 3 * seconds(4, (i % 10) * 0.1, 0.004, 1e-5));
    }
    assertThat(model.costs().round(work(4, 0.5)))
        .isCloseTo(3 * seconds(4, 0.5, 0.004, 1e-5), Percentage.withPercentage(10));
  }

  @Test
  void roundsThatAreAllAlike_doNotSpoilTheCalibration() {
    calibrate(0.004, 1e-5);
    double before = model.costs().usefulRows();
    for (int i = 0; i < 3000; i++) {
      model.observeRound(work(8, 0.5), seconds(8, 0.5, 0.004, 1e-5));
    }
    assertThat(model.costs().usefulRows()).isCloseTo(before, Percentage.withPercentage(10));
  }

  @Test
  void outlier_hardlyCounts() {
    calibrate(0.004, 1e-5);
    model.observeRound(work(8, 0.5), 30);
    assertThat(model.costs().round(work(8, 0.5)))
        .isCloseTo(seconds(8, 0.5, 0.004, 1e-5), Percentage.withPercentage(10));
  }

  @Test
  void error_isRelative() {
    calibrate(0.004, 1e-5);
    assertThat(model.costs().relativeError()).isLessThan(0.05);
    for (int i = 0; i < 5; i++) {
      model.observeRound(work(8, 0.5), 2 * seconds(8, 0.5, 0.004, 1e-5));
    }
    assertThat(model.costs().relativeError()).isBetween(0.1, 0.6);
  }

  @Test
  void shareAndAlone_differInTheFixedCost() {
    calibrate(0.004, 1e-5);
    Costs costs = model.costs();
    WorkLeft left = new WorkLeft(10, new RoundWork(240, 320, 100), 1);
    model.observeDecode(0.5);
    assertThat(costs.alone(left)).isGreaterThan(costs.share(left));
    assertThat(model.costs().alone(left) - costs.alone(left)).isCloseTo(0.5, within(1e-9));
    assertThat(costs.share(WorkLeft.NONE)).isZero();
  }

  /** Rounds of several widths at several places. */
  private void calibrate(double fixed, double perRow) {
    for (int sessions = 1; sessions <= 16; sessions *= 2) {
      for (double place = 0; place <= 1; place += 0.25) {
        model.observeRound(work(sessions, place), seconds(sessions, place, fixed, perRow));
      }
    }
    model.endCalibration();
  }

  private static RoundWork work(double sessions, double place) {
    return new RoundWork(sessions * (16 + 16 * place), sessions * 32, sessions * (1 + 9 * place));
  }

  private static double seconds(double sessions, double place, double fixed, double perRow) {
    RoundWork work = work(sessions, place);
    return fixed
        + perRow * (work.encoderRows() + 2 * work.decoderRows() + 5 * work.predictedRows());
  }
}
