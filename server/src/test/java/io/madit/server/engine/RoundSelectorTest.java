package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.model.Bundle;
import io.madit.server.testing.Resources;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RoundSelectorTest {
  private static final Bundle ONE = Resources.bundle("pico-buffer");
  private static final Bundle TWO = Resources.bundle("pico-velocity");

  @Test
  void noCandidates_noMembers() {
    assertThat(select(10, Map.of())).isEmpty();
  }

  @Test
  void members_comeInOrderOfArrival() {
    Candidate late = new Candidate(ONE, 3, 20);
    Candidate early = new Candidate(ONE, 3, 10);
    assertThat(select(10, Map.of(), late, early)).containsExactly(early, late);
  }

  @Test
  void wideSession_isSkippedNotWaitedFor() {
    Candidate first = new Candidate(ONE, 4, 1);
    Candidate wide = new Candidate(ONE, 9, 2);
    Candidate third = new Candidate(ONE, 6, 3);
    assertThat(select(10, Map.of(), first, wide, third)).containsExactly(first, third);
  }

  @Test
  void firstSession_mayExceedTheWidth() {
    Candidate wide = new Candidate(ONE, 99, 1);
    Candidate small = new Candidate(ONE, 1, 2);
    assertThat(select(10, Map.of(), wide, small)).containsExactly(wide);
  }

  @Test
  void models_theLeastServedGoesFirst() {
    Candidate one = new Candidate(ONE, 1, 1);
    Candidate two = new Candidate(TWO, 1, 2);
    assertThat(select(10, Map.of(ONE, 5L, TWO, 4L), one, two)).containsExactly(two);
    assertThat(select(10, Map.of(ONE, 5L, TWO, 6L), one, two)).containsExactly(one);
    assertThat(select(10, Map.of(ONE, 5L), one)).containsExactly(one);
  }

  @Test
  void models_urgencyBeatsFairness() {
    Candidate low = new Candidate(ONE, 1, 1, Priority.LOW);
    Candidate high = new Candidate(TWO, 1, 2, Priority.HIGH);
    assertThat(select(10, Map.of(ONE, 0L, TWO, 99L), low, high)).containsExactly(high);
  }

  @Test
  void lowerClasses_fillTheWidth() {
    Candidate low = new Candidate(ONE, 3, 1, Priority.LOW);
    Candidate high = new Candidate(ONE, 3, 2, Priority.HIGH);
    assertThat(select(6, Map.of(), low, high)).containsExactly(high, low);
    assertThat(select(5, Map.of(), low, high)).containsExactly(high);
  }

  private static List<Candidate> select(
      int width, Map<Bundle, Long> served, Candidate... candidates) {
    return RoundSelector.select(
        List.of(candidates),
        new SessionOrder(1000, 1000),
        100,
        new RoundSelector.Limits(Map.of(ONE, width, TWO, width), served));
  }

  private record Candidate(Bundle model, int rows, long arrivalNanos, Priority priority)
      implements RoundSelector.Candidate {
    Candidate(Bundle model, int rows, long arrivalNanos) {
      this(model, rows, arrivalNanos, Priority.NORMAL);
    }

    @Override
    public OptionalLong deadlineNanos() {
      return OptionalLong.empty();
    }
  }
}
