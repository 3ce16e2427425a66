package io.madit.server.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.madit.server.admission.AdmissionRefused;
import io.madit.server.admission.Refusal;
import io.madit.server.engine.EngineException;
import io.madit.v1.ImageError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one mapper from failures to gRPC statuses. */
public final class Statuses {
  static final String DOMAIN = "madit.dev";
  static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private static final Logger LOG = LoggerFactory.getLogger(Statuses.class);

  private Statuses() {}

  /** What a caller may know of any failure; details of bugs only go to the log. */
  public static RequestFailure failure(Throwable cause) {
    if (cause instanceof RequestFailure known) {
      return known;
    }
    if (cause instanceof AdmissionRefused refused) {
      Refusal refusal = refused.refusal();
      ErrorCode code = ErrorCode.of(refusal.reason());
      return refusal
          .retryAfter()
          .map(after -> RequestFailure.retryable(code, refusal.message(), after))
          .orElseGet(() -> RequestFailure.of(code, refusal.message()));
    }
    if (cause instanceof EngineException engine) {
      ErrorCode code = ErrorCode.of(engine.failure());
      return code == ErrorCode.QUEUE_FULL
          ? RequestFailure.retryable(code, engine.getMessage(), java.time.Duration.ofSeconds(1))
          : RequestFailure.of(code, publicMessage(code, engine.getMessage()));
    }
    LOG.error("A call failed", cause);
    return RequestFailure.of(ErrorCode.INTERNAL, "internal error; see the server's log");
  }

  /** Texts of libtorch stay in the log. */
  static String publicMessage(ErrorCode code, String message) {
    return switch (code) {
      case INTERNAL -> "the model failed; see the server's log";
      case MEMORY -> "the device has no memory for this picture";
      case DEVICE_FAILED -> "the device has failed; the server restarts";
      case DEADLINE_EXCEEDED -> "the deadline has passed";
      case CANCELLED -> "cancelled";
      case DRAINING -> "the server is shutting down";
      default -> message;
    };
  }

  /** The status with details and trailers, as every call answers it. */
  public static StatusRuntimeException exception(Throwable cause) {
    RequestFailure failure = failure(cause);
    Metadata trailers = new Metadata();
    failure.retryAfter().ifPresent(d -> trailers.put(PUSHBACK, Long.toString(d.toMillis())));
    if (failure.retryAfter().isEmpty() && failure.code().code() == Status.Code.RESOURCE_EXHAUSTED) {
      trailers.put(PUSHBACK, "-1");
    }
    return StatusProto.toStatusRuntimeException(status(failure), trailers);
  }

  static ImageError imageError(Throwable cause) {
    com.google.rpc.Status status = status(failure(cause));
    return ImageError.newBuilder()
        .setCode(status.getCode())
        .setMessage(status.getMessage())
        .addAllDetails(status.getDetailsList())
        .build();
  }

  private static com.google.rpc.Status status(RequestFailure failure) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(failure.code().code().value())
            .setMessage(failure.getMessage())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(failure.code().reason())
                        .setDomain(DOMAIN)
                        .build()));
    if (!failure.violations().isEmpty()) {
      BadRequest.Builder bad = BadRequest.newBuilder();
      failure
          .violations()
          .forEach(
              v ->
                  bad.addFieldViolations(
                      BadRequest.FieldViolation.newBuilder()
                          .setField(v.field())
                          .setDescription(v.description())));
      status.addDetails(Any.pack(bad.build()));
    }
    failure
        .retryAfter()
        .ifPresent(
            after ->
                status.addDetails(
                    Any.pack(
                        RetryInfo.newBuilder().setRetryDelay(duration(after.toNanos())).build())));
    return status.build();
  }

  static Duration duration(long nanos) {
    return Duration.newBuilder()
        .setSeconds(Math.floorDiv(nanos, 1_000_000_000L))
        .setNanos((int) Math.floorMod(nanos, 1_000_000_000L))
        .build();
  }
}
