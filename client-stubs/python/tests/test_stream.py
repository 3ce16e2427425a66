"""Streams against a real server."""

from __future__ import annotations

import threading

import pytest

from madit_client import Accepted, Cancelled, InvalidRequest, MaditClient, Picture, Preview, Progress

IDS = list(range(16))


def test_stream_ends_with_the_picture_that_detokenize_gives(client):
    streamed = client.stream(iter(IDS), seed=7).result()
    assert streamed.image().tobytes() == client.detokenize(IDS, seed=7).image().tobytes()


def test_stream_gives_progress_and_previews_in_order(client):
    events = list(client.stream(IDS, preview_every_rounds=2, preview_format="png"))
    assert isinstance(events[0], Accepted)
    assert (events[0].token_count, events[0].rounds) == (16, 8)
    rounds = [event.rounds_done for event in events if isinstance(event, Progress)]
    assert rounds == sorted(rounds)
    previews = [event for event in events if isinstance(event, Preview)]
    assert previews
    assert all(preview.image().size == (64, 64) for preview in previews)
    assert isinstance(events[-1], Picture)


def test_stream_takes_ids_in_pieces_and_ends_at_the_count(client):
    pieces = [[0, 1, 2], 3, list(range(4, 16))]
    with client.stream(iter(pieces), progress=False) as stream:
        assert [type(event) for event in stream] == [Accepted, Picture]


def test_stream_ids_are_sent_while_they_are_sampled(client):
    accepted = threading.Event()

    def sample():
        yield from IDS[:4]
        assert accepted.wait(30)  # the server has answered before the last id is known
        yield from IDS[4:]

    for event in client.stream(sample()):
        if isinstance(event, Accepted):
            accepted.set()
    assert isinstance(event, Picture)


def test_stream_put_and_finish_from_another_thread(client):
    with client.stream(seed=1) as stream:
        writer = threading.Thread(target=lambda: [stream.put(each) for each in IDS] and stream.finish())
        writer.start()
        assert stream.result().seed == stream.seed == 1
        writer.join()


def test_stream_without_seed_chooses_one(client):
    stream = client.stream(IDS)
    assert stream.result().seed == stream.seed


def test_stream_too_few_ids(client):
    with pytest.raises(InvalidRequest) as failure:
        client.stream(IDS[:5]).result()
    assert failure.value.violations


def test_stream_bad_id_names_the_field(client):
    with pytest.raises(InvalidRequest) as failure:
        client.stream([*IDS[:15], 64]).result()
    assert failure.value.reason == "INVALID_FIELD"
    assert "ids" in failure.value.violations[0].field


def test_stream_source_failure_is_raised_as_it_is(client):
    def sample():
        yield from IDS[:4]
        raise KeyError("the model broke")

    with pytest.raises(KeyError, match="the model broke"):
        client.stream(sample()).result()


def test_stream_close_from_another_thread_ends_the_iteration(client):
    stream = client.stream()
    assert isinstance(next(stream), Accepted)
    threading.Timer(0, stream.close).start()
    assert all(isinstance(event, Progress) for event in stream)
    with pytest.raises(Cancelled):
        stream.result()


def test_stream_close_stops_reading_the_source(client):
    stopped = threading.Event()

    def sample():
        try:
            while True:
                yield 1
        finally:
            stopped.set()

    with pytest.raises(InvalidRequest):
        client.stream(sample()).result()
    assert stopped.wait(30)


def test_close_of_the_client_ends_its_streams(server):
    client = MaditClient(server.address)
    stream = client.stream()
    assert isinstance(next(stream), Accepted)
    client.close()
    with pytest.raises(Cancelled):
        stream.result()
