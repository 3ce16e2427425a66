"""`stream` for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import grpc

from madit.v1 import stream_pb2
from madit_client import results
from madit_client.errors import Cancelled, MaditError, Unavailable, from_call
from madit_client.requests import as_ids
from madit_client.results import Event, Picture
from madit_client.retry import RetryPolicy
from madit_client.stream import Request

OpenCall = Callable[[float], Any]


class AsyncPictureStream(AsyncIterator[Event]):
    """`PictureStream` for asyncio: to be used in one event loop.

    Ids are sent at once, whether or not anybody iterates. A stream that breaks is opened again and gets all ids again, with
    the same seed. As an asynchronous context manager it is closed at the end of the block.
    """

    def __init__(self, open_call: OpenCall, begin: stream_pb2.BeginImage, timeout: float, retry: RetryPolicy) -> None:
        self._open_call = open_call
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + timeout
        self._retry = retry
        self._ids: list[int] = []
        self._complete = False
        self._changed = asyncio.Event()  # ids have come, or a writer must stop
        self._closed = asyncio.Event()
        self._picture: Picture | None = None
        self._source: asyncio.Task[None] | None = None
        self._source_failure: BaseException | None = None
        self._attempts = 0
        self._open()

    @property
    def seed(self) -> int:
        """The seed of the picture."""
        return self._begin.sampling.seed

    def put(self, ids: int | Iterable[int]) -> None:
        """The next id or ids."""
        if self._complete:
            raise ValueError("ids must not follow the end of the picture")
        self._ids += as_ids(ids)
        self._changed.set()

    def finish(self) -> None:
        """No more ids follow. Not needed when the model's count of ids is reached."""
        self._complete = True
        self._changed.set()

    def feed(self, source: Any) -> None:
        """Takes all ids: from an asynchronous iterable as they come, or from a list. What it raises is raised by the iterator."""
        if hasattr(source, "__aiter__"):
            self._source = asyncio.create_task(self._feed(source))
        else:
            self.put(source)
            self.finish()

    async def _feed(self, source: Any) -> None:
        try:
            async for ids in source:
                self.put(ids)
            self.finish()
        except Exception as failure:
            self._source_failure = failure
            self.close()

    async def __anext__(self) -> Event:
        while self._picture is None and not self._closed.is_set():
            try:
                event = await self._read()
            except MaditError as failure:
                await self._reopen(failure)
                continue
            if isinstance(event, Picture):
                self._picture = event
                self._end_ids()
            if event is not None:
                return event
        if self._source_failure is not None:
            failure, self._source_failure = self._source_failure, None
            raise failure
        if not self._closed.is_set():
            await self._await_end()
        raise StopAsyncIteration

    async def result(self) -> Picture:
        """Waits for the picture. Raises Cancelled if the stream was closed before."""
        async for _ in self:
            pass
        if self._picture is None:
            raise Cancelled(grpc.StatusCode.CANCELLED, "the stream was closed before its picture was done")
        return self._picture

    def close(self) -> None:
        """Cancels the picture if it is not done. Can be called any number of times."""
        self._closed.set()
        self._end_ids()
        self._call.cancel()

    async def __aenter__(self) -> AsyncPictureStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._attempts += 1
        self._stop = asyncio.Event()
        self._call = self._open_call(self._deadline - self._loop.time())
        self._writer = asyncio.create_task(self._write(self._call, self._stop))

    async def _write(self, call: Any, stop: asyncio.Event) -> None:
        # A call that has failed cannot be written to. Whoever reads hears why.
        with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):
            await call.write(Request(begin=self._begin))
            sent = 0
            while not stop.is_set():
                piece = self._ids[sent:]
                if piece:
                    sent += len(piece)
                    await call.write(Request(tokens=stream_pb2.TokenChunk(ids=piece)))
                elif self._complete:
                    await call.write(Request(end=stream_pb2.EndImage()))
                    break
                else:
                    self._changed.clear()
                    await self._changed.wait()
            await call.done_writing()

    async def _read(self) -> Event | None:
        try:
            response = await self._call.read()
        except grpc.RpcError as error:
            raise from_call(error) from error
        except asyncio.CancelledError:
            # Closed from another task, or this task is cancelled.
            if not self._closed.is_set():
                raise
            raise Cancelled(grpc.StatusCode.CANCELLED, "closed") from None
        if response is grpc.aio.EOF:
            raise Unavailable(grpc.StatusCode.UNAVAILABLE, "the stream ended without a picture")
        return results.event(response)

    async def _reopen(self, failure: MaditError) -> None:
        """Begins the next attempt after a pause, or raises the failure."""
        if self._closed.is_set():
            return
        self._end_writing()
        self._call.cancel()
        pause = self._retry.pause(failure, self._attempts, self._deadline - self._loop.time())
        if pause is None:
            self.close()
            raise failure
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._closed.wait(), pause)
        if not self._closed.is_set():
            self._open()

    async def _await_end(self) -> None:
        """Lets the server end the call, so that it does not count as cancelled. The picture is there, whatever happens."""
        with contextlib.suppress(grpc.RpcError):
            while await self._call.read() is not grpc.aio.EOF:
                pass
        self._closed.set()

    def _end_writing(self) -> None:
        self._stop.set()
        self._changed.set()

    def _end_ids(self) -> None:
        self._end_writing()
        if self._source is not None and self._source is not asyncio.current_task():
            self._source.cancel()
