package io.madit.server.engine;

/** The engine refuses or fails something. */
public final class EngineException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final EngineFailure failure;

  public EngineException(EngineFailure failure, String message) {
    super(message);
    this.failure = failure;
  }

  public EngineFailure failure() {
    return failure;
  }
}
