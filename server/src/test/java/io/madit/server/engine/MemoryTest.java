package io.madit.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.model.Bundle;
import io.madit.server.model.DjlRuntimeLoader;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import io.madit.server.testing.GoldenCase;
import io.madit.server.testing.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Memory levels off: 10,000 packed rounds whose widths and lengths change all the time. */
@EnabledOnOs(OS.LINUX)
class MemoryTest {
  private static final int ROUNDS = 10_000;
  private static final int WARM_UP_ROUNDS = 4_000;

  /** The heap alone moves by some 30 MiB; one canvas lost per session and round would be 90 MiB. */
  private static final long ALLOWED_GROWTH_KIB = 48 * 1024;

  private final Random random = new Random(5);
  private final Semaphore places = new Semaphore(8);

  @Test
  void roundsOfRandomWidths_leaveNothingBehind() throws Exception {
    List<Bundle> bundles =
        List.of(Resources.bundle("pico-buffer"), Resources.bundle("pico-velocity"));
    try (Engine engine =
        Engine.start(
            bundles,
            new DjlRuntimeLoader(TorchDevice.CPU, PrecisionChoice.FLOAT32),
            EngineSettings.DEFAULT,
            EngineEvents.NONE)) {
      int arraysAtRest = engine.stats().liveArrays();
      run(engine, bundles, WARM_UP_ROUNDS);
      long before = residentKib();
      run(engine, bundles, ROUNDS);
      long growth = residentKib() - before;
      assertThat(engine.stats().liveSessions()).isZero();
      assertThat(engine.stats().liveArrays()).isEqualTo(arraysAtRest);
      assertThat(engine.stats().failed()).isPositive(); // some were cancelled
      assertThat(growth).as("growth in KiB").isLessThan(ALLOWED_GROWTH_KIB);
    }
  }

  /**
   * Keeps one to eight sessions running until the engine has run {@code rounds} packed rounds in
   * all; then waits.
   */
  private void run(Engine engine, List<Bundle> bundles, int rounds) throws Exception {
    List<GoldenCase> cases = GoldenCase.of("pico-buffer");
    List<GoldenCase> others = GoldenCase.of("pico-velocity");
    while (engine.stats().rounds() < rounds) {
      int width = 1 + random.nextInt(8);
      for (int i = 0; i < width; i++) {
        boolean first = random.nextBoolean();
        GoldenCase golden =
            first
                ? cases.get(random.nextInt(cases.size()))
                : others.get(random.nextInt(others.size()));
        if (!places.tryAcquire(60, TimeUnit.SECONDS)) {
          throw new IllegalStateException("the engine is stuck");
        }
        Session session =
            engine.submit(golden.command(bundles.get(first ? 0 : 1)), new Returning(places));
        if (random.nextInt(20) == 0) {
          session.cancel();
        }
      }
    }
    if (!places.tryAcquire(8, 60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the engine is stuck");
    }
    places.release(8);
    while (engine.stats().liveSessions() > 0) { // set at the end of the step that answered
      Thread.onSpinWait();
    }
  }

  private static long residentKib() throws IOException {
    System.gc();
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  /** Gives its place back at the end. */
  private record Returning(Semaphore places) implements SessionListener {
    @Override
    public void onFinished(DetokenizeResult result) {
      places.release();
    }

    @Override
    public void onFailed(EngineFailure failure, String message) {
      places.release();
    }
  }
}
