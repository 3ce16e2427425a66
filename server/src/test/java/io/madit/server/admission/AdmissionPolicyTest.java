package io.madit.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.madit.server.admission.Refusal.Reason;
import io.madit.server.engine.EngineLoad;
import io.madit.server.engine.Priority;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** The door: pictures of 1 s of device time, 2 s alone, four of which share a round usefully. */
class AdmissionPolicyTest {
  private static final AdmissionLimits LIMITS = new AdmissionLimits(8, 4, 20, 1000, true);
  private static final EngineLoad IDLE = new EngineLoad(0, 0, 0);
  private static final Inside EMPTY = new Inside(0, 0, 0, 0, 0, 0, 0);

  @Test
  void emptyServer_takesAPicture() {
    assertThat(decide(ask(3), EMPTY)).isEmpty();
    assertThat(decide(ask(Double.NaN), EMPTY)).isEmpty();
  }

  @Test
  void count_isBounded() {
    assertReason(decide(ask(99), new Inside(8, 0, 0, 8, 8, 8, 256)), Reason.QUEUE_FULL);
  }

  @Test
  void quota_isPerClient() {
    assertReason(decide(ask(99), new Inside(5, 4, 0, 5, 5, 5, 160)), Reason.CLIENT_QUOTA);
    assertThat(decide(ask(99), new Inside(5, 3, 0, 5, 5, 5, 160))).isEmpty();
  }

  @Test
  void backlog_isBoundedAndSaysWhenToComeBack() {
    Refusal refusal = decide(ask(Double.NaN), new Inside(3, 0, 0, 19.5, 19.5, 3, 96)).orElseThrow();
    assertThat(refusal.reason()).isEqualTo(Reason.QUEUE_FULL);
    assertThat(refusal.retryAfter()).contains(Duration.ofMillis(500));
  }

  @Test
  void emptyServer_takesAPictureLongerThanTheBacklog() {
    Ask long30 = new Ask("a", Priority.NORMAL, 30, 30, 32, 4, 10, OptionalDouble.empty());
    assertThat(decide(long30, EMPTY)).isEmpty();
  }

  @Test
  void memory_isBounded() {
    Ask big = new Ask("a", Priority.NORMAL, 1, 2, 32, 4, 1001, OptionalDouble.empty());
    assertThat(decide(big, EMPTY).orElseThrow().retryAfter()).isEmpty();
    Refusal later = decide(ask(99), new Inside(1, 0, 991, 1, 1, 1, 32)).orElseThrow();
    assertThat(later.reason()).isEqualTo(Reason.MEMORY);
    assertThat(later.retryAfter()).isPresent();
  }

  @Test
  void deadlineShorterThanTheWork_isNeverMet() {
    Refusal refusal = decide(ask(1.9), EMPTY).orElseThrow();
    assertThat(refusal.reason()).isEqualTo(Reason.DEADLINE_TOO_SHORT);
    assertThat(refusal.retryAfter()).isEmpty();
  }

  @Test
  void backlogTooLongForTheDeadline_isRefusedWithAHint() {
    Refusal refusal = decide(ask(4), new Inside(7, 0, 0, 7, 7, 7, 224)).orElseThrow();
    assertThat(refusal.reason()).isEqualTo(Reason.DEADLINE_UNREACHABLE);
    assertThat(refusal.retryAfter()).isPresent();
    assertThat(refusal.message()).contains("4.000 seconds");
  }

  @Test
  void deadlines_areNotCheckedWhenSwitchedOff() {
    AdmissionLimits off = new AdmissionLimits(8, 4, 20, 1000, false);
    assertThat(AdmissionPolicy.decide(ask(0.1), EMPTY, IDLE, 1, off)).isEmpty();
  }

  @Test
  void caution_refusesWhatMayBeLate() {
    Inside two = new Inside(2, 0, 0, 2, 2, 2, 64);
    assertThat(AdmissionPolicy.decide(ask(5), two, IDLE, 1.2, LIMITS)).isEmpty();
    assertReason(
        AdmissionPolicy.decide(ask(5), two, IDLE, 1.3, LIMITS), Reason.DEADLINE_UNREACHABLE);
    assertThat(AdmissionPolicy.decide(ask(5), EMPTY, IDLE, 3, LIMITS))
        .as("an empty server tries")
        .isEmpty();
  }

  @Test
  void expected_besideOthersIsLongerThanAlone() {
    Inside two = new Inside(2, 0, 0, 2, 2, 2, 64);
    assertThat(AdmissionPolicy.expectedSeconds(ask(9), EMPTY, IDLE)).isEqualTo(2, within(1e-9));
    assertThat(AdmissionPolicy.expectedSeconds(ask(9), two, IDLE)).isEqualTo(4, within(1e-9));
  }

  @Test
  void expected_countsWhoWaitsAndTheFirstToEnd() {
    // Six others: four run and have 2 s of work left, two wait with 1 s each.
    Inside six = new Inside(6, 0, 0, 4, 4, 6, 192);
    EngineLoad running = new EngineLoad(4, 2, 0.1);
    assertThat(AdmissionPolicy.expectedSeconds(ask(9), six, running))
        .isEqualTo(2 + 2 / 4.0 + 2 + 3, within(1e-9));
  }

  @Test
  void expected_onASaturatedDeviceIsTheQueue() {
    Ask one = new Ask("a", Priority.NORMAL, 2, 2, 32, 1, 10, OptionalDouble.of(9));
    Inside two = new Inside(2, 0, 0, 3, 3, 2, 64);
    EngineLoad running = new EngineLoad(1, 1, 0.1);
    assertThat(AdmissionPolicy.expectedSeconds(one, two, running)).isEqualTo(5, within(1e-9));
  }

  private static Optional<Refusal> decide(Ask ask, Inside inside) {
    return AdmissionPolicy.decide(ask, inside, IDLE, 1.1, LIMITS);
  }

  private static void assertReason(Optional<Refusal> refusal, Reason reason) {
    assertThat(refusal.orElseThrow().reason()).isEqualTo(reason);
    assertThat(refusal.orElseThrow().retryAfter()).isPresent();
  }

  /** NaN: without a deadline. */
  private static Ask ask(double secondsLeft) {
    return new Ask(
        "a",
        Priority.NORMAL,
        1,
        2,
        32,
        4,
        10,
        Double.isNaN(secondsLeft) ? OptionalDouble.empty() : OptionalDouble.of(secondsLeft));
  }
}
