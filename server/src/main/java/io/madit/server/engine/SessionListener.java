package io.madit.server.engine;

import io.madit.server.image.RgbPicture;

/**
 * Hears of one session. All methods are called on the engine thread, which stands still meanwhile:
 * they must hand over and return, never block, encode or write to a network. The last call is
 * exactly one of {@link #onFinished} and {@link #onFailed}.
 */
public interface SessionListener {
  /** The session has left the queue: its state is on the device. */
  default void onStarted() {}

  /**
   * A round is done. Only if the command asks for progress.
   *
   * @param roundsDone at least 1; equal to {@code rounds} after the last
   * @param visible patches revealed so far
   */
  default void onRound(int roundsDone, int rounds, int visible) {}

  /** A round is done: device seconds that the session still takes from others. */
  default void onWorkLeft(double seconds) {}

  /** The picture so far. Never called after the last round. */
  default void onPreview(RgbPicture picture, int roundsDone) {}

  /** The result. */
  void onFinished(DetokenizeResult result);

  /** No result will come. The message is for the log. */
  void onFailed(EngineFailure failure, String message);
}
