package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.model.Bundle;
import io.madit.server.model.RuntimeFailure.Kind;
import io.madit.server.testing.FakeRuntime;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.RecordingListener;
import io.madit.server.testing.Resources;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The thread, its inbox and its end. */
@Timeout(60)
class EngineTest {
  private static final Bundle BUNDLE = Resources.bundle("pico-buffer");
  private static final DetokenizeCommand COMMAND =
      GoldenCase.of("pico-buffer").get(0).command(BUNDLE);

  private final FakeRuntime runtime = new FakeRuntime(BUNDLE);

  @Test
  void close_finishesWhatWasAdmitted() throws Exception {
    RecordingListener listener = new RecordingListener();
    Engine engine = start();
    engine.submit(COMMAND, listener);
    engine.close();
    assertThat(listener.events).last().isEqualTo("finished");
    assertThat(runtime.closed).isTrue();
    assertThat(engine.terminated()).isCompleted();
  }

  @Test
  void closeWithoutDrain_failsTheRest() throws Exception {
    CountDownLatch inRound = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    runtime.onRound =
        tasks -> {
          inRound.countDown();
          await(release);
        };
    RecordingListener listener = new RecordingListener();
    Engine engine = start();
    engine.submit(COMMAND, listener);
    inRound.await();
    Thread closer = new Thread(() -> engine.close(Duration.ZERO));
    closer.start();
    while (engine.accepting()) {
      Thread.onSpinWait();
    }
    release.countDown();
    closer.join();
    assertThat(listener.events).containsExactly("started", "failed SHUTTING_DOWN");
    assertThat(runtime.liveArrays()).isZero();
  }

  @Test
  void submitAfterClose_isRefused() throws Exception {
    Engine engine = start();
    engine.close();
    assertRefused(engine, EngineFailure.SHUTTING_DOWN);
  }

  @Test
  void fullQueue_isRefused() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch inRound = new CountDownLatch(1);
    runtime.onRound =
        tasks -> {
          inRound.countDown();
          await(release);
        };
    try (Engine engine = start()) {
      engine.submit(COMMAND, new RecordingListener());
      inRound.await();
      engine.submit(COMMAND, new RecordingListener());
      engine.submit(COMMAND, new RecordingListener());
      assertRefused(engine, EngineFailure.QUEUE_FULL);
      release.countDown();
    }
  }

  @Test
  void brokenDevice_endsTheThreadAndAllSessions() throws Exception {
    runtime.onRound =
        tasks -> {
          throw FakeRuntime.failure(Kind.DEVICE_BROKEN);
        };
    Engine engine = start();
    RecordingListener listener = new RecordingListener();
    engine.submit(COMMAND, listener);
    assertThatThrownBy(() -> engine.terminated().get(30, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class);
    assertThat(listener.events).last().isEqualTo("failed ENGINE_DEAD");
    assertRefused(engine, EngineFailure.ENGINE_DEAD);
    assertThat(engine.accepting()).isFalse();
    assertThat(engine.stats().liveSessions()).isZero();
    engine.close();
  }

  @Test
  void failedLoad_isThrownByStart() {
    assertThatThrownBy(
            () ->
                Engine.start(
                    List.of(BUNDLE),
                    bundle -> {
                      throw new IllegalStateException("no such device");
                    },
                    EngineSettings.DEFAULT,
                    EngineEvents.NONE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no such device");
  }

  @Test
  void otherModel_isRefused() throws Exception {
    Bundle other = Resources.bundle("pico-velocity");
    try (Engine engine = start()) {
      assertThatThrownBy(
              () ->
                  engine.submit(
                      GoldenCase.of("pico-velocity").get(0).command(other),
                      new RecordingListener()))
          .hasMessage("model pico-velocity@1 is not loaded");
    }
  }

  private Engine start() throws Exception {
    return Engine.start(
        List.of(BUNDLE), bundle -> runtime, EngineFixture.settings(4096, 2), EngineEvents.NONE);
  }

  private static void assertRefused(Engine engine, EngineFailure failure) {
    RecordingListener listener = new RecordingListener();
    assertThatThrownBy(() -> engine.submit(COMMAND, listener))
        .isInstanceOf(EngineException.class)
        .extracting(e -> ((EngineException) e).failure())
        .isEqualTo(failure);
    assertThat(listener.events).isEmpty();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
