package io.madit.server.engine;

import static io.madit.server.engine.EngineFixture.MILLI;
import static io.madit.server.engine.EngineFixture.ROWS;
import static io.madit.server.engine.EngineFixture.TWO;
import static io.madit.server.testing.FakeRuntime.failure;
import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.engine.EngineFixture.Request;
import io.madit.server.model.RuntimeFailure.Kind;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who gets the device, on a virtual clock. */
class SchedulingTest {
  private EngineFixture engine = new EngineFixture(EngineFixture.settings(ROWS, 64));

  @Test
  void higherClass_takesOverAtTheNextRoundAndTheOtherGoesOn() {
    engine.submit(new Request(1).rounds(4).priority(Priority.LOW));
    engine.step();
    engine.submit(new Request(2).rounds(2).priority(Priority.HIGH));
    engine.drain();
    assertThat(engine.one.rounds)
        .containsExactly(
            List.of(1L), List.of(2L), List.of(2L), List.of(1L), List.of(1L), List.of(1L));
  }

  @Test
  void earlierDeadline_goesFirst() {
    engine.submit(new Request(1).rounds(2).deadline(9_000 * MILLI));
    engine.submit(new Request(2).rounds(2).deadline(5_000 * MILLI));
    engine.drain();
    assertThat(engine.one.rounds)
        .containsExactly(List.of(2L), List.of(2L), List.of(1L), List.of(1L));
  }

  @Test
  void lowClass_isNotStarvedByAStreamOfUrgentOnes() {
    Request low = new Request(1).priority(Priority.LOW);
    engine.submit(low);
    for (int i = 2; !low.last().equals("finished"); i++) {
      engine.submit(
          new Request(i)
              .rounds(4)
              .priority(Priority.HIGH)
              .deadline(engine.now + 1_000_000 * MILLI));
      engine.step();
      assertThat(engine.now).isLessThan(100_000 * MILLI);
    }
    assertThat(engine.now).isGreaterThan(20_000 * MILLI); // two classes up take two ages
    engine.drain();
  }

  @Test
  void models_shareTheDeviceByTime() {
    engine = new EngineFixture(EngineFixture.settings(8 * ROWS, 64));
    engine.two.onRound = tasks -> engine.now += 20 * MILLI;
    engine.submit(new Request(1).rounds(16));
    engine.submit(new Request(2).rounds(16).model(TWO));
    while (engine.one.rounds.size() < 12) {
      engine.step();
    }
    // A round of the second costs four of the first.
    assertThat(engine.two.rounds.size()).isBetween(2, 4);
    engine.drain();
  }

  @Test
  void usefulWidth_limitsTheRound() {
    engine = new EngineFixture(EngineFixture.settings(64 * ROWS, 64));
    // Each picture costs its own rows and nothing else; guided ones run the transformer twice.
    engine.one.onRound =
        tasks ->
            tasks.forEach(task -> engine.now += (task.round().guidance() == 1 ? 5 : 10) * MILLI);
    engine.calibrate();
    IntStream.rangeClosed(1, 4).forEach(i -> engine.submit(new Request(i).rounds(2)));
    engine.drain();
    // The device is saturated by one picture: together all would be late. Two are always tried.
    assertThat(engine.one.rounds)
        .containsExactly(List.of(1L, 2L), List.of(1L, 2L), List.of(3L, 4L), List.of(3L, 4L));
  }

  @Test
  void wideRounds_whereTheyPay() {
    engine = new EngineFixture(EngineFixture.settings(64 * ROWS, 64));
    engine.calibrate();
    IntStream.rangeClosed(1, 6).forEach(i -> engine.submit(new Request(i).rounds(8)));
    engine.drain();
    assertThat(engine.one.rounds).anyMatch(members -> members.size() == 6);
  }

  @Test
  void burstOfDecodes_doesNotStallTheOthers() {
    engine = new EngineFixture(EngineFixture.settings(64 * ROWS, 64));
    engine.one.onDecode = () -> engine.now += 50 * MILLI;
    engine.submit(new Request(99).rounds(16));
    engine.drain(); // the last round's length is known now
    Request running = new Request(100).rounds(16);
    engine.submit(running);
    IntStream.rangeClosed(1, 8).forEach(i -> engine.submit(new Request(i).rounds(1)));
    engine.step();
    long longest = 0;
    while (!running.last().equals("finished")) {
      long before = engine.now;
      engine.step();
      longest = Math.max(longest, engine.now - before);
    }
    assertThat(longest).isLessThan(2 * 50 * MILLI);
    engine.drain();
  }

  @Test
  void previews_giveWayWhenTimeIsShort() {
    engine = new EngineFixture(EngineFixture.settings(64 * ROWS, 64));
    engine.one.onDecode = () -> engine.now += 40 * MILLI;
    Request picture = new Request(1).rounds(16).previewEvery(1);
    engine.submit(picture);
    engine.drain();
    long previews = picture.listener.events.stream().filter(e -> e.startsWith("preview")).count();
    assertThat(previews).isBetween(1L, 5L); // 15 are due, half of the time pays for two or three
  }

  @Test
  void hopelessSession_isGivenUpBeforeItsDeadline() {
    engine.calibrate();
    Request late = new Request(1).rounds(16).deadline(engine.now + 30 * MILLI);
    engine.submit(late);
    engine.step();
    assertThat(late.last()).isEqualTo("failed DEADLINE_EXCEEDED");
    assertThat(engine.one.rounds).isEmpty();
  }

  @Test
  void wholeRequestBatching_letsNobodyJoin() {
    engine = new EngineFixture(EngineFixture.settings(8 * ROWS, 64, Batching.WHOLE_REQUEST));
    Request shorter = new Request(1).rounds(1);
    engine.submit(shorter);
    engine.submit(new Request(2).rounds(3));
    engine.step();
    engine.submit(new Request(3).rounds(1));
    engine.step();
    assertThat(shorter.last()).isEqualTo("started"); // its answer waits for the batch
    engine.drain();
    assertThat(engine.one.rounds)
        .containsExactly(List.of(1L, 2L), List.of(2L), List.of(2L), List.of(3L));
  }

  @Test
  void outOfMemory_makesLaterRoundsNarrower() {
    engine = new EngineFixture(EngineFixture.settings(8 * ROWS, 64));
    engine.one.onRound =
        tasks -> {
          if (tasks.size() > 2) {
            throw failure(Kind.OUT_OF_MEMORY);
          }
          engine.now += 5 * MILLI;
        };
    IntStream.rangeClosed(1, 4).forEach(i -> engine.submit(new Request(i).rounds(3)));
    while (!engine.one.rounds.stream().anyMatch(members -> members.size() == 2)) {
      engine.step();
    }
    int[] failures = {0};
    engine.one.onRound =
        tasks -> {
          failures[0] += tasks.size() > 2 ? 1 : 0;
          engine.now += 5 * MILLI;
        };
    engine.drain();
    assertThat(failures[0]).isZero();
    assertThat(engine.counters.snapshot().finished()).isEqualTo(4);
  }

  @Test
  void workLeft_isReportedAndFalls() {
    engine.calibrate();
    double[] last = {Double.POSITIVE_INFINITY};
    int[] reports = {0};
    Request request = new Request(1).rounds(4);
    request.listener.onWorkLeft =
        seconds -> {
          assertThat(seconds).isLessThan(last[0]);
          last[0] = seconds;
          reports[0]++;
        };
    engine.submit(request);
    engine.drain();
    assertThat(reports[0]).isEqualTo(4);
    assertThat(last[0]).isPositive(); // the decode
  }
}
