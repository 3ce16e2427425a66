"""Calls to the servers behind one target; what both clients stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import grpc

from madit.v1 import service_pb2_grpc, stream_pb2
from madit_client import channel
from madit_client.channel import Tls
from madit_client.errors import Cancelled, from_call
from madit_client.requests import PictureOptions
from madit_client.retry import RetryPolicy
from madit_client.stream import PictureStream

DEFAULT_SERVER = "localhost:8500"


class Connection:
    """Thread-safe. The arguments are those of `MaditClient`."""

    def __init__(
        self,
        server: str | None,
        tls: bool | Tls,
        token: str | None,
        timeout: float,
        stream_timeout: float,
        retry: RetryPolicy | None,
    ) -> None:
        self._timeout = timeout
        self._stream_timeout = stream_timeout
        self._retry = retry or RetryPolicy()
        self._metadata = channel.metadata(token)
        target = channel.target(server or os.environ.get("MADIT_SERVER") or DEFAULT_SERVER)
        options = channel.options(self._retry)
        credentials = channel.credentials(tls)
        if credentials is None:
            self._channel = grpc.insecure_channel(target, options)
        else:
            self._channel = grpc.secure_channel(target, credentials, options)
        self._stub = service_pb2_grpc.VisualTokenServiceStub(self._channel)

    def close(self) -> None:
        """Ends all calls and connections."""
        self._channel.close()

    def start(self, method: str, request: Any, timeout: float | None) -> Any:
        """Starts a unary call; its result is had by `result`."""
        return getattr(self._stub, method).future(request, timeout=timeout or self._timeout, metadata=self._metadata)

    def stream(
        self, options: PictureOptions, timeout: float | None, *, progress: bool, every: int, preview_format: str
    ) -> PictureStream:
        begin = options.begin(progress=progress, preview_every_rounds=every, preview_format=preview_format)
        return PictureStream(self._open_stream, begin, timeout or self._stream_timeout, self._retry)

    def _open_stream(self, messages: Iterator[stream_pb2.StreamDetokenizeRequest], seconds: float) -> Any:
        return self._stub.StreamDetokenize(messages, timeout=seconds, metadata=self._metadata)


def result(call: Any) -> Any:
    """Waits for the response. Raises MaditError."""
    try:
        return call.result()
    except grpc.FutureCancelledError:
        raise Cancelled(grpc.StatusCode.CANCELLED, "the client was closed") from None
    except grpc.RpcError as error:
        raise from_call(error) from error
