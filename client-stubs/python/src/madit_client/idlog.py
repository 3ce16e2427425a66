"""The ids of one picture, as far as they are known."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from madit_client.requests import as_ids


class IdLog:
    """Grows at its end until it is complete, and is read from its start by each attempt to draw the picture.

    Thread-safe. Nothing is forgotten, so that a broken stream can be replayed; a picture has few ids.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ids: list[int] = []
        self._complete = False

    def append(self, ids: int | Iterable[int]) -> None:
        """Adds ids. Raises ValueError for what cannot be an id, and after `finish`."""
        values = as_ids(ids)
        with self._changed:
            if self._complete:
                raise ValueError("ids must not follow the end of the picture")
            self._ids += values
            self._changed.notify_all()

    def finish(self) -> None:
        """No more ids follow."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def follow(self, stop: threading.Event) -> Iterator[list[int]]:
        """All ids from the first, in pieces as they come, until the end, or until `stop` is set and `wake` called."""
        sent = 0
        while True:
            piece = self._after(sent, stop)
            if stop.is_set() or not piece:
                return
            sent += len(piece)
            yield piece

    def _after(self, sent: int, stop: threading.Event) -> list[int]:
        with self._changed:
            self._changed.wait_for(lambda: stop.is_set() or self._complete or len(self._ids) > sent)
            return self._ids[sent:]

    def wake(self) -> None:
        """Lets those who follow look at their `stop`."""
        with self._changed:
            self._changed.notify_all()
