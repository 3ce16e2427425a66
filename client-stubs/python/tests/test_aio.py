"""The client for asyncio, against a real server and against a scripted one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from flaky import FlakyServer, accept_then, draw, fail, image_error, models
from grpc import StatusCode

from madit_client import (
    Accepted,
    AsyncMaditClient,
    Cancelled,
    InvalidRequest,
    Overloaded,
    Picture,
    Preview,
    Progress,
    RetryPolicy,
    Unavailable,
)

FAST = RetryPolicy(first_backoff=timedelta(milliseconds=10), longest_backoff=timedelta(milliseconds=20))
IDS = list(range(16))


def with_client(address, work, **settings):
    """Runs `work(client)` in an event loop of its own."""

    async def run():
        async with AsyncMaditClient(address, **settings) as client:
            return await work(client)

    return asyncio.run(run())


def test_calls_give_what_the_other_client_gives(server, client, tree):
    async def work(aio):
        ids = await aio.tokenize(tree)
        return (await aio.models())[0], (await aio.model()).name, ids, await aio.detokenize(ids, seed=7)

    summary, name, ids, picture = with_client(server.address, work)
    assert summary.name == name == "pico-buffer"
    assert ids == client.tokenize(tree)
    assert picture.image().tobytes() == client.detokenize(ids, seed=7).image().tobytes()


def test_stream_of_an_asynchronous_iterable(server, client):
    async def work(aio):
        accepted = asyncio.Event()

        async def sample():
            yield IDS[:4]
            await accepted.wait()
            for each in IDS[4:]:
                yield each

        events = []
        async with aio.stream(sample(), seed=7, preview_every_rounds=2) as stream:
            async for event in stream:
                events.append(event)
                accepted.set()
        return events

    events = with_client(server.address, work)
    assert isinstance(events[0], Accepted)
    assert {Progress, Preview} <= {type(event) for event in events}
    assert events[-1].image().tobytes() == client.detokenize(IDS, seed=7).image().tobytes()


def test_many_streams_at_once(server):
    async def work(aio):
        return await asyncio.gather(*(aio.stream(IDS, seed=seed).result() for seed in range(8)))

    assert [picture.seed for picture in with_client(server.address, work)] == list(range(8))


def test_put_and_finish(server):
    async def work(aio):
        stream = aio.stream()
        stream.put(IDS[:8])
        stream.put(IDS[8])
        stream.put(IDS[9:])
        stream.finish()
        with pytest.raises(ValueError, match="ids must not follow"):
            stream.put(1)
        return await stream.result()

    assert isinstance(with_client(server.address, work), Picture)


def test_bad_id_names_the_field(server):
    async def work(aio):
        with pytest.raises(InvalidRequest) as unary:
            await aio.detokenize([64] * 16)
        with pytest.raises(InvalidRequest) as stream:
            await aio.stream([64] * 16).result()
        return unary.value, stream.value

    unary, stream = with_client(server.address, work)
    assert unary.violations[0].field == "visual.token_ids.ids[0]"
    assert "ids" in stream.violations[0].field


def test_source_failure_is_raised_as_it_is(server):
    async def sample():
        yield 1
        raise KeyError("the model broke")

    with pytest.raises(KeyError, match="the model broke"):
        with_client(server.address, lambda aio: aio.stream(sample()).result())


def test_close_from_another_task_ends_the_iteration(server):
    async def work(aio):
        stream = aio.stream()
        reader = asyncio.create_task(stream.result())
        await anext(aio.stream(IDS))  # the server has seen both
        stream.close()
        with pytest.raises(Cancelled):
            await reader

    with_client(server.address, work)


def test_cancelled_task_cancels_the_stream(server):
    async def work(aio):
        async def read():
            async with aio.stream() as stream:
                accepted.set_result(await anext(stream))
                await stream.result()

        accepted = asyncio.get_running_loop().create_future()
        reader = asyncio.create_task(read())
        assert isinstance(await accepted, Accepted)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader

    with_client(server.address, work)


def test_unary_is_retried_and_pushback_obeyed():
    turns = fail(StatusCode.UNAVAILABLE), fail(StatusCode.RESOURCE_EXHAUSTED, pushback="20"), models("third")
    with FlakyServer(*turns) as server:
        found = with_client(server.address, lambda aio: aio.models(), retry=FAST)
    assert found[0].name == "third"


def test_unary_pushback_can_forbid_a_retry():
    with FlakyServer(fail(StatusCode.RESOURCE_EXHAUSTED, pushback="-1"), models("never")) as server:
        with pytest.raises(Overloaded):
            with_client(server.address, lambda aio: aio.models(), retry=FAST)
        assert server.calls == 1


def test_stream_broken_is_replayed_with_all_ids_and_the_seed():
    async def sample():
        for each in IDS:
            yield each

    turns = (
        accept_then(3, fail(StatusCode.UNAVAILABLE)),
        accept_then(3, image_error(StatusCode.UNAVAILABLE, "DRAINING")),
        accept_then(3, lambda *_: None),
        accept_then(16, draw(b"drawn")),
    )
    with FlakyServer(*turns) as server:
        picture = with_client(server.address, lambda aio: aio.stream(sample()).result(), retry=FAST)
        begins = {calls[0].begin.sampling.seed for calls in server.received}
        last = [each for request in server.received[-1][1:] for each in request.tokens.ids]
    assert picture.data == b"drawn"
    assert len(server.received) == 4
    assert len(begins) == 1
    assert last == IDS


def test_stream_broken_while_ids_are_sampled_gets_the_rest():
    async def work(aio):
        replayed = asyncio.Event()

        async def sample():
            yield IDS[:3]
            await replayed.wait()
            yield IDS[3:]

        async with aio.stream(sample()) as stream:
            accepted = 0
            async for event in stream:
                accepted += isinstance(event, Accepted)
                if accepted == 2:
                    replayed.set()
            return await stream.result()

    turns = accept_then(3, fail(StatusCode.UNAVAILABLE)), accept_then(16, draw(b"drawn"))
    with FlakyServer(*turns) as server:
        assert with_client(server.address, work, retry=FAST).data == b"drawn"


def test_stream_hopeless_is_not_retried():
    with FlakyServer(fail(StatusCode.UNAVAILABLE, pushback="-1")) as server:
        with pytest.raises(Unavailable):
            with_client(server.address, lambda aio: aio.stream(IDS).result(), retry=FAST)
        assert server.calls == 1
