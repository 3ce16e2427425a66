package io.madit.server.engine;

/** Priority classes, most urgent first. */
public enum Priority {
  HIGH,
  NORMAL,
  LOW
}
