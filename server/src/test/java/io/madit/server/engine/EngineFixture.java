package io.madit.server.engine;

import io.madit.server.model.Bundle;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import io.madit.server.testing.FakeRuntime;
import io.madit.server.testing.RecordingListener;
import io.madit.server.testing.Resources;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * An engine loop on a virtual clock: opening takes 1 ms, a round 4 ms and 1 ms for each member, a
 * decode 3 ms.
 */
final class EngineFixture {
  static final Bundle ONE = Resources.bundle("pico-buffer");
  static final Bundle TWO = Resources.bundle("pico-velocity");

  /** Decoder rows of a picture of {@link #ONE}: 16 condition slots and 16 patches. */
  static final int ROWS = 32;

  static final long MILLI = 1_000_000;

  final FakeRuntime one = new FakeRuntime(ONE);
  final FakeRuntime two = new FakeRuntime(TWO);
  final EngineCounters counters = new EngineCounters();
  final Map<Bundle, LoadedModel> models = new LinkedHashMap<>();
  final EngineLoop loop;
  long now;

  /** Boundaries so far. */
  int steps;

  EngineFixture(EngineSettings settings) {
    models.put(ONE, new LoadedModel(ONE, one));
    models.put(TWO, new LoadedModel(TWO, two));
    for (FakeRuntime runtime : new FakeRuntime[] {one, two}) {
      runtime.onOpen = visual -> now += MILLI;
      runtime.onRound = tasks -> now += (4 + tasks.size()) * MILLI;
      runtime.onDecode = () -> now += 3 * MILLI;
    }
    loop = new EngineLoop(models, settings, counters, EngineEvents.NONE, () -> now);
  }

  static EngineSettings settings(int maxPackedRows, int maxQueued) {
    return settings(maxPackedRows, maxQueued, Batching.CONTINUOUS);
  }

  static EngineSettings settings(int maxPackedRows, int maxQueued, Batching batching) {
    return new EngineSettings(
        maxPackedRows,
        maxQueued,
        maxQueued,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        true,
        batching);
  }

  /** Measures, so that costs are known. */
  void calibrate() {
    for (LoadedModel model : models.values()) {
      new Calibration(model, () -> now, () -> true).run(8 * ROWS, Duration.ofHours(1));
      model.publishCosts();
    }
    one.rounds.clear();
    two.rounds.clear();
  }

  LiveSession submit(Request request) {
    DetokenizeCommand command = request.command();
    LiveSession session = new LiveSession(command, request.listener, command.plan(), now);
    counters.queuedSessions.incrementAndGet();
    loop.accept(session);
    return session;
  }

  void step() {
    steps++;
    loop.step();
  }

  void drain() {
    while (!loop.idle()) {
      step();
    }
  }

  /** A picture to ask for; everything but the seed has a default. */
  static final class Request {
    final RecordingListener listener = new RecordingListener();
    private final int seed;
    private Bundle model = ONE;
    private int rounds = 1;
    private int previewEvery;
    private OptionalLong deadline = OptionalLong.empty();
    private Priority priority = Priority.NORMAL;

    Request(int seed) {
      this.seed = seed;
    }

    Request model(Bundle value) {
      model = value;
      return this;
    }

    Request rounds(int value) {
      rounds = value;
      return this;
    }

    Request previewEvery(int value) {
      previewEvery = value;
      return this;
    }

    Request deadline(long nanos) {
      deadline = OptionalLong.of(nanos);
      return this;
    }

    Request priority(Priority value) {
      priority = value;
      return this;
    }

    /** The last thing its listener heard; "nothing" before. */
    String last() {
      return listener.events.isEmpty()
          ? "nothing"
          : listener.events.get(listener.events.size() - 1);
    }

    private DetokenizeCommand command() {
      int[] ids = new int[model.manifest().tokens().count()];
      SamplingSettings sampling =
          new SamplingSettings(
              rounds,
              1,
              1,
              GuidanceSchedule.CONSTANT,
              RevealOrder.RASTER,
              RevealSchedule.LINEAR,
              false,
              1,
              1,
              UserPlan.NONE);
      return new DetokenizeCommand(
          model,
          new VisualInput.TokenIds(ids),
          TextConditioning.NONE,
          seed,
          sampling,
          true,
          false,
          false,
          previewEvery,
          false,
          deadline,
          priority);
    }
  }
}
