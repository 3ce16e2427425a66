package io.madit.server.engine;

import java.time.Duration;

/**
 * Limits of the engine.
 *
 * @param maxPackedRows decoder rows (L + S + N per session) of one packed round, whatever width is
 *     useful; one session may always exceed it
 * @param maxQueuedSessions sessions that wait for device state; more are refused
 * @param maxQueuedTokenizations pictures that wait to be tokenized; more are refused
 * @param aging after which a waiting session moves up one priority class
 * @param patience deadline that sessions without one are ordered by, after their arrival
 * @param dropHopeless end sessions that cannot meet their deadline any more, even alone
 */
public record EngineSettings(
    int maxPackedRows,
    int maxQueuedSessions,
    int maxQueuedTokenizations,
    Duration aging,
    Duration patience,
    boolean dropHopeless,
    Batching batching) {
  public static final EngineSettings DEFAULT =
      new EngineSettings(
          4096, 256, 64, Duration.ofSeconds(10), Duration.ofSeconds(60), true, Batching.CONTINUOUS);

  public EngineSettings {
    requirePositive("maxPackedRows", maxPackedRows);
    requirePositive("maxQueuedSessions", maxQueuedSessions);
    requirePositive("maxQueuedTokenizations", maxQueuedTokenizations);
    requirePositive("aging", aging.toNanos());
    requirePositive("patience", patience.toNanos());
  }

  SessionOrder order() {
    return new SessionOrder(aging.toNanos(), patience.toNanos());
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, is " + value);
    }
  }
}
