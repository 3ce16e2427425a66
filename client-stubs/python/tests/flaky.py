"""A server in this process whose every answer is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from madit.v1 import model_pb2, service_pb2_grpc, stream_pb2

Turn = Callable[[Any, grpc.ServicerContext], Any]


class FlakyServer(service_pb2_grpc.VisualTokenServiceServicer):
    """Takes one turn per call, in order; a call too many fails with INTERNAL. Counts calls in `calls`.

    Streams' requests are recorded per call in `received`.
    """

    def __init__(self, *turns: Turn) -> None:
        self._turns = list(turns)
        self.calls = 0
        self.received: list[list[stream_pb2.StreamDetokenizeRequest]] = []
        self._server = grpc.server(
            futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 << 20)]
        )
        service_pb2_grpc.add_VisualTokenServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("localhost:0")

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def __enter__(self) -> FlakyServer:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def _turn(self) -> Turn:
        self.calls += 1
        return self._turns[self.calls - 1] if self.calls <= len(self._turns) else fail(grpc.StatusCode.INTERNAL)

    def ListModels(self, request, context):
        return self._turn()(request, context)

    def Tokenize(self, request, context):
        return self._turn()(request, context)

    def Generate(self, request, context):
        return self._turn()(request, context)

    def CompleteTokens(self, request, context):
        return self._turn()(request, context)

    def StreamDetokenize(self, requests, context):
        seen: list[stream_pb2.StreamDetokenizeRequest] = []
        self.received.append(seen)

        def record() -> Iterator[stream_pb2.StreamDetokenizeRequest]:
            for request in requests:
                seen.append(request)
                yield request

        yield from self._turn()(record(), context)


def fail(code: grpc.StatusCode, *, pushback: str | None = None) -> Turn:
    """Ends the call without details."""

    def turn(_: Any, context: grpc.ServicerContext) -> Any:
        if pushback is not None:
            context.set_trailing_metadata((("grpc-retry-pushback-ms", pushback),))
        context.abort(code, "scripted")

    return turn


def models(name: str) -> Turn:
    return lambda *_: model_pb2.ListModelsResponse(models=[model_pb2.ModelSummary(name=name)])


def accept_then(ids: int, end: Turn) -> Turn:
    """A stream that is accepted, takes so many ids, and then ends in some way."""

    def turn(requests: Iterator[stream_pb2.StreamDetokenizeRequest], context: grpc.ServicerContext) -> Any:
        yield stream_pb2.StreamDetokenizeResponse(accepted=stream_pb2.ImageAccepted(request_id="scripted"))
        left = ids
        for request in requests:
            left -= len(request.tokens.ids)
            if left <= 0:
                break
        last = end(requests, context)
        if last is not None:
            yield last

    return turn


def draw(data: bytes) -> Turn:
    """The picture."""
    image = stream_pb2.ImageResult(output={"data": data, "media_type": "image/png"})
    return lambda *_: stream_pb2.StreamDetokenizeResponse(image=image)


def image_error(code: grpc.StatusCode, reason: str, retry_seconds: int | None = None) -> Turn:
    """The picture fails, the stream goes on."""
    details = [error_details_pb2.ErrorInfo(reason=reason, domain="madit.dev")]
    if retry_seconds is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=retry_seconds)))
    error = stream_pb2.ImageError(code=code.value[0], message="scripted", details=[_pack(each) for each in details])
    return lambda *_: stream_pb2.StreamDetokenizeResponse(error=error)


def rich(code: grpc.StatusCode, *details: Any) -> Turn:
    """Ends the call with details."""

    def turn(_: Any, context: grpc.ServicerContext) -> Any:
        status = status_pb2.Status(code=code.value[0], message="scripted", details=[_pack(each) for each in details])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, "scripted")

    return turn


def _pack(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
