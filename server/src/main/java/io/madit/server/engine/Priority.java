package io.madit.server.engine;

/** Priority classes, most urgent first. */
public enum Priority {
  HIGH(0),
  NORMAL(1),
  LOW(2);

  /** Number of classes. */
  public static final int LEVELS = 3;

  private final int level;

  Priority(int level) {
    this.level = level;
  }

  /** 0 is most urgent. */
  public int level() {
    return level;
  }
}
