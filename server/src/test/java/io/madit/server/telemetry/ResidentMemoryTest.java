package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResidentMemoryTest {
  @Test
  void parse_findsTheFieldInBytes() {
    List<String> status = List.of("Name:\tjava", "VmHWM:\t   60000 kB", "VmRSS:\t   51234 kB");
    assertThat(ResidentMemory.parse(status)).isEqualTo(51234 * 1024.0);
  }

  @Test
  void parse_withoutTheField_isNotANumber() {
    assertThat(ResidentMemory.parse(List.of("Name:\tjava"))).isNaN();
  }
}
