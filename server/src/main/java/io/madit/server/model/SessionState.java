package io.madit.server.model;

/**
 * The device state of one picture: condition, canvas and order. Touched by the engine thread only.
 */
public interface SessionState extends AutoCloseable {
  /** Condition slots L + S. */
  int conditionSlots();

  /** Frees it; called exactly once. */
  @Override
  void close();
}
