package io.madit.server.rpc;

import io.grpc.Status;
import io.madit.server.admission.Refusal;
import io.madit.server.engine.EngineFailure;
import io.madit.v1.ErrorReason;

/**
 * Every way a call can fail: the gRPC code, the published reason, and whether trying again helps.
 */
public enum ErrorCode {
  INVALID_FIELD(Status.Code.INVALID_ARGUMENT, ErrorReason.ERROR_REASON_INVALID_FIELD),
  STREAM_PROTOCOL(Status.Code.INVALID_ARGUMENT, ErrorReason.ERROR_REASON_STREAM_PROTOCOL),
  UNIMPLEMENTED(Status.Code.UNIMPLEMENTED, ErrorReason.ERROR_REASON_NOT_SUPPORTED),
  MODEL_NOT_FOUND(Status.Code.NOT_FOUND, ErrorReason.ERROR_REASON_MODEL_NOT_FOUND),
  QUEUE_FULL(Status.Code.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_QUEUE_FULL),
  DEADLINE_UNREACHABLE(
      Status.Code.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_DEADLINE_UNREACHABLE),
  CLIENT_QUOTA(Status.Code.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_CLIENT_QUOTA),
  STREAM_QUOTA(Status.Code.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_STREAM_QUOTA),
  MEMORY(Status.Code.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_MEMORY),
  DEADLINE_EXCEEDED(Status.Code.DEADLINE_EXCEEDED, ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED),
  TOKENS_TIMEOUT(Status.Code.DEADLINE_EXCEEDED, ErrorReason.ERROR_REASON_TOKENS_TIMEOUT),
  CANCELLED(Status.Code.CANCELLED, ErrorReason.ERROR_REASON_CANCELLED),
  DRAINING(Status.Code.UNAVAILABLE, ErrorReason.ERROR_REASON_DRAINING),
  DEVICE_FAILED(Status.Code.UNAVAILABLE, ErrorReason.ERROR_REASON_DEVICE_FAILED),
  UNAUTHENTICATED(Status.Code.UNAUTHENTICATED, ErrorReason.ERROR_REASON_UNAUTHENTICATED),
  PERMISSION_DENIED(Status.Code.PERMISSION_DENIED, ErrorReason.ERROR_REASON_PERMISSION_DENIED),
  INTERNAL(Status.Code.INTERNAL, ErrorReason.ERROR_REASON_INTERNAL);

  private final Status.Code code;
  private final ErrorReason reason;

  ErrorCode(Status.Code code, ErrorReason reason) {
    this.code = code;
    this.reason = reason;
  }

  Status.Code code() {
    return code;
  }

  /** The reason's name without its prefix: {@code QUEUE_FULL}. */
  public String reason() {
    return reason.name().substring("ERROR_REASON_".length());
  }

  static ErrorCode of(Refusal.Reason reason) {
    return switch (reason) {
      case QUEUE_FULL -> QUEUE_FULL;
      case DEADLINE_UNREACHABLE -> DEADLINE_UNREACHABLE;
      case DEADLINE_TOO_SHORT -> DEADLINE_EXCEEDED;
      case MEMORY -> MEMORY;
      case CLIENT_QUOTA -> CLIENT_QUOTA;
      case DRAINING -> DRAINING;
    };
  }

  static ErrorCode of(EngineFailure failure) {
    return switch (failure) {
      case QUEUE_FULL -> QUEUE_FULL;
      case DEADLINE_EXCEEDED -> DEADLINE_EXCEEDED;
      case CANCELLED -> CANCELLED;
      case SHUTTING_DOWN -> DRAINING;
      case OUT_OF_MEMORY -> MEMORY;
      case MODEL_ERROR -> INTERNAL;
      case ENGINE_DEAD -> DEVICE_FAILED;
    };
  }
}
