"""The client for asyncio.

It stands on gRPC's threads and not on grpc.aio: there, a write to a call that the server has just refused replaces the
server's status by an internal error (seen with gRPC 1.85), and whether a retry can help is lost with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Iterable
from typing import Any

from madit.v1 import model_pb2, options_pb2
from madit_client import requests, results
from madit_client.aio_stream import AsyncPictureStream
from madit_client.channel import Tls
from madit_client.connection import Connection, result
from madit_client.requests import ImageSource, KnownIds, PictureOptions
from madit_client.results import Picture
from madit_client.retry import RetryPolicy


class AsyncMaditClient:
    """`MaditClient` for asyncio, with the same arguments and calls.

    Cancelling the task that awaits a call cancels the call.
    """

    def __init__(
        self,
        server: str | None = None,
        *,
        tls: bool | Tls = False,
        token: str | None = None,
        timeout: float = 60,
        stream_timeout: float = 600,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._connection = Connection(server, tls, token, timeout, stream_timeout, retry)

    async def __aenter__(self) -> AsyncMaditClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all calls and connections."""
        self._connection.close()

    async def models(self) -> list[model_pb2.ModelSummary]:
        """The loaded models."""
        return list((await self._call("ListModels", model_pb2.ListModelsRequest())).models)

    async def model(self, name: str = "") -> model_pb2.Model:
        """All about one model; without a name about the server's default."""
        response: model_pb2.GetModelResponse = await self._call("GetModel", model_pb2.GetModelRequest(model=name))
        return response.model

    async def tokenize(
        self, image: ImageSource, *, model: str = "", vocabulary_offset: int = 0, timeout: float | None = None
    ) -> list[int]:
        """As `MaditClient.tokenize`."""
        request = requests.tokenize(image, model, vocabulary_offset)
        return list((await self._call("Tokenize", request, timeout)).visual.token_ids.ids)

    async def detokenize(self, ids: KnownIds, *, timeout: float | None = None, **options: Any) -> Picture:
        """As `MaditClient.detokenize`."""
        request = PictureOptions(**options).detokenize(ids)
        return results.picture(await self._call("Detokenize", request, timeout))

    async def generate(
        self, *, decoder: str | options_pb2.Decoder | None = None, timeout: float | None = None, **options: Any
    ) -> Picture:
        """As `MaditClient.generate`."""
        request = PictureOptions(**options).generate(decoder)
        return results.picture(await self._call("Generate", request, timeout))

    async def complete_tokens(self, known: KnownIds = (), *, timeout: float | None = None, **options: Any) -> list[int]:
        """As `MaditClient.complete_tokens`."""
        request = PictureOptions(**options).complete_tokens(known)
        return list((await self._call("CompleteTokens", request, timeout)).tokens.ids)

    def stream(
        self,
        ids: AsyncIterable[Any] | Iterable[int] | None = None,
        *,
        progress: bool = True,
        preview_every_rounds: int = 0,
        preview_format: str = "jpeg",
        timeout: float | None = None,
        **options: Any,
    ) -> AsyncPictureStream:
        """As `MaditClient.stream`; ids that are still sampled come from an asynchronous iterable."""
        stream = self._connection.stream(
            PictureOptions(**options),
            timeout,
            progress=progress,
            every=preview_every_rounds,
            preview_format=preview_format,
        )
        return AsyncPictureStream(stream, ids)

    async def _call(self, method: str, request: Any, timeout: float | None = None) -> Any:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        call = self._connection.start(method, request, timeout)

        def wake(_: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the call
                loop.call_soon_threadsafe(done.set)

        call.add_done_callback(wake)
        try:
            await done.wait()
        except BaseException:
            call.cancel()
            raise
        return result(call)
