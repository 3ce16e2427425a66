"""The client for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

import grpc

from madit.v1 import model_pb2, service_pb2_grpc
from madit_client import channel, requests, results
from madit_client.aio_stream import AsyncPictureStream
from madit_client.channel import Tls
from madit_client.client import default_server
from madit_client.errors import from_call
from madit_client.requests import ImageSource, PictureOptions
from madit_client.results import Picture
from madit_client.retry import RetryPolicy


class AsyncMaditClient:
    """`MaditClient` for asyncio, with the same arguments and calls. Made and used in one event loop.

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
        self._timeout = timeout
        self._stream_timeout = stream_timeout
        self._retry = retry or RetryPolicy()
        self._metadata = channel.metadata(token)
        target, options = channel.target(server or default_server()), channel.options(self._retry)
        credentials = channel.credentials(tls)
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options)
        else:
            self._channel = grpc.aio.secure_channel(target, credentials, options)
        self._stub = service_pb2_grpc.VisualTokenServiceStub(self._channel)

    async def __aenter__(self) -> AsyncMaditClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all calls and connections."""
        await self._channel.close()

    async def models(self) -> list[model_pb2.ModelSummary]:
        """The loaded models."""
        return list((await self._call("ListModels", model_pb2.ListModelsRequest())).models)

    async def model(self, name: str = "") -> model_pb2.Model:
        """All about one model; without a name about the server's default."""
        return (await self._call("GetModel", model_pb2.GetModelRequest(model=name))).model

    async def tokenize(
        self, image: ImageSource, *, model: str = "", vocabulary_offset: int = 0, timeout: float | None = None
    ) -> list[int]:
        """As `MaditClient.tokenize`."""
        request = requests.tokenize(image, model, vocabulary_offset)
        return list((await self._call("Tokenize", request, timeout)).visual.token_ids.ids)

    async def detokenize(self, ids: Iterable[int], *, timeout: float | None = None, **options: Any) -> Picture:
        """As `MaditClient.detokenize`."""
        request = PictureOptions(**options).detokenize(ids)
        return results.picture(await self._call("Detokenize", request, timeout))

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
        begin = PictureOptions(**options).begin(
            progress=progress, preview_every_rounds=preview_every_rounds, preview_format=preview_format
        )
        stream = AsyncPictureStream(self._open_stream, begin, timeout or self._stream_timeout, self._retry)
        if ids is not None:
            stream.feed(ids)
        return stream

    def _open_stream(self, seconds: float) -> Any:
        return self._stub.StreamDetokenize(timeout=seconds, metadata=self._metadata)

    async def _call(self, method: str, request: Any, timeout: float | None = None) -> Any:
        call = getattr(self._stub, method)(request, timeout=timeout or self._timeout, metadata=self._metadata)
        try:
            return await call
        except grpc.RpcError as error:
            raise from_call(error) from error
