package io.madit.server.testing;

import io.madit.server.model.Bundle;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.RuntimeLoader;
import java.util.concurrent.CountDownLatch;

/** Loads a {@link FakeRuntime} whose rounds can be held, so that requests stay in flight. */
public final class HeldRuntime implements RuntimeLoader {
  private volatile CountDownLatch gate = new CountDownLatch(0);
  private volatile CountDownLatch reached = new CountDownLatch(0);

  @Override
  public ModelRuntime load(Bundle bundle) {
    FakeRuntime runtime = new FakeRuntime(bundle);
    runtime.onRound =
        tasks -> {
          reached.countDown();
          await(gate);
        };
    return runtime;
  }

  /** From now on rounds wait. */
  public void hold() {
    reached = new CountDownLatch(1);
    gate = new CountDownLatch(1);
  }

  /** Waits for a round that is held. */
  public void awaitRound() {
    await(reached);
  }

  public void release() {
    gate.countDown();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
