package io.madit.client;

import io.grpc.Status;
import java.io.Serial;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A call or a picture failed. */
public final class MaditException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final transient Failure failure;

  MaditException(Failure failure, Throwable cause) {
    super(failure.toString(), cause);
    this.failure = failure;
  }

  MaditException(Failure failure) {
    this(failure, null);
  }

  /** The gRPC status code. */
  public Status.Code code() {
    return failure.code();
  }

  /**
   * A name of {@link io.madit.v1.ErrorReason} without its prefix, such as "QUEUE_FULL". Empty if
   * the failure came from the way to the server.
   */
  public String reason() {
    return failure.reason();
  }

  /** The refused fields of an INVALID_ARGUMENT. */
  public List<FieldViolation> violations() {
    return failure.violations();
  }

  /** When the server thinks that a retry can help; empty if it did not say. */
  public Optional<Duration> retryAfter() {
    return failure.retryAfter();
  }

  Failure failure() {
    return failure;
  }
}
