package io.madit.server.engine;

/**
 * Limits of the engine.
 *
 * @param maxPackedRows useful width: decoder rows (L + S + N per session) of one packed round; one
 *     session may always exceed it
 * @param maxLiveSessions sessions with state on the device
 * @param maxQueuedSessions sessions that wait for device state; more are refused
 * @param maxQueuedTokenizations pictures that wait to be tokenized; more are refused
 * @param maxPreviewsPerRound previews rendered between two rounds; the others wait, and the newest
 *     state wins
 */
public record EngineSettings(
    int maxPackedRows,
    int maxLiveSessions,
    int maxQueuedSessions,
    int maxQueuedTokenizations,
    int maxPreviewsPerRound) {
  public static final EngineSettings DEFAULT = new EngineSettings(4096, 32, 256, 64, 4);

  public EngineSettings {
    requirePositive("maxPackedRows", maxPackedRows);
    requirePositive("maxLiveSessions", maxLiveSessions);
    requirePositive("maxQueuedSessions", maxQueuedSessions);
    requirePositive("maxQueuedTokenizations", maxQueuedTokenizations);
    requirePositive("maxPreviewsPerRound", maxPreviewsPerRound);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, is " + value);
    }
  }
}
