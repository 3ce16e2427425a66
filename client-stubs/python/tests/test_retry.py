"""What is tried again, and what is not."""

from __future__ import annotations

import threading
from datetime import timedelta

import grpc
import pytest
from flaky import FlakyServer, accept_then, draw, fail, image_error, models, rich
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from grpc import StatusCode

from madit.v1 import service_pb2
from madit_client import (
    Accepted,
    DeadlineExceeded,
    InvalidRequest,
    MaditClient,
    Overloaded,
    Picture,
    RetryPolicy,
    ServerFault,
    Unavailable,
)

FAST = RetryPolicy(first_backoff=timedelta(milliseconds=10), longest_backoff=timedelta(milliseconds=20))
# Only a client that obeys the server's pushback is done before its deadline.
SLOW = RetryPolicy(first_backoff=timedelta(hours=1), longest_backoff=timedelta(hours=1))
IDS = list(range(16))


def connect(server, retry=FAST, **settings):
    return MaditClient(server.address, retry=retry, **settings)


@pytest.mark.parametrize("code", [StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED])
def test_unary_is_retried(code):
    with FlakyServer(fail(code), fail(code), models("third time")) as server, connect(server) as client:
        assert client.models()[0].name == "third time"
        assert server.calls == 3


def test_generate_and_complete_tokens_are_retried():
    broken = fail(StatusCode.UNAVAILABLE)
    drawn = service_pb2.GenerateResponse(report={"seed": 7})
    completed = service_pb2.CompleteTokensResponse(tokens={"ids": IDS})
    with FlakyServer(broken, lambda *_: drawn, broken, lambda *_: completed) as server, connect(server) as client:
        assert client.generate(text="a tree").seed == 7
        assert client.complete_tokens(IDS[:4]) == IDS
        assert server.calls == 4


def test_unary_obeys_pushback():
    first = fail(StatusCode.RESOURCE_EXHAUSTED, pushback="20")
    with FlakyServer(first, models("later")) as server, connect(server, SLOW, timeout=30) as client:
        assert client.models()[0].name == "later"


def test_unary_pushback_can_forbid_a_retry():
    first = fail(StatusCode.RESOURCE_EXHAUSTED, pushback="-1")
    with FlakyServer(first, models("never")) as server, connect(server) as client:
        with pytest.raises(Overloaded) as failure:
            client.models()
        assert failure.value.retry_refused
        assert server.calls == 1


def test_unary_gives_up_after_all_attempts():
    with FlakyServer(*[fail(StatusCode.UNAVAILABLE)] * 9) as server, connect(server) as client:
        with pytest.raises(Unavailable):
            client.models()
        assert server.calls == 5


@pytest.mark.parametrize(
    "code", [StatusCode.INVALID_ARGUMENT, StatusCode.INTERNAL, StatusCode.NOT_FOUND, StatusCode.UNAUTHENTICATED]
)
def test_unary_hopeless_is_not_retried(code):
    with FlakyServer(fail(code), models("never")) as server, connect(server) as client:
        with pytest.raises(Exception) as failure:
            client.models()
        assert failure.value.code is code
        assert server.calls == 1


def test_unary_large_request_is_retried():
    def tokenized(*_):
        return service_pb2.TokenizeResponse(visual={"token_ids": {"ids": [5]}})

    with FlakyServer(fail(StatusCode.UNAVAILABLE), tokenized) as server, connect(server) as client:
        assert client.tokenize(bytes(8 << 20)) == [5]


def test_unary_larger_than_servers_take_is_not_retried():
    with FlakyServer(fail(StatusCode.RESOURCE_EXHAUSTED)) as server, connect(server) as client:
        with pytest.raises(Overloaded):
            client.tokenize(bytes((32 << 20) + 1))
        assert server.calls == 1


def test_details_are_parsed():
    turn = rich(
        StatusCode.INVALID_ARGUMENT,
        error_details_pb2.ErrorInfo(reason="INVALID_FIELD"),
        error_details_pb2.BadRequest(field_violations=[{"field": "a.b", "description": "must be 1"}]),
        error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2)),
    )
    with FlakyServer(turn) as server, connect(server) as client, pytest.raises(InvalidRequest) as failure:
        client.models()
    assert str(failure.value) == "INVALID_ARGUMENT (INVALID_FIELD): scripted"
    assert [(v.field, v.description) for v in failure.value.violations] == [("a.b", "must be 1")]
    assert failure.value.retry_after == timedelta(seconds=2)


def events_of_attempt(requests):
    begin = requests[0].begin
    ids = [each for request in requests[1:] for each in request.tokens.ids]
    return begin.sampling.seed, ids


def test_stream_broken_is_replayed_with_all_ids_and_the_seed():
    turns = accept_then(3, fail(StatusCode.UNAVAILABLE)), accept_then(16, draw(b"drawn"))
    with FlakyServer(*turns) as server, connect(server) as client:
        stream = client.stream(iter(IDS))
        assert stream.result().data == b"drawn"
        first, second = (events_of_attempt(each) for each in server.received)
        assert first[1] == IDS[: len(first[1])]
        assert second == (stream.seed, IDS)
        assert first[0] == second[0]


