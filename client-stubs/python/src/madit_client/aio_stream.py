"""`stream` for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from madit_client.results import Event, Picture
from madit_client.stream import PictureStream


class AsyncPictureStream(AsyncIterator[Event]):
    """`PictureStream` for asyncio, which does the work: waits for its events are in a thread of this stream.

    As an asynchronous context manager it is closed at the end of the block.
    """

    def __init__(self, stream: PictureStream, ids: AsyncIterable[Any] | Iterable[int] | None) -> None:
        self._stream = stream
        self._closed = False
        self._reader = ThreadPoolExecutor(1, "madit-events")
        self._next: asyncio.Future[Event | None] | None = None
        self._source: asyncio.Task[None] | None = None
        if isinstance(ids, AsyncIterable):
            self._source = asyncio.get_running_loop().create_task(self._feed(ids))
        elif ids is not None:
            stream.put(ids)
            stream.finish()

    @property
    def seed(self) -> int:
        """The seed of the picture."""
        return self._stream.seed

    def put(self, ids: int | Iterable[int]) -> None:
        """The next id or ids."""
        self._stream.put(ids)

    def finish(self) -> None:
        """No more ids follow. Not needed when the model's count of ids is reached."""
        self._stream.finish()

    async def _feed(self, source: AsyncIterable[Any]) -> None:
        try:
            async for ids in source:
                self._stream.put(ids)
            self._stream.finish()
        except Exception as failure:
            self._stream.fail(failure)

    async def __anext__(self) -> Event:
        if self._next is None:
            if self._closed:
                raise StopAsyncIteration
            self._next = asyncio.get_running_loop().run_in_executor(self._reader, next, self._stream, None)
        try:
            # If this task is cancelled meanwhile, the event is for the next who asks.
            event = await asyncio.shield(self._next)
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._next = None
            self.close()
            raise
        self._next = None
        if event is None:
            self.close()
            raise StopAsyncIteration
        return event

    async def result(self) -> Picture:
        """Waits for the picture. Raises Cancelled if the stream was closed before."""
        async for _ in self:
            pass
        return self._stream.result()

    def close(self) -> None:
        """Cancels the picture if it is not done. Can be called any number of times."""
        self._closed = True
        self._stream.close()
        self._reader.shutdown(wait=False)
        if self._source is not None:
            self._source.cancel()

    async def __aenter__(self) -> AsyncPictureStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
