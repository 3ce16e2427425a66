package io.madit.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WatchdogTest {
  private Duration busy = Duration.ZERO;
  private int calls;
  private final Watchdog watchdog = new Watchdog(Duration.ofSeconds(5), () -> busy, () -> calls++);

  @Test
  void check_tellsOnceWhenItTakesTooLong() {
    watchdog.check();
    busy = Duration.ofSeconds(5);
    watchdog.check();
    assertThat(calls).isZero();
    busy = Duration.ofMillis(5001);
    watchdog.check();
    watchdog.check();
    assertThat(calls).isEqualTo(1);
  }
}
