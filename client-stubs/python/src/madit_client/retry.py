"""When a broken stream is tried again. Unary calls are retried by gRPC itself, see `channel`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from madit_client.errors import DeadlineExceeded, MaditError, Overloaded, Unavailable

# A pause that gRPC rounds to 0 ms never ends: the call then waits for its deadline (seen with gRPC 1.85).
_SHORTEST_BACKOFF = timedelta(milliseconds=10)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how fast. Used for unary calls (by gRPC) and for streams (by this package).

    attempts: tries altogether, the first included; gRPC allows 2 to 5.
    first_backoff, longest_backoff: at least 10 ms; pauses where the server names none; each is twice the one before, times 0.8 to 1.2.
    """

    attempts: int = 5
    first_backoff: timedelta = timedelta(milliseconds=200)
    longest_backoff: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        if not 2 <= self.attempts <= 5:
            raise ValueError(f"attempts must be 2 to 5, is {self.attempts}")
        if not _SHORTEST_BACKOFF <= self.first_backoff <= self.longest_backoff:
            raise ValueError(
                f"first_backoff must be from {_SHORTEST_BACKOFF} to longest_backoff {self.longest_backoff},"
                f" is {self.first_backoff}"
            )

    def pause(self, failure: MaditError, attempt: int, seconds_left: float) -> float | None:
        """Seconds to wait before the next try; None if there must be none.

        attempt: how many tries have failed, 1 or more.
        seconds_left: until the deadline; a retry that would begin later is not made.
        """
        if attempt >= self.attempts or not _can_help(failure):
            return None
        if failure.retry_after is not None:
            seconds = failure.retry_after.total_seconds()
        else:
            grown = self.first_backoff.total_seconds() * 2 ** (attempt - 1)
            seconds = min(grown, self.longest_backoff.total_seconds()) * random.uniform(0.8, 1.2)
        return seconds if seconds < seconds_left else None


def _can_help(failure: MaditError) -> bool:
    if failure.retry_refused:
        return False
    if isinstance(failure, DeadlineExceeded):
        # The ids came too slowly for the server. It gave the picture up, but the caller's deadline has not passed.
        return failure.reason == "TOKENS_TIMEOUT"
    return isinstance(failure, Unavailable | Overloaded)
