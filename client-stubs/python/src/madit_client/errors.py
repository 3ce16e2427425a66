"""What can go wrong, as typed exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

_STATUS_KEY = "grpc-status-details-bin"
_PUSHBACK_KEY = "grpc-retry-pushback-ms"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class FieldViolation:
    """A field that the server refused: its path in proto names, and what is wrong with it."""

    field: str
    description: str


class MaditError(Exception):
    """A call or a picture failed.

    code: the gRPC status code.
    reason: a name of `madit.v1.ErrorReason` without its prefix, such as "QUEUE_FULL"; empty if the failure did not come
        from a madit server but from the way to it.
    message: one line for developers.
    violations: the refused fields of an INVALID_ARGUMENT.
    retry_after: when the server thinks that a retry can help; None if it did not say.
    retry_refused: the server said that a retry cannot help.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        reason: str = "",
        violations: Sequence[FieldViolation] = (),
        retry_after: timedelta | None = None,
        retry_refused: bool = False,
    ) -> None:
        super().__init__(code, message, reason, tuple(violations), retry_after, retry_refused)
        self.code = code
        self.message = message
        self.reason = reason
        self.violations = tuple(violations)
        self.retry_after = retry_after
        self.retry_refused = retry_refused

    def __str__(self) -> str:
        name = f"{self.code.name} ({self.reason})" if self.reason else self.code.name
        return f"{name}: {self.message}"


class InvalidRequest(MaditError):
    """INVALID_ARGUMENT: see `violations`."""


class ModelNotFound(MaditError):
    """NOT_FOUND: no such model or version."""


class Overloaded(MaditError):
    """RESOURCE_EXHAUSTED: too much work, or a picture that is too large; `reason` tells."""


class DeadlineExceeded(MaditError):
    """DEADLINE_EXCEEDED: not done in time, or the server knows that it cannot be."""


class Cancelled(MaditError):
    """CANCELLED: by this client."""


class Unavailable(MaditError):
    """UNAVAILABLE: no server, or one that is stopping or broken."""


class Unauthenticated(MaditError):
    """UNAUTHENTICATED: no token, or a wrong one."""


class PermissionDenied(MaditError):
    """PERMISSION_DENIED: this client may not do that."""


class NotSupported(MaditError):
    """UNIMPLEMENTED: this server or model cannot do that."""


class ServerFault(MaditError):
    """INTERNAL, or a code that madit servers do not use."""


_TYPES: dict[grpc.StatusCode, type[MaditError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: ModelNotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNIMPLEMENTED: NotSupported,
}


def from_call(error: Any) -> MaditError:
    """The exception for a failed call (`grpc.RpcError`)."""
    trailers = {key: value for key, value in error.trailing_metadata() or ()}
    details = status_pb2.Status.FromString(trailers.get(_STATUS_KEY, b"")).details
    return _build(error.code(), error.details() or "", details, trailers.get(_PUSHBACK_KEY))


def from_image(error: Any) -> MaditError:
    """The exception for a picture that failed in a stream (`madit.v1.ImageError`)."""
    return _build(_CODES.get(error.code, grpc.StatusCode.UNKNOWN), error.message, error.details, None)


def _build(code: grpc.StatusCode, message: str, details: Any, pushback: str | None) -> MaditError:
    reason = ""
    violations: list[FieldViolation] = []
    retry_after = None
    for detail in details:
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            violations += [FieldViolation(v.field, v.description) for v in bad.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
    if pushback is not None and pushback.isdecimal():
        retry_after = timedelta(milliseconds=int(pushback))
    # By gRPC's rule a pushback that is not a number of milliseconds forbids a retry. A refusal of the server that names a
    # reason but no time is final.
    final = code is grpc.StatusCode.RESOURCE_EXHAUSTED and bool(reason) and retry_after is None
    refused = final or (pushback is not None and not pushback.isdecimal())
    return _TYPES.get(code, ServerFault)(code, message, reason, violations, retry_after, refused)
