package io.madit.server.config;

import io.madit.server.engine.Batching;
import java.time.Duration;

/**
 * How the engine spends the device.
 *
 * @param aging after which waiting pictures move up one priority class
 * @param checkDeadlines refuse or give up pictures that would be late
 * @param stuckAfter a round that takes longer has hung: the process ends
 */
public record SchedulingConfig(
    Batching batching, Duration aging, boolean checkDeadlines, Duration stuckAfter) {
  public SchedulingConfig {
    Ranges.require("--aging-seconds", aging.toSeconds(), 1, 86_400);
    Ranges.require("--stuck-seconds", stuckAfter.toSeconds(), 1, 86_400);
  }
}
