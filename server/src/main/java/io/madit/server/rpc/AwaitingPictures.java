package io.madit.server.rpc;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Begun pictures of all streams whose ids are still coming. Thread-safe. */
public final class AwaitingPictures {
  private final Set<StreamPicture> pictures = ConcurrentHashMap.newKeySet();
  private final Duration timeout;

  /**
   * @param timeout without new ids
   */
  public AwaitingPictures(Duration timeout) {
    this.timeout = timeout;
  }

  void add(StreamPicture picture) {
    pictures.add(picture);
  }

  void remove(StreamPicture picture) {
    pictures.remove(picture);
  }

  /** Pictures whose ids are still coming. */
  public int count() {
    return pictures.size();
  }

  /** Gives up all: the server has waited long enough for their ids. */
  public void giveUp() {
    pictures.forEach(
        picture ->
            picture.abort(RequestFailure.of(ErrorCode.DRAINING, "the server is shutting down")));
  }

  /**
   * Gives up what has waited too long.
   *
   * @param nowNanos on the clock of {@link System#nanoTime}
   */
  public void expire(long nowNanos) {
    pictures.forEach(picture -> picture.expire(nowNanos, timeout.toNanos()));
  }
}
