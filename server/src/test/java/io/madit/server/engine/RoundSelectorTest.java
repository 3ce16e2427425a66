package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.model.Bundle;
import io.madit.server.testing.Resources;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RoundSelectorTest {
  private static final Bundle ONE = Resources.bundle("pico-buffer");
  private static final Bundle TWO = Resources.bundle("pico-velocity");

  @Test
  void noCandidates_noMembers() {
    assertThat(select(10, Optional.of(ONE))).isEmpty();
  }

  @Test
  void members_comeInOrderOfArrival() {
    Candidate late = new Candidate(ONE, 3, 20);
    Candidate early = new Candidate(ONE, 3, 10);
    assertThat(select(10, Optional.empty(), late, early)).containsExactly(early, late);
  }

  @Test
  void wideSession_isSkippedNotWaitedFor() {
    Candidate first = new Candidate(ONE, 4, 1);
    Candidate wide = new Candidate(ONE, 9, 2);
    Candidate third = new Candidate(ONE, 6, 3);
    assertThat(select(10, Optional.empty(), first, wide, third)).containsExactly(first, third);
  }

  @Test
  void firstSession_mayExceedTheWidth() {
    Candidate wide = new Candidate(ONE, 99, 1);
    Candidate small = new Candidate(ONE, 1, 2);
    assertThat(select(10, Optional.empty(), wide, small)).containsExactly(wide);
  }

  @Test
  void models_takeTurns() {
    Candidate one = new Candidate(ONE, 1, 1);
    Candidate two = new Candidate(TWO, 1, 2);
    assertThat(select(10, Optional.of(ONE), one, two)).containsExactly(two);
    assertThat(select(10, Optional.of(TWO), one, two)).containsExactly(one);
    assertThat(select(10, Optional.of(ONE), one)).containsExactly(one);
  }

  @Test
  void clockOverflow_keepsTheOrder() {
    Candidate early = new Candidate(ONE, 1, Long.MAX_VALUE - 1);
    Candidate late = new Candidate(ONE, 1, Long.MIN_VALUE + 1);
    List<Candidate> members =
        RoundSelector.select(
            List.of(late, early),
            Long.MIN_VALUE + 5,
            new RoundSelector.Limits(10, Optional.empty()));
    assertThat(members).containsExactly(early, late);
  }

  private static List<Candidate> select(
      int width, Optional<Bundle> lastModel, Candidate... candidates) {
    return RoundSelector.select(
        List.of(candidates), 100, new RoundSelector.Limits(width, lastModel));
  }

  private record Candidate(Bundle model, int rows, long arrivalNanos)
      implements RoundSelector.Candidate {
    @Override
    public Priority priority() {
      return Priority.NORMAL;
    }

    @Override
    public OptionalLong deadlineNanos() {
      return OptionalLong.empty();
    }
  }
}
