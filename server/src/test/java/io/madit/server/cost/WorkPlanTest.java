package io.madit.server.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.model.Manifest;
import io.madit.server.reveal.Round;
import io.madit.server.testing.Resources;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkPlanTest {
  private static final Manifest BUFFER = Resources.bundle("pico-buffer").manifest();
  private static final Manifest VELOCITY = Resources.bundle("pico-velocity").manifest();
  private static final List<Round> ROUNDS =
      List.of(new Round(0, 4, 10, 1), new Round(4, 16, 10, 3), new Round(16, 16 + 1, 10, 3));

  @Test
  void rows_ofAnUnguidedRound() {
    assertThat(plan(BUFFER, false).round(0)).isEqualTo(new RoundWork(20, 20 + 16, 40));
  }

  @Test
  void bufferGuidance_runsTheTransformerTwice() {
    assertThat(plan(BUFFER, false).round(1)).isEqualTo(new RoundWork(48, 72, 240));
  }

  @Test
  void velocityGuidance_runsTheFlowHeadTwice() {
    int patches = VELOCITY.grid().patches();
    assertThat(plan(VELOCITY, false).round(1)).isEqualTo(new RoundWork(24, 20 + patches, 240));
  }

  @Test
  void regression_hasNoFlow() {
    assertThat(plan(BUFFER, true).round(1)).isEqualTo(new RoundWork(24, 36, 12));
  }

  @Test
  void left_shrinksToNothing() {
    WorkPlan plan = plan(BUFFER, false);
    assertThat(plan.whole().rows())
        .isEqualTo(plan.round(0).plus(plan.round(1)).plus(plan.round(2)));
    assertThat(plan.after(3)).isEqualTo(new WorkLeft(0, RoundWork.NONE, 1));
    assertThat(WorkPlan.ofLatents(1).whole()).isEqualTo(new WorkLeft(0, RoundWork.NONE, 1));
  }

  private static WorkPlan plan(Manifest manifest, boolean regressionOnly) {
    return WorkPlan.of(manifest, ROUNDS, 20, regressionOnly, true);
  }
}
