package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

class CalibrationTest {
  private static final Duration LIMIT = Duration.ofSeconds(3);

  private final EngineFixture engine = new EngineFixture(EngineFixture.settings(4096, 8));
  private final LoadedModel model = engine.models.values().iterator().next();

  @Test
  void fastModel_isMeasuredAtGrowingWidths() {
    List<Calibration.Point> points = run(() -> true);
    assertThat(points).hasSizeGreaterThan(2);
    assertThat(engine.one.rounds).hasSizeGreaterThan(points.size() * 3);
    assertThat(engine.one.liveArrays()).isZero();
  }

  @Test
  void slowModel_isMeasuredWithOneRound() {
    engine.one.onRound = tasks -> engine.now += Duration.ofSeconds(60).toNanos();
    assertThat(run(() -> true)).hasSize(1);
    assertThat(engine.one.rounds).hasSize(1);
    model.publishCosts();
    assertThat(model.costs().decode()).isEqualTo(0.003);
  }

  @Test
  void unwanted_endsBetweenCallsAndLeavesNothing() {
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(() -> run(() -> asked.incrementAndGet() <= 3))
        .isInstanceOf(Calibration.Stopped.class);
    assertThat(engine.one.rounds).hasSize(2);
    assertThat(engine.one.liveArrays()).isZero();
  }

  private List<Calibration.Point> run(BooleanSupplier wanted) {
    return new Calibration(model, () -> engine.now, wanted).run(4096, LIMIT);
  }
}
