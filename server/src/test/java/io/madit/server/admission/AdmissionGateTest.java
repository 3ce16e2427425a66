package io.madit.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.admission.AdmissionGate.Ticket;
import org.junit.jupiter.api.Test;

class AdmissionGateTest {
  @Test
  void tryEnter_isBoundedAndAPlaceIsGivenBackOnce() {
    AdmissionGate gate = new AdmissionGate(2);
    Ticket first = gate.tryEnter().orElseThrow();
    Ticket second = gate.tryEnter().orElseThrow();
    assertThat(gate.tryEnter()).isEmpty();
    first.close();
    first.close();
    assertThat(gate.inside()).isEqualTo(1);
    assertThat(gate.tryEnter()).isPresent();
    assertThat(gate.tryEnter()).isEmpty();
    second.close();
    assertThat(gate.inside()).isEqualTo(1);
  }

  @Test
  void constructor_refusesAnEmptyGate() {
    assertThatThrownBy(() -> new AdmissionGate(0)).hasMessageContaining("is 0");
  }
}
