package io.madit.server.engine;

import static io.madit.server.testing.FakeRuntime.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.RuntimeFailure;
import io.madit.server.model.RuntimeFailure.Kind;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.GuidanceSchedule;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealPlanner;
import io.madit.server.reveal.RevealSchedule;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.reveal.UserPlan;
import io.madit.server.testing.FakeRuntime;
import io.madit.server.testing.RecordingListener;
import io.madit.server.testing.Resources;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The engine's decisions without threads, tensors or time. */
class EngineLoopTest {
  private static final Bundle BUNDLE = Resources.bundle("pico-buffer");
  private static final int ROWS = 32; // 16 condition slots and 16 patches

  private final FakeRuntime runtime = new FakeRuntime(BUNDLE);
  private final EngineCounters counters = new EngineCounters();
  private long now;
  private EngineLoop loop = loop(EngineFixture.settings(8 * ROWS, 8));

  @AfterEach
  void nothingIsLeft() {
    loop.failAll(EngineFailure.SHUTTING_DOWN, "test over");
    assertThat(loop.idle()).isTrue();
    assertThat(runtime.liveArrays()).isZero();
    assertThat(counters.snapshot().queuedSessions()).isZero();
    assertThat(counters.snapshot().queuedTokenizations()).isZero();
    assertThat(counters.snapshot().liveSessions()).isZero();
  }

  @Test
  void session_hearsEverythingInOrder() {
    RecordingListener listener = new RecordingListener();
    submit(1, 4, 2, OptionalLong.empty(), listener);
    drain();
    assertThat(listener.events)
        .containsExactly(
            "started",
            "round 1/4 visible 2",
            "round 2/4 visible 5",
            "preview 2",
            "round 3/4 visible 10",
            "round 4/4 visible 16",
            "finished");
  }

  @Test
  void sessions_joinAtTheNextRound() {
    submit(1, 3);
    loop.step();
    submit(2, 3);
    drain();
    assertThat(runtime.rounds)
        .containsExactly(List.of(1L), List.of(1L, 2L), List.of(1L, 2L), List.of(2L));
  }

  @Test
  void widthLimit_letsTheOldestGoFirst() {
    loop = loop(EngineFixture.settings(2 * ROWS, 8));
    submit(1, 1);
    submit(2, 1);
    submit(3, 1);
    drain();
    assertThat(runtime.rounds).containsExactly(List.of(1L, 2L), List.of(3L));
  }

  @Test
  void sessionsBeyondTheWidth_stayInTheQueueWithoutState() {
    loop = loop(EngineFixture.settings(ROWS, 8));
    submit(1, 2);
    submit(2, 1);
    loop.step();
    assertThat(counters.snapshot().queuedSessions()).isEqualTo(1);
    assertThat(runtime.liveArrays()).isEqualTo(1);
    drain();
    assertThat(counters.snapshot().finished()).isEqualTo(2);
  }

  @Test
  void cancel_stopsAtTheNextBoundary() {
    RecordingListener listener = new RecordingListener();
    LiveSession session = submit(1, 4, 0, OptionalLong.empty(), listener);
    submit(2, 2);
    loop.step();
    session.cancel();
    drain();
    assertThat(listener.events)
        .containsExactly("started", "round 1/4 visible 2", "failed CANCELLED");
    assertThat(runtime.rounds).containsExactly(List.of(1L, 2L), List.of(2L));
  }

  @Test
  void cancelInTheQueue_neverOpens() {
    RecordingListener listener = new RecordingListener();
    submit(1, 4, 0, OptionalLong.empty(), listener).cancel();
    drain();
    assertThat(listener.events).containsExactly("failed CANCELLED");
  }

  @Test
  void deadline_stopsAtTheNextBoundary() {
    RecordingListener listener = new RecordingListener();
    submit(1, 4, 0, OptionalLong.of(100), listener);
    loop.step();
    now = 100;
    drain();
    assertThat(listener.events)
        .containsExactly("started", "round 1/4 visible 2", "failed DEADLINE_EXCEEDED");
  }

  @Test
  void failedRound_endsOnlyTheCulprit() {
    runtime.onRound =
        tasks -> {
          if (tasks.stream().anyMatch(task -> task.seed() == 3)) {
            throw failure(Kind.SCRIPT);
          }
        };
    RecordingListener culprit = new RecordingListener();
    submit(1, 1);
    submit(2, 1);
    submit(3, 1, 0, OptionalLong.empty(), culprit);
    submit(4, 1);
    drain();
    assertThat(culprit.events).containsExactly("started", "failed MODEL_ERROR");
    assertThat(runtime.rounds).containsExactly(List.of(1L, 2L), List.of(4L));
    assertThat(counters.snapshot().finished()).isEqualTo(3);
  }

  @Test
  void outOfMemory_splitsTheBatch() {
    runtime.onRound =
        tasks -> {
          if (tasks.size() > 2) {
            throw failure(Kind.OUT_OF_MEMORY);
          }
        };
    submit(1, 1);
    submit(2, 1);
    submit(3, 1);
    drain();
    assertThat(runtime.rounds).containsExactly(List.of(1L), List.of(2L, 3L));
    assertThat(counters.snapshot().finished()).isEqualTo(3);
  }

