package io.madit.server.engine;

import static io.madit.server.testing.FakeRuntime.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.DjlRuntimeLoader;
import io.madit.server.model.EncoderInput;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.RuntimeFailure;
import io.madit.server.model.RuntimeFailure.Kind;
import io.madit.server.model.TorchDevice;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.RecordingListener;
import io.madit.server.testing.Resources;
import io.madit.server.testing.Safetensors;
import io.madit.server.testing.WatchedRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Faults between the engine and the real model: what survives them is still drawn right. */
@Timeout(120)
class RealFaultsTest {
  private static final Bundle BUNDLE = Resources.bundle("pico-buffer");
  private static final List<GoldenCase> CASES = GoldenCase.of("pico-buffer");
  private static final int TOGETHER = 8;

  private WatchedRuntime runtime;

  @Test
  void outOfMemory_splitsTheBatchAndChangesNoPicture() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    try (Engine engine = start()) {
      runtime.onRound =
          tasks -> {
            if (tasks.size() > 3) {
              failures.incrementAndGet();
              throw failure(Kind.OUT_OF_MEMORY);
            }
          };
      for (Drawn drawn : drawTogether(engine)) {
        drawn.assertRight();
      }
      assertThat(failures.get()).isPositive();
      assertThat(engine.stats().failed()).isZero();
    }
  }

  @Test
  void scriptError_endsOnlyItsPicture() throws Exception {
    long culprit = CASES.get(2).seed();
    try (Engine engine = start()) {
      runtime.onRound =
          tasks -> {
            if (tasks.stream().anyMatch(task -> task.seed() == culprit)) {
              throw failure(Kind.SCRIPT);
            }
          };
      for (Drawn drawn : drawTogether(engine)) {
        if (drawn.golden.seed() == culprit) {
          assertThatThrownBy(drawn.listener::result).isInstanceOf(ExecutionException.class);
          assertThat(drawn.listener.events).last().isEqualTo("failed MODEL_ERROR");
        } else {
          drawn.assertRight();
        }
      }
    }
  }

  @Test
  void realScriptError_isOneAndLaterCallsWork() throws Exception {
    try (Engine engine = start()) {
      // A picture the encoder cannot fold: the script itself raises, inside libtorch.
      runtime.onRound =
          tasks -> {
            if (tasks.get(0).round().begin() == 0) {
              runtime.encode(new EncoderInput.Rgb(new RgbPicture(1, 1, new byte[3])));
            }
          };
      RecordingListener broken = new RecordingListener();
      engine.submit(CASES.get(0).command(BUNDLE), broken);
      assertThatThrownBy(broken::result).isInstanceOf(ExecutionException.class);
      assertThat(broken.events).last().isEqualTo("failed MODEL_ERROR");
      runtime.onRound = tasks -> {};
      new Drawn(CASES.get(0), submit(engine, CASES.get(0))).assertRight();
    }
  }

  @Test
  void brokenDevice_answersEverybodyAndEndsTheEngine() throws Exception {
    Engine engine = start();
    CountDownLatch all = new CountDownLatch(1);
    runtime.onRound =
        tasks -> {
          await(all);
          throw new RuntimeFailure(Kind.DEVICE_BROKEN, "injected", null);
        };
    List<RecordingListener> listeners = new ArrayList<>();
    for (GoldenCase golden : CASES) {
      listeners.add(submit(engine, golden));
    }
    all.countDown();
    assertThatThrownBy(() -> engine.terminated().get(60, TimeUnit.SECONDS))
        .hasRootCauseMessage("injected");
    for (RecordingListener listener : listeners) {
      assertThat(listener.events).last().isEqualTo("failed ENGINE_DEAD");
    }
    assertThat(engine.stats().liveSessions()).isZero();
    engine.close();
  }

  private Engine start() throws Exception {
    DjlRuntimeLoader real = new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32);
    return Engine.start(
        List.of(BUNDLE),
        bundle -> {
          runtime = new WatchedRuntime(real.load(bundle));
          return runtime;
        },
        EngineSettings.DEFAULT,
        EngineEvents.NONE);
  }

  /** Submits while the device waits, so that all share their rounds. */
  private List<Drawn> drawTogether(Engine engine) {
    CountDownLatch submitted = new CountDownLatch(1);
    runtime.onOpen = visual -> await(submitted);
    List<Drawn> drawn = new ArrayList<>();
    for (GoldenCase golden : CASES.subList(0, TOGETHER)) {
      drawn.add(new Drawn(golden, submit(engine, golden)));
    }
    submitted.countDown();
    return drawn;
  }

  private static RecordingListener submit(Engine engine, GoldenCase golden) {
    RecordingListener listener = new RecordingListener();
    engine.submit(golden.command(BUNDLE), listener);
    return listener;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private record Drawn(GoldenCase golden, RecordingListener listener) {
    /** Equal to what the reference sampler has drawn. */
    void assertRight() throws Exception {
      float[] expected =
          new Safetensors(Resources.path("golden/pico-buffer.safetensors"))
              .floats(golden.name() + "/latents");
      float[] actual = listener.result().latents().orElseThrow();
      assertThat(actual).hasSameSizeAs(expected);
      for (int i = 0; i < actual.length; i++) {
        assertThat(actual[i]).isCloseTo(expected[i], within(1e-4f));
      }
    }
  }
}
