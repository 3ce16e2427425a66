package io.madit.server.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What {@link EngineStats} shows. Written by the engine thread, but for the two queues, which
 * submitters reserve in.
 */
final class EngineCounters {
  final AtomicInteger queuedSessions = new AtomicInteger();
  final AtomicInteger queuedTokenizations = new AtomicInteger();
  final AtomicInteger liveSessions = new AtomicInteger();
  final AtomicInteger liveArrays = new AtomicInteger();
  final AtomicLong rounds = new AtomicLong();
  final AtomicLong packedSessions = new AtomicLong();
  final AtomicLong packedRows = new AtomicLong();
  final AtomicLong roundNanos = new AtomicLong();
  final AtomicLong previews = new AtomicLong();
  final AtomicLong finished = new AtomicLong();
  final AtomicLong failed = new AtomicLong();

  volatile EngineLoad load = EngineLoad.IDLE;

  /** Takes one place of at most {@code limit}, atomically. */
  static boolean reserve(AtomicInteger queue, int limit) {
    return queue.getAndUpdate(n -> n < limit ? n + 1 : n) < limit;
  }

  EngineStats snapshot() {
    return new EngineStats(
        queuedSessions.get(),
        queuedTokenizations.get(),
        liveSessions.get(),
        liveArrays.get(),
        rounds.get(),
        packedSessions.get(),
        packedRows.get(),
        roundNanos.get(),
        previews.get(),
        finished.get(),
        failed.get());
  }
}
