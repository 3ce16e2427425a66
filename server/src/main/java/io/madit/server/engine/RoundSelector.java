package io.madit.server.engine;

import io.madit.server.model.Bundle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Chooses the members of the next packed round: a pure function of sessions, clock and limits. */
final class RoundSelector {
  /** What the choice may depend on. */
  interface Candidate extends SessionOrder.Ordered {
    Bundle model();

    /** Decoder rows of its next round. */
    int rows();
  }

  /**
   * Limits of one round.
   *
   * @param widths most rows per model; the first member may exceed them
   * @param servedNanos what the device has done for each model; where two models have equally
   *     urgent work, the one that has had less goes first
   */
  record Limits(Map<Bundle, Integer> widths, Map<Bundle, Long> servedNanos) {}

  private RoundSelector() {}

  /**
   * Members, most urgent first, all of one model; a session that does not fit is skipped, not
   * waited for. Empty only if there are no candidates.
   */
  static <T extends Candidate> List<T> select(
      List<T> candidates, SessionOrder order, long nowNanos, Limits limits) {
    if (candidates.isEmpty()) {
      return List.of();
    }
    List<T> ordered = new ArrayList<>(candidates);
    ordered.sort(order.at(nowNanos));
    Bundle model = model(ordered, order, nowNanos, limits);
    int width = limits.widths().getOrDefault(model, Integer.MAX_VALUE);
    List<T> members = new ArrayList<>();
    long rows = 0;
    for (T candidate : ordered) {
      boolean fits = members.isEmpty() || rows + candidate.rows() <= width;
      if (fits && candidate.model() == model) {
        members.add(candidate);
        rows += candidate.rows();
      }
    }
    return members;
  }

  /** Of the models with work of the most urgent class, the one that has had least of the device. */
  private static <T extends Candidate> Bundle model(
      List<T> ordered, SessionOrder order, long nowNanos, Limits limits) {
    int urgent = order.effectiveClass(ordered.get(0), nowNanos);
    return ordered.stream()
        .filter(candidate -> order.effectiveClass(candidate, nowNanos) == urgent)
        .map(RoundSelector.Candidate::model)
        .min(Comparator.comparingLong(m -> limits.servedNanos().getOrDefault(m, 0L)))
        .orElseThrow();
  }
}
