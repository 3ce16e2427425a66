package io.madit.server.model;

/** A failed call of a {@link ModelRuntime}. */
public final class RuntimeFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What went wrong. */
  public enum Kind {
    /** The script or an operation failed: a bad input or a bug. Later calls work. */
    SCRIPT,
    /** The device has no memory left. A smaller batch may work. */
    OUT_OF_MEMORY,
    /** The device is in an undefined state: only a new process helps. */
    DEVICE_BROKEN
  }

  private final Kind kind;

  public RuntimeFailure(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  /** Whether every later call would fail too. */
  public boolean sticky() {
    return kind == Kind.DEVICE_BROKEN;
  }
}
