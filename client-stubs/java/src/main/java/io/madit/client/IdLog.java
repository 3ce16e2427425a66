package io.madit.client;

import java.util.Arrays;

/**
 * All ids of a picture so far, kept so that a broken stream can get them again. Not thread-safe.
 */
final class IdLog {
  private int[] ids = new int[256];
  private int count;
  private boolean finished;

  void append(int[] more) {
    if (finished) {
      throw new IllegalStateException("ids after finish()");
    }
    if (count + more.length > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, count + more.length));
    }
    System.arraycopy(more, 0, ids, count, more.length);
    count += more.length;
  }

  void finish() {
    finished = true;
  }

  boolean finished() {
    return finished;
  }

  int count() {
    return count;
  }

  /** The ids from this place on. */
  int[] from(int place) {
    return Arrays.copyOfRange(ids, place, count);
  }
}
