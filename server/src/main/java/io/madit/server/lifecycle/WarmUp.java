package io.madit.server.lifecycle;

import io.madit.server.engine.DetokenizeCommand;
import io.madit.server.engine.DetokenizeResult;
import io.madit.server.engine.Engine;
import io.madit.server.engine.EngineFailure;
import io.madit.server.engine.Priority;
import io.madit.server.engine.SessionListener;
import io.madit.server.model.Bundle;
import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.SamplingSettings;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Draws one picture with every model before the server is ready: first calls of a script are slow.
 */
final class WarmUp {
  private static final int ROUNDS = 3;

  private WarmUp() {}

  static void run(Engine engine, List<Bundle> bundles) {
    for (Bundle bundle : bundles) {
      CompletableFuture<DetokenizeResult> done = new CompletableFuture<>();
      engine.submit(command(bundle), listener(done));
      try {
        done.join();
      } catch (CompletionException e) {
        throw new IllegalStateException(
            "model " + bundle + " failed its warm-up: " + e.getCause().getMessage());
      }
    }
  }

  private static DetokenizeCommand command(Bundle bundle) {
    Manifest manifest = bundle.manifest();
    SamplingSettings usual = manifest.sampling().settings();
    SamplingSettings brief =
        new SamplingSettings(
            ROUNDS,
            usual.flowSteps(),
            usual.guidanceScale(),
            usual.guidanceSchedule(),
            usual.revealOrder(),
            usual.revealSchedule(),
            false,
            usual.temperature(),
            usual.noiseScale(),
            usual.userPlan());
    return new DetokenizeCommand(
        bundle,
        new VisualInput.TokenIds(new int[manifest.tokens().count()]),
        TextConditioning.NONE,
        0,
        brief,
        true,
        false,
        0,
        false,
        OptionalLong.empty(),
        Priority.NORMAL);
  }

  private static SessionListener listener(CompletableFuture<DetokenizeResult> done) {
    return new SessionListener() {
      @Override
      public void onFinished(DetokenizeResult result) {
        done.complete(result);
      }

      @Override
      public void onFailed(EngineFailure failure, String message) {
        done.completeExceptionally(new IllegalStateException(failure + ": " + message));
      }
    };
  }
}
