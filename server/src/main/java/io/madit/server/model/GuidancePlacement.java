package io.madit.server.model;

/** Where the unconditional condition enters. */
public enum GuidancePlacement {
  /** It fills the condition slots: the whole transformer runs a second time. */
  BUFFER,
  /** It replaces c_j at the flow MLP only: half the transformer work. */
  VELOCITY
}
