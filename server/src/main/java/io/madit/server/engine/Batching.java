package io.madit.server.engine;

/** When a picture may join the others on the device. */
public enum Batching {
  /** At any round. */
  CONTINUOUS,
  /** Only when the whole batch before is done, and all answers together: for comparison. */
  WHOLE_REQUEST
}
