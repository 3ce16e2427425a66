package io.madit.server.engine;

import io.madit.server.model.Bundle;

/** Hears what the engine thread has done. Called on it: must return at once. */
public interface EngineEvents {
  /** Hears nothing. */
  EngineEvents NONE = (model, sessions, rows, seconds, predictedSeconds) -> {};

  /**
   * A packed round has run.
   *
   * @param rows decoder rows
   * @param predictedSeconds what the cost model said before
   */
  void onRound(Bundle model, int sessions, int rows, double seconds, double predictedSeconds);
}
