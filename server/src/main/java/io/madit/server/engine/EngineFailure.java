package io.madit.server.engine;

/** Why the engine did not finish something. */
public enum EngineFailure {
  /** Too much is waiting already. Trying again later may help. */
  QUEUE_FULL,
  /** The deadline has passed. */
  DEADLINE_EXCEEDED,
  /** The caller cancelled it. */
  CANCELLED,
  /** The engine is draining: nothing new is begun, or the drain time is over. */
  SHUTTING_DOWN,
  /** The device has no memory for this session. */
  OUT_OF_MEMORY,
  /** The model failed on this session: a bug. */
  MODEL_ERROR,
  /** The engine thread or its device is dead: the process must be restarted. */
  ENGINE_DEAD
}
