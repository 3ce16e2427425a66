package io.madit.load;

import java.time.Duration;
import java.util.List;

/** What a server can do at most: answers per second with many requests always under way. */
final class Capacity {
  /** Long enough to never matter. */
  private static final Duration NO_DEADLINE = Duration.ofHours(1);

  private Capacity() {}

  /**
   * Measures after a fifth as many requests to warm up.
   *
   * @return answers per second
   */
  static double measure(Caller caller, WorkloadOptions options, int requests, int concurrency) {
    Workload workload = options.workload(caller, NO_DEADLINE);
    Loops.closed(caller, workload, Math.max(1, requests / 5), concurrency, sent -> {});
    List<Outcome> outcomes;
    try (Progress progress = new Progress("capacity", requests)) {
      outcomes = Loops.closed(caller, workload, requests, concurrency, progress);
    }
    Tally tally = Tally.of(outcomes, NO_DEADLINE.toNanos());
    if (tally.counts().getOrDefault("OK", 0) != requests) {
      throw new IllegalStateException("the capacity run had errors: " + tally.counts());
    }
    return tally.goodPerSecond();
  }
}