  @Test
  void failedCondition_endsOnlyThatSession() {
    runtime.onOpen =
        visual -> {
          if (((VisualInput.TokenIds) visual).ids()[0] == 3) {
            throw failure(Kind.OUT_OF_MEMORY);
          }
        };
    RecordingListener culprit = new RecordingListener();
    submit(3, 1, 0, OptionalLong.empty(), culprit);
    submit(4, 1);
    drain();
    assertThat(culprit.events).containsExactly("failed OUT_OF_MEMORY");
    assertThat(counters.snapshot().finished()).isEqualTo(1);
  }

  @Test
  void failedDecode_endsOnlyThatSession() {
    submit(1, 1);
    submit(2, 1);
    int[] calls = {0};
    runtime.onDecode =
        () -> {
          if (calls[0]++ == 0) {
            throw failure(Kind.SCRIPT);
          }
        };
    drain();
    assertThat(counters.snapshot().failed()).isEqualTo(1);
    assertThat(counters.snapshot().finished()).isEqualTo(1);
  }

  @Test
  void brokenDevice_endsTheSessionAndTheLoop() {
    runtime.onRound =
        tasks -> {
          throw failure(Kind.DEVICE_BROKEN);
        };
    RecordingListener listener = new RecordingListener();
    submit(1, 1, 0, OptionalLong.empty(), listener);
    assertThatThrownBy(() -> loop.step()).isInstanceOf(RuntimeFailure.class);
    assertThat(listener.events).containsExactly("started", "failed ENGINE_DEAD");
  }

  @Test
  void throwingListener_harmsNobody() {
    SessionListener bad =
        new SessionListener() {
          @Override
          public void onFinished(DetokenizeResult result) {
            throw new IllegalStateException("from a test");
          }

          @Override
          public void onFailed(EngineFailure failure, String message) {}
        };
    submit(1, 1, 0, OptionalLong.empty(), bad);
    submit(2, 1);
    drain();
    assertThat(counters.snapshot().finished()).isEqualTo(2);
  }

  @Test
  void tokenize_answersAndFailsAlone() {
    CompletableFuture<TokenizeResult> good = tokenize(OptionalLong.empty());
    CompletableFuture<TokenizeResult> late = tokenize(OptionalLong.of(0));
    loop.step();
    loop.step();
    runtime.onEncode =
        () -> {
          throw failure(Kind.SCRIPT);
        };
    CompletableFuture<TokenizeResult> bad = tokenize(OptionalLong.empty());
    drain();
    assertThat(good).isCompleted();
    assertFailed(late, EngineFailure.DEADLINE_EXCEEDED);
    assertFailed(bad, EngineFailure.MODEL_ERROR);
  }

  @Test
  void timings_addUp() throws Exception {
    runtime.onOpen = visual -> now += 5;
    runtime.onRound = tasks -> now += 10;
    runtime.onDecode = () -> now += 20;
    RecordingListener listener = new RecordingListener();
    submit(1, 2, 0, OptionalLong.empty(), listener);
    now = 100;
    drain();
    assertThat(listener.result().timings()).isEqualTo(new Timings(100, 5, 20, 20, 2));
  }

  private EngineLoop loop(EngineSettings settings) {
    return new EngineLoop(
        Map.of(BUNDLE, new LoadedModel(BUNDLE, runtime)),
        settings,
        counters,
        EngineEvents.NONE,
        () -> now);
  }

  private void drain() {
    while (!loop.idle()) {
      loop.step();
    }
  }

  private void submit(int seed, int rounds) {
    submit(seed, rounds, 0, OptionalLong.empty(), new RecordingListener());
  }

  private LiveSession submit(
      int seed, int rounds, int previewEvery, OptionalLong deadline, SessionListener listener) {
    int[] ids = new int[16];
    ids[0] = seed;
    SamplingSettings sampling =
        new SamplingSettings(
            rounds,
            1,
            1,
            GuidanceSchedule.CONSTANT,
            RevealOrder.RASTER,
            RevealSchedule.COSINE,
            false,
            1,
            1,
            UserPlan.NONE);
    DetokenizeCommand command =
        new DetokenizeCommand(
            BUNDLE,
            new VisualInput.TokenIds(ids),
            TextConditioning.NONE,
            seed,
            sampling,
            true,
            false,
            false,
            previewEvery,
            true,
            deadline,
            Priority.NORMAL);
    LiveSession session =
        new LiveSession(
            command,
            listener,
            Optional.of(
                RevealPlanner.compile(
                    sampling, BUNDLE.manifest().grid().places(), ids, BUNDLE.codewordKl(), seed)),
            now);
    counters.queuedSessions.incrementAndGet();
    loop.accept(session);
    return session;
  }

  private CompletableFuture<TokenizeResult> tokenize(OptionalLong deadline) {
    int width = BUNDLE.manifest().image().width();
    int height = BUNDLE.manifest().image().height();
    RgbPicture picture = new RgbPicture(width, height, new byte[3 * width * height]);
    PendingTokenize pending =
        new PendingTokenize(
            new TokenizeCommand(BUNDLE, new EncoderInput.Rgb(picture), deadline),
            new CompletableFuture<>(),
            now);
    counters.queuedTokenizations.incrementAndGet();
    loop.accept(pending);
    return pending.future();
  }

  private static void assertFailed(CompletableFuture<?> future, EngineFailure failure) {
    assertThat(future)
        .isCompletedExceptionally()
        .failsWithin(Duration.ZERO)
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(EngineException.class)
        .extracting(e -> ((EngineException) e.getCause()).failure())
        .isEqualTo(failure);
  }
}
