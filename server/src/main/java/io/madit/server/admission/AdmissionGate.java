package io.madit.server.admission;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the pictures that are in the server at all: awaiting tokens, queued, running, or being
 * encoded. Thread-safe.
 */
public final class AdmissionGate {
  private final int limit;
  private final AtomicInteger inside = new AtomicInteger();

  /**
   * @param limit at least 1
   */
  public AdmissionGate(int limit) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1, is " + limit);
    }
    this.limit = limit;
  }

  /** A place, or nothing when all are taken. */
  public Optional<Ticket> tryEnter() {
    for (int now = inside.get(); now < limit; now = inside.get()) {
      if (inside.compareAndSet(now, now + 1)) {
        return Optional.of(new Ticket());
      }
    }
    return Optional.empty();
  }

  public int inside() {
    return inside.get();
  }

  public int limit() {
    return limit;
  }

  /** A place. Given back by the first {@link #close}; further calls do nothing. */
  public final class Ticket implements AutoCloseable {
    private final AtomicBoolean held = new AtomicBoolean(true);

    private Ticket() {}

    @Override
    public void close() {
      if (held.compareAndSet(true, false)) {
        inside.decrementAndGet();
      }
    }
  }
}
