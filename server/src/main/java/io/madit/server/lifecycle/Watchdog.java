package io.madit.server.lifecycle;

import java.time.Duration;
import java.util.function.Supplier;

/** Notices a round that hangs in the device's driver, from where no exception will ever come. */
final class Watchdog {
  private final Duration longest;
  private final Supplier<Duration> busyFor;
  private final Runnable onStuck;
  private boolean told;

  /**
   * @param busyFor how long the engine has been at its present work
   * @param onStuck called once
   */
  Watchdog(Duration longest, Supplier<Duration> busyFor, Runnable onStuck) {
    this.longest = longest;
    this.busyFor = busyFor;
    this.onStuck = onStuck;
  }

  synchronized void check() {
    if (!told && busyFor.get().compareTo(longest) > 0) {
      told = true;
      onStuck.run();
    }
  }
}
