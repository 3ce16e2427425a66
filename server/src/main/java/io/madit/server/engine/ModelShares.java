package io.madit.server.engine;

import io.madit.server.model.Bundle;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Device time that each model has had, for fair turns. A model that comes back after a pause begins
 * where the least served busy one stands: what it did not use is not saved up.
 */
final class ModelShares {
  private final Map<Bundle, Long> served = new HashMap<>();
  private Set<Bundle> busy = Set.of();

  /** Least served time among busy models; never falls. */
  private long floor;

  /** Tells which models have work now. */
  void update(Set<Bundle> nowBusy) {
    nowBusy.stream()
        .filter(busy::contains)
        .mapToLong(model -> served.getOrDefault(model, 0L))
        .min()
        .ifPresent(least -> floor = Math.max(floor, least));
    for (Bundle model : nowBusy) {
      if (!busy.contains(model)) {
        served.merge(model, floor, Math::max);
      }
    }
    busy = Set.copyOf(nowBusy);
  }

  void add(Bundle model, long nanos) {
    served.merge(model, nanos, Long::sum);
  }

  Map<Bundle, Long> served() {
    return served;
  }
}
