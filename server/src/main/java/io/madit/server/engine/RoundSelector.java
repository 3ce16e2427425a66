package io.madit.server.engine;

import io.madit.server.model.Bundle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Chooses the members of the next packed round: a pure function of sessions, clock and limits. */
final class RoundSelector {
  /** What the choice may depend on. */
  interface Candidate {
    Bundle model();

    /** Decoder rows of its next round. */
    int rows();

    Priority priority();

    OptionalLong deadlineNanos();

    long arrivalNanos();
  }

  /**
   * Limits of one round.
   *
   * @param maxPackedRows useful width; the first member may exceed it
   * @param lastModel served by the round before; another model with work goes first, so that models
   *     take turns
   */
  record Limits(int maxPackedRows, Optional<Bundle> lastModel) {}

  private RoundSelector() {}

  /**
   * Members in order of arrival, all of one model; a session that does not fit is skipped, not
   * waited for. Empty only if there are no candidates.
   */
  static <T extends Candidate> List<T> select(List<T> candidates, long nowNanos, Limits limits) {
    List<T> ordered = new ArrayList<>(candidates);
    // Differences, because nanoTime may overflow.
    ordered.sort(Comparator.comparingLong(c -> c.arrivalNanos() - nowNanos));
    Optional<Bundle> model =
        ordered.stream()
            .map(Candidate::model)
            .filter(m -> limits.lastModel().filter(last -> last == m).isEmpty())
            .findFirst()
            .or(limits::lastModel);
    List<T> members = new ArrayList<>();
    int rows = 0;
    for (T candidate : ordered) {
      boolean fits = members.isEmpty() || rows + candidate.rows() <= limits.maxPackedRows();
      if (fits && model.filter(m -> m == candidate.model()).isPresent()) {
        members.add(candidate);
        rows += candidate.rows();
      }
    }
    return members;
  }
}
