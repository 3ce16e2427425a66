package io.madit.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.madit.v1.ImageError;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a server, or the way to it, said about a failure.
 *
 * @param retryRefused whether the server said that a retry cannot help
 */
record Failure(
    Status.Code code,
    String message,
    String reason,
    List<FieldViolation> violations,
    Optional<Duration> retryAfter,
    boolean retryRefused) {
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  /** A failure that this client found. */
  static Failure local(Status.Code code, String message) {
    return new Failure(code, message, "", List.of(), Optional.empty(), false);
  }

  static Failure ofCall(Throwable thrown) {
    Metadata trailers = Status.trailersFromThrowable(thrown);
    String pushback = trailers == null ? null : trailers.get(PUSHBACK);
    com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
    if (status == null) {
      return local(Status.Code.UNKNOWN, String.valueOf(thrown.getMessage()));
    }
    // gRPC has no code of its own for a connection that closes while a call begins.
    boolean cut = thrown.getCause() instanceof ClosedChannelException;
    int code = cut ? Status.Code.UNAVAILABLE.value() : status.getCode();
    return of(code, status.getMessage(), status.getDetailsList(), pushback);
  }

  static Failure ofImage(ImageError error) {
    return of(error.getCode(), error.getMessage(), error.getDetailsList(), null);
  }

  private static Failure of(int code, String message, List<Any> details, String pushback) {
    String reason = "";
    List<FieldViolation> violations = new ArrayList<>();
    Optional<Duration> retryAfter = Optional.empty();
    for (Any detail : details) {
      try {
        if (detail.is(ErrorInfo.class)) {
          reason = detail.unpack(ErrorInfo.class).getReason();
        } else if (detail.is(BadRequest.class)) {
          for (BadRequest.FieldViolation each :
              detail.unpack(BadRequest.class).getFieldViolationsList()) {
            violations.add(new FieldViolation(each.getField(), each.getDescription()));
          }
        } else if (detail.is(RetryInfo.class)) {
          com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
          retryAfter = Optional.of(Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
        }
      } catch (InvalidProtocolBufferException unreadable) {
        // The code and the message are there in any case; other details may be readable.
      }
    }
    boolean never = pushback != null && !pushback.matches("[0-9]{1,9}");
    if (pushback != null && !never) {
      retryAfter = Optional.of(Duration.ofMillis(Long.parseLong(pushback)));
    }
    Status.Code named = Status.fromCodeValue(code).getCode();
    // A refusal that names its reason but no time for a retry is final.
    boolean last =
        named == Status.Code.RESOURCE_EXHAUSTED && !reason.isEmpty() && retryAfter.isEmpty();
    return new Failure(named, message, reason, List.copyOf(violations), retryAfter, never || last);
  }

  @Override
  public String toString() {
    return (reason.isEmpty() ? code.name() : code + " (" + reason + ")") + ": " + message;
  }
}
