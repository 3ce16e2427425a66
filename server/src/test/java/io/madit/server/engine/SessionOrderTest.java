package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SessionOrderTest {
  private static final SessionOrder ORDER = new SessionOrder(100, 1000);

  @Test
  void classes_goBeforeDeadlines() {
    Item low = new Item(Priority.LOW, OptionalLong.of(11), 0);
    Item high = new Item(Priority.HIGH, OptionalLong.empty(), 5);
    assertThat(ordered(10, low, high)).containsExactly(high, low);
  }

  @Test
  void deadlines_goBeforeArrivals() {
    Item late = new Item(Priority.NORMAL, OptionalLong.of(500), 0);
    Item soon = new Item(Priority.NORMAL, OptionalLong.of(400), 5);
    assertThat(ordered(10, late, soon)).containsExactly(soon, late);
  }

  @Test
  void arrivals_decideTheRest() {
    Item second = new Item(Priority.NORMAL, OptionalLong.empty(), 5);
    Item first = new Item(Priority.NORMAL, OptionalLong.empty(), 4);
    assertThat(ordered(10, second, first)).containsExactly(first, second);
  }

  @Test
  void waiting_raisesTheClass() {
    Item low = new Item(Priority.LOW, OptionalLong.empty(), 0);
    assertThat(ORDER.effectiveClass(low, 99)).isEqualTo(2);
    assertThat(ORDER.effectiveClass(low, 100)).isEqualTo(1);
    assertThat(ORDER.effectiveClass(low, 200)).isZero();
    assertThat(ORDER.effectiveClass(low, 100_000)).isZero();
  }

  @Test
  void anAgedOne_isFirstHoweverUrgentTheOthersAre() {
    Item old = new Item(Priority.LOW, OptionalLong.empty(), 0);
    for (long now = 0; now < 5000; now += 10) {
      Item fresh = new Item(Priority.HIGH, OptionalLong.of(now + 1), now);
      if (ordered(now, old, fresh).get(0).equals(old)) {
        assertThat(now).isLessThanOrEqualTo(1200); // two classes up, and its patience is over
        return;
      }
    }
    throw new AssertionError("starved");
  }

  @Test
  void clockOverflow_keepsTheOrder() {
    Item early = new Item(Priority.NORMAL, OptionalLong.empty(), Long.MAX_VALUE - 1);
    Item late = new Item(Priority.NORMAL, OptionalLong.empty(), Long.MIN_VALUE + 1);
    assertThat(ordered(Long.MIN_VALUE + 5, late, early)).containsExactly(early, late);
  }

  private static List<Item> ordered(long now, Item... items) {
    List<Item> ordered = new ArrayList<>(List.of(items));
    ordered.sort(ORDER.at(now));
    return ordered;
  }

  private record Item(Priority priority, OptionalLong deadlineNanos, long arrivalNanos)
      implements SessionOrder.Ordered {}
}
