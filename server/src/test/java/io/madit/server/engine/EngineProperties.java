package io.madit.server.engine;

import static io.madit.server.engine.EngineFixture.MILLI;
import static io.madit.server.engine.EngineFixture.ONE;
import static io.madit.server.engine.EngineFixture.ROWS;
import static io.madit.server.engine.EngineFixture.TWO;
import static io.madit.server.testing.FakeRuntime.failure;
import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.engine.EngineFixture.Request;
import io.madit.server.model.RoundTask;
import io.madit.server.model.RuntimeFailure.Kind;
import io.madit.server.testing.FakeRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Random arrivals, cancellations, deadlines and faults on a virtual clock, against what must always
 * hold: each session ends exactly once and frees its state, and no round leaves a more urgent
 * session behind.
 */
class EngineProperties {
  /** Opening members after they have been chosen takes less than this. */
  private static final long SINCE_CHOICE = 100 * MILLI;

  /** One thing that happens. */
  interface Action extends Consumer<World> {}

  @Property(tries = 300)
  void whateverHappens_everySessionEndsOnceAndNothingIsLeft(
      @ForAll("histories") List<Action> history) {
    World world = new World();
    history.forEach(action -> action.accept(world));
    world.engine.drain();
    world.requests.forEach(World::assertEndedOnce);
    assertThat(world.engine.one.liveArrays() + world.engine.two.liveArrays()).isZero();
    EngineStats stats = world.engine.counters.snapshot();
    assertThat(stats.queuedSessions()).isZero();
    assertThat(stats.liveSessions()).isZero();
    assertThat(stats.finished() + stats.failed()).isEqualTo(world.requests.size());
  }

  @Property(tries = 100)
  void whateverArrives_theOldestNeverWaitsForever(@ForAll("arrivals") List<Action> arrivals) {
    World world = new World();
    Request low = new Request(0).rounds(3).priority(Priority.LOW);
    world.submit(low);
    // Urgent pictures keep arriving as fast as they are drawn.
    for (int i = 0; !low.last().equals("finished"); i++) {
      arrivals.get(i % arrivals.size()).accept(world);
      world.engine.step();
      assertThat(world.engine.now).isLessThan(90_000 * MILLI);
    }
    world.engine.drain();
  }

  @Provide
  Arbitrary<List<Action>> histories() {
    return Arbitraries.oneOf(
            requests(), requests(), cancels(), steps(), steps(), pauses(), faults())
        .list()
        .ofMaxSize(60);
  }

  @Provide
  Arbitrary<List<Action>> arrivals() {
    return requests().list().ofMinSize(1).ofMaxSize(20);
  }

  private static Arbitrary<Action> requests() {
    return Combinators.combine(
            Arbitraries.of(Priority.class),
            Arbitraries.integers().between(1, 16),
            Arbitraries.longs().between(-20, 400),
            Arbitraries.integers().between(0, 3),
            Arbitraries.of(true, false))
        .as(
            (priority, rounds, deadline, preview, first) ->
                world -> {
                  Request request =
                      new Request(world.requests.size() + 1)
                          .priority(priority)
                          .rounds(rounds)
                          .previewEvery(preview)
                          .model(first ? ONE : TWO);
                  if (deadline > 0) {
                    request.deadline(world.engine.now + deadline * MILLI);
                  }
                  world.submit(request);
                });
  }

  private static Arbitrary<Action> cancels() {
    return Arbitraries.integers()
        .between(0, 59)
        .map(
            i ->
                world -> {
                  if (!world.sessions.isEmpty()) {
                    world.sessions.get(i % world.sessions.size()).cancel();
                  }
                });
  }

  private static Arbitrary<Action> steps() {
    return Arbitraries.integers()
        .between(1, 8)
        .map(
            n ->
                world -> {
                  for (int i = 0; i < n; i++) {
                    world.engine.step();
                  }
                });
  }

  private static Arbitrary<Action> pauses() {
    return Arbitraries.longs()
        .between(1, 15_000)
        .map(ms -> world -> world.engine.now += ms * MILLI);
  }

  /** The next call of one kind fails. */
  private static Arbitrary<Action> faults() {
    return Combinators.combine(
            Arbitraries.of("open", "round", "decode"),
            Arbitraries.of(Kind.SCRIPT, Kind.OUT_OF_MEMORY))
        .as((call, kind) -> world -> world.faults.put(call, kind));
  }

  /** An engine with two models, its sessions, and the faults to come. */
  private static final class World {
    final EngineFixture engine = new EngineFixture(EngineFixture.settings(4 * ROWS, 1000));
    final List<Request> requests = new ArrayList<>();
    final List<LiveSession> sessions = new ArrayList<>();
    final Map<String, Kind> faults = new HashMap<>();

    /** A batch that fails is tried in parts, which need not hold the most urgent one. */
    private int checkedStep = -1;

    World() {
      for (FakeRuntime runtime : List.of(engine.one, engine.two)) {
        runtime.onOpen = visual -> work("open", MILLI);
        runtime.onDecode = () -> work("decode", 3 * MILLI);
        runtime.onRound =
            tasks -> {
              if (engine.steps != checkedStep) {
                checkedStep = engine.steps;
                assertMostUrgent(tasks);
              }
              work("round", (4 + tasks.size()) * MILLI);
            };
      }
    }

    void submit(Request request) {
      requests.add(request);
      sessions.add(engine.submit(request));
    }

    private void work(String call, long nanos) {
      engine.now += nanos;
      Kind fault = faults.remove(call);
      if (fault != null) {
        checkedStep = engine.steps; // whom the fault hits may have been the most urgent member
        throw failure(fault);
      }
    }

    /** No open session that waits is of a more urgent class than every member. */
    private void assertMostUrgent(List<RoundTask> tasks) {
      SessionOrder order = EngineFixture.settings(1, 1).order();
      Set<Long> members = new HashSet<>();
      tasks.forEach(task -> members.add(task.seed()));
      int best = Integer.MAX_VALUE;
      int waiting = Integer.MAX_VALUE;
      for (LiveSession session : sessions) {
        if (session.isOpen() && session.hasRoundsLeft()) {
          if (members.contains(session.command().seed())) {
            best = Math.min(best, order.effectiveClass(session, engine.now));
          } else {
            waiting = Math.min(waiting, order.effectiveClass(session, engine.now - SINCE_CHOICE));
          }
        }
      }
      assertThat(best).isLessThanOrEqualTo(waiting);
    }

    static void assertEndedOnce(Request request) {
      long ends =
          request.listener.events.stream()
              .filter(event -> event.equals("finished") || event.startsWith("failed"))
              .count();
      assertThat(ends).isEqualTo(1);
      assertThat(request.last()).matches("finished|failed .*");
    }
  }
}
