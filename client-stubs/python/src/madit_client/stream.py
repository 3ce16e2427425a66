"""A picture that is drawn while its ids are still sampled."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import grpc

from madit.v1 import stream_pb2
from madit_client import results
from madit_client.errors import Cancelled, MaditError, Unavailable, from_call
from madit_client.idlog import IdLog
from madit_client.results import Event, Picture
from madit_client.retry import RetryPolicy

Request = stream_pb2.StreamDetokenizeRequest
OpenCall = Callable[[Iterator[Request], float], Any]


class PictureStream(Iterator[Event]):
    """Iterates over the events of one picture; the last one is the `Picture`.

    Ids are given by `put` and `finish`, from any thread, or by the iterable that the stream was opened with. They are sent at
    once, whether or not anybody iterates. A stream that breaks is opened again and gets all ids again, with the same seed:
    after that, events of earlier rounds may repeat. As a context manager it is closed at the end of the block.
    """

    def __init__(self, open_call: OpenCall, begin: stream_pb2.BeginImage, timeout: float, retry: RetryPolicy) -> None:
        self._open_call = open_call
        self._begin = begin
        self._deadline = time.monotonic() + timeout
        self._retry = retry
        self._ids = IdLog()
        self._closed = threading.Event()
        self._picture: Picture | None = None
        self._source_failure: BaseException | None = None
        self._attempts = 0
        self._open()

    @property
    def seed(self) -> int:
        """The seed of the picture."""
        return self._begin.sampling.seed

    def put(self, ids: int | Iterable[int]) -> None:
        """The next id or ids."""
        self._ids.append(ids)

    def finish(self) -> None:
        """No more ids follow. Not needed when the model's count of ids is reached."""
        self._ids.finish()

    def feed(self, source: Iterable[Any]) -> None:
        """Takes all ids from an iterable, in a thread of its own. What it raises is raised by the iterator."""
        if isinstance(source, list | tuple | Mapping) or hasattr(source, "tolist"):
            self.put(source)
            self.finish()
            return
        threading.Thread(target=self._feed, args=(source,), name="madit-ids", daemon=True).start()

    def _feed(self, source: Iterable[Any]) -> None:
        try:
            for ids in source:
                if self._closed.is_set():
                    return
                self.put(ids)
            self.finish()
        except BaseException as failure:
            self.fail(failure)

    def fail(self, cause: BaseException) -> None:
        """The ids cannot be had: the picture is cancelled, and the iterator raises the cause."""
        self._source_failure = cause
        self._abort()

    def __next__(self) -> Event:
        while self._picture is None and not self._closed.is_set():
            try:
                event = self._read()
            except MaditError as failure:
                self._reopen(failure)
                continue
            if isinstance(event, Picture):
                self._picture = event
                self._half_close()
            if event is not None:
                return event
        if self._source_failure is not None:
            cause, self._source_failure = self._source_failure, None
            raise cause
        if not self._closed.is_set():
            self._await_end()
        raise StopIteration

    def result(self) -> Picture:
        """Waits for the picture. Raises Cancelled if the stream was closed before."""
        for _ in self:
            pass
        if self._picture is None:
            raise Cancelled(grpc.StatusCode.CANCELLED, "the stream was closed before its picture was done")
        return self._picture

    def close(self) -> None:
        """Cancels the picture if it is not done. Can be called from any thread, any number of times."""
        self._abort()

    def __enter__(self) -> PictureStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._attempts += 1
        self._stop = threading.Event()
        self._call = self._open_call(self._requests(self._stop), self._deadline - time.monotonic())
        if self._closed.is_set():
            self._end_attempt()

    def _requests(self, stop: threading.Event) -> Iterator[Request]:
        yield Request(begin=self._begin)
        for ids in self._ids.follow(stop):
            yield Request(tokens=stream_pb2.TokenChunk(ids=ids))
        if not stop.is_set():
            yield Request(end=stream_pb2.EndImage())

    def _read(self) -> Event | None:
        try:
            return results.event(next(self._call))
        except StopIteration:
            raise Unavailable(grpc.StatusCode.UNAVAILABLE, "the stream ended without a picture") from None
        except grpc.RpcError as error:
            raise from_call(error) from error

    def _reopen(self, failure: MaditError) -> None:
        """Begins the next attempt after a pause, or raises the failure."""
        if self._closed.is_set():
            return
        self._end_attempt()
        pause = self._retry.pause(failure, self._attempts, self._deadline - time.monotonic())
        if pause is None:
            self._closed.set()
            raise failure
        if not self._closed.wait(pause):
            self._open()

    def _await_end(self) -> None:
        """Lets the server end the call, so that it does not count as cancelled. The picture is there, whatever happens."""
        with contextlib.suppress(grpc.RpcError):
            for _ in self._call:
                pass
        self._closed.set()

    def _abort(self) -> None:
        self._closed.set()
        self._end_attempt()

    def _half_close(self) -> None:
        self._stop.set()
        self._ids.wake()

    def _end_attempt(self) -> None:
        self._half_close()
        with contextlib.suppress(grpc.RpcError):
            self._call.cancel()