def test_stream_broken_while_ids_are_sampled_gets_the_rest():
    replayed = threading.Event()

    def sample():
        yield from IDS[:3]
        assert replayed.wait(30)
        yield from IDS[3:]

    turns = accept_then(3, fail(StatusCode.UNAVAILABLE)), accept_then(16, draw(b"drawn"))
    with FlakyServer(*turns) as server, connect(server) as client:
        stream = client.stream(sample())
        accepted = 0
        for event in stream:
            accepted += isinstance(event, Accepted)
            if accepted == 2:
                replayed.set()
        assert stream.result().data == b"drawn"


def test_stream_obeys_pushback():
    turns = fail(StatusCode.RESOURCE_EXHAUSTED, pushback="5"), accept_then(16, draw(b"drawn"))
    with FlakyServer(*turns) as server, connect(server, SLOW, stream_timeout=30) as client:
        assert client.stream(IDS).result().data == b"drawn"


def test_stream_pushback_can_forbid_a_retry():
    with FlakyServer(fail(StatusCode.UNAVAILABLE, pushback="-1")) as server, connect(server) as client:
        with pytest.raises(Unavailable):
            client.stream(IDS).result()
        assert server.calls == 1


def test_stream_gives_up_after_all_attempts():
    with FlakyServer(*[accept_then(1, fail(StatusCode.UNAVAILABLE))] * 9) as server, connect(server) as client:
        with pytest.raises(Unavailable):
            client.stream(IDS).result()
        assert server.calls == 5


def test_stream_refused_picture_is_retried_when_the_server_says_when():
    turns = image_error(StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 0), draw(b"drawn")
    with FlakyServer(*(accept_then(1, turn) for turn in turns)) as server, connect(server, SLOW) as client:
        assert client.stream(IDS).result().data == b"drawn"


def test_stream_picture_of_a_draining_server_is_drawn_elsewhere():
    turns = image_error(StatusCode.UNAVAILABLE, "DRAINING"), draw(b"drawn")
    with FlakyServer(*(accept_then(1, turn) for turn in turns)) as server, connect(server) as client:
        assert client.stream(IDS).result().data == b"drawn"


def test_stream_picture_given_up_for_lack_of_ids_is_drawn_again():
    turns = image_error(StatusCode.DEADLINE_EXCEEDED, "TOKENS_TIMEOUT"), draw(b"drawn")
    with FlakyServer(*(accept_then(1, turn) for turn in turns)) as server, connect(server) as client:
        assert client.stream(IDS).result().data == b"drawn"


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (StatusCode.RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE", Overloaded),
        (StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", DeadlineExceeded),
        (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", InvalidRequest),
        (StatusCode.INTERNAL, "INTERNAL", ServerFault),
    ],
)
def test_stream_hopeless_picture_is_not_retried(code, reason, error):
    with FlakyServer(accept_then(1, image_error(code, reason))) as server, connect(server) as client:
        with pytest.raises(error) as failure:
            client.stream(IDS).result()
        assert failure.value.reason == reason
        assert server.calls == 1


def test_stream_retry_after_the_deadline_is_not_made():
    turn = accept_then(1, image_error(StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 3600))
    with FlakyServer(turn) as server, connect(server) as client, pytest.raises(Overloaded) as failure:
        client.stream(IDS).result()
    assert failure.value.retry_after == timedelta(hours=1)


def test_stream_that_ends_without_a_picture_is_replayed():
    turns = accept_then(1, lambda *_: None), accept_then(1, draw(b"drawn"))
    with FlakyServer(*turns) as server, connect(server) as client:
        assert isinstance(client.stream(IDS).result(), Picture)


@pytest.mark.parametrize("attempts", [1, 6])
def test_policy_attempts_out_of_bounds(attempts):
    with pytest.raises(ValueError, match=f"attempts must be 2 to 5, is {attempts}"):
        RetryPolicy(attempts=attempts)


def test_policy_backoff_too_short():
    with pytest.raises(ValueError, match=r"first_backoff must be from 0:00:00.010000 to .*, is 0:00:00.001000"):
        RetryPolicy(first_backoff=timedelta(milliseconds=1))


def test_policy_pauses_double_up_to_the_longest():
    policy = RetryPolicy(first_backoff=timedelta(seconds=1), longest_backoff=timedelta(seconds=3))
    failure = Unavailable(grpc.StatusCode.UNAVAILABLE, "")
    pauses = [policy.pause(failure, attempt, 100) for attempt in (1, 2, 3, 4, 5)]
    for pause, centre in zip(pauses, [1, 2, 3, 3]):
        assert 0.8 * centre <= pause <= 1.2 * centre
    assert pauses[4] is None
