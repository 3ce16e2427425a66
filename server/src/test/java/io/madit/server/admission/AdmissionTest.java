package io.madit.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.admission.Admission.Ticket;
import io.madit.server.engine.EngineLoad;
import io.madit.server.engine.Priority;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AdmissionTest {
  private final AtomicLong nanos = new AtomicLong();
  private final Admission admission =
      new Admission(
          new AdmissionLimits(3, 2, 100, 1000, true), () -> new EngineLoad(0, 0, 0), nanos::get);

  @Test
  void place_isGivenBackOnce() {
    Ticket first = admission.enter(ask("a", Priority.NORMAL));
    Ticket second = admission.enter(ask("b", Priority.LOW));
    assertThat(admission.pictures()).isEqualTo(2);
    assertThat(admission.backlogSeconds()).isEqualTo(2);
    assertThat(admission.stateBytes()).isEqualTo(20);
    first.close();
    first.close();
    assertThat(admission.pictures()).isEqualTo(1);
    second.close();
    assertEmpty();
  }

  @Test
  void quota_isGivenBack() {
    Ticket first = admission.enter(ask("a", Priority.NORMAL));
    admission.enter(ask("a", Priority.NORMAL));
    assertThatThrownBy(() -> admission.enter(ask("a", Priority.NORMAL)))
        .hasMessageContaining("this client has 2 pictures");
    first.close();
    admission.enter(ask("a", Priority.NORMAL));
  }

  @Test
  void work_shrinksAsItIsDone() {
    Ticket ticket = admission.enter(ask("a", Priority.NORMAL));
    ticket.workLeft(0.25);
    assertThat(admission.backlogSeconds()).isEqualTo(0.25);
    ticket.worked();
    assertThat(admission.backlogSeconds()).isZero();
    assertThat(admission.stateBytes()).isZero();
    assertThat(admission.pictures()).isEqualTo(1);
    ticket.close();
    ticket.workLeft(5);
    assertEmpty();
  }

  @Test
  void lessUrgentWork_isNotAhead() {
    Admission tight =
        new Admission(
            new AdmissionLimits(9, 9, 100, 1000, true), () -> new EngineLoad(0, 0, 0), nanos::get);
    for (int i = 0; i < 5; i++) {
      tight.enter(ask("a", Priority.LOW));
    }
    assertThatThrownBy(() -> tight.enter(due(Priority.LOW, 2)))
        .isInstanceOf(AdmissionRefused.class);
    tight.enter(due(Priority.HIGH, 2));
  }

  @Test
  void latePictures_makeItCautious() {
    Ticket early = admission.enter(ask("a", Priority.NORMAL));
    nanos.set(500_000_000);
    early.givenUp(); // before it was predicted: says nothing
    assertThat(admission.caution()).isEqualTo(1.1);
    early.close();
    Ticket late = admission.enter(ask("a", Priority.NORMAL));
    nanos.set(2_500_000_000L);
    late.ready();
    assertThat(admission.caution()).isGreaterThan(2);
  }

  @Test
  void drain_letsNobodyInAndWaitsForTheRest() throws Exception {
    Ticket ticket = admission.enter(ask("a", Priority.NORMAL));
    admission.drain();
    assertThatThrownBy(() -> admission.enter(ask("b", Priority.NORMAL)))
        .hasMessage("the server is shutting down");
    assertThat(admission.awaitEmpty(Duration.ZERO)).isFalse();
    CompletableFuture<Boolean> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return admission.awaitEmpty(Duration.ofMinutes(1));
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    ticket.close();
    assertThat(waiting.get()).isTrue();
  }

  private void assertEmpty() {
    assertThat(admission.pictures()).isZero();
    assertThat(admission.backlogSeconds()).isZero();
    assertThat(admission.stateBytes()).isZero();
  }

  private static Ask ask(String client, Priority priority) {
    return new Ask(client, priority, 1, 1, 32, 1, 10, OptionalDouble.empty());
  }

  private static Ask due(Priority priority, double seconds) {
    return new Ask("b", priority, 1, 1, 32, 1, 10, OptionalDouble.of(seconds));
  }
}
