package io.madit.server.testing;

import io.madit.server.engine.DetokenizeResult;
import io.madit.server.engine.EngineException;
import io.madit.server.engine.EngineFailure;
import io.madit.server.engine.SessionListener;
import io.madit.server.image.RgbPicture;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleConsumer;

/** Writes down what it hears; the end is a future. */
public final class RecordingListener implements SessionListener {
  /** "started", "round 1/8 visible 1", "preview 2", "finished", "failed CANCELLED". */
  public final List<String> events = new CopyOnWriteArrayList<>();

  public DoubleConsumer onWorkLeft = seconds -> {};

  private final CompletableFuture<DetokenizeResult> end = new CompletableFuture<>();

  @Override
  public void onStarted() {
    events.add("started");
  }

  @Override
  public void onRound(int roundsDone, int rounds, int visible) {
    events.add("round " + roundsDone + "/" + rounds + " visible " + visible);
  }

  @Override
  public void onWorkLeft(double seconds) {
    onWorkLeft.accept(seconds);
  }

  @Override
  public void onPreview(RgbPicture picture, int roundsDone) {
    events.add("preview " + roundsDone);
  }

  @Override
  public void onFinished(DetokenizeResult result) {
    events.add("finished");
    end.complete(result);
  }

  @Override
  public void onFailed(EngineFailure failure, String message) {
    events.add("failed " + failure);
    end.completeExceptionally(new EngineException(failure, message));
  }

  /** Waits for the result. */
  public DetokenizeResult result() throws Exception {
    return end.get(60, TimeUnit.SECONDS);
  }
}
