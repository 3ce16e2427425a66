package io.madit.server.engine;

import io.madit.server.reveal.RevealPlan;
import java.util.Optional;

/** A submitted picture. Thread-safe. */
public interface Session {
  /**
   * Asks the engine to stop at the next boundary; the listener then hears {@link
   * EngineFailure#CANCELLED}, unless the session ends otherwise before. Calling it again, or after
   * the end, does nothing.
   */
  void cancel();

  /** The plan it executes; empty for latents, which need no rounds. */
  Optional<RevealPlan> plan();
}
