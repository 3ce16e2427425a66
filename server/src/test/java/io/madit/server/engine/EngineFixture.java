package io.madit.server.engine;

import java.time.Duration;

/** Engine settings for tests. */
final class EngineFixture {
  private EngineFixture() {}

  static EngineSettings settings(int maxPackedRows, int maxQueued) {
    return new EngineSettings(
        maxPackedRows,
        maxQueued,
        maxQueued,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        true,
        Batching.CONTINUOUS);
  }
}
