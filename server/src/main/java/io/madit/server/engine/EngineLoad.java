package io.madit.server.engine;

/**
 * What the device is doing, for those who judge how long a new picture would take. A snapshot.
 *
 * @param members sessions of the last round; 0 when nothing runs
 * @param memberSeconds device seconds that are left of them, their decodes included
 * @param roundSeconds what they add to each round
 */
public record EngineLoad(int members, double memberSeconds, double roundSeconds) {
  static final EngineLoad IDLE = new EngineLoad(0, 0, 0);
}
