"""Pictures and ids from less than all ids, against a real server with bundles of several families."""

from __future__ import annotations

import asyncio
import math
import re

import pytest
from server import PICO, ServerProcess
from test_readme import blocks

from madit.v1 import conditioning_pb2, tensor_pb2
from madit_client import AsyncMaditClient, InvalidRequest, MaditClient, ModelNotFound, NotSupported

QUARTER = [3, 1, 4, 1]
CLASS = conditioning_pb2.Conditioning(class_label=1)


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """pico-buffer, what completes its ids, and what draws from a class or from text."""
    names = ("pico-maskgil", "pico-mar", "pico-maskgen-vq", "pico-maskgen-kl", "pico-ta-titok-clip")
    more = [flag for name in names for flag in ("--model", str(PICO.with_name(name)))]
    with ServerProcess(tmp_path_factory.mktemp("families") / "log", *more) as server:
        yield server.address


@pytest.fixture
def client(families):
    with MaditClient(families) as connected:
        yield connected


def test_completion_keeps_the_known_ids(client):
    whole = client.complete_tokens(QUARTER, model="pico-maskgil", conditioning=CLASS, seed=5)
    assert len(whole) == 16
    assert whole[:4] == QUARTER
    assert client.complete_tokens(QUARTER, model="pico-maskgil", conditioning=CLASS, seed=5) == whole
    assert len(client.complete_tokens(model="pico-maskgil")) == 16


def test_known_ids_may_have_places_and_an_offset(client):
    whole = client.complete_tokens({15: 1063, 7: 1001}, model="pico-maskgil", vocabulary_offset=1000)
    assert (whole[15], whole[7]) == (1063, 1001)
    assert all(1000 <= each < 1064 for each in whole)


def test_a_completed_picture_is_that_of_the_completed_ids(client):
    completed = client.detokenize(QUARTER, completion="pico-maskgil", seed=5, format="raw_rgb")
    whole = client.complete_tokens(QUARTER, model="pico-maskgil", seed=5)
    drawn = client.detokenize(whole, seed=5, format="raw_rgb")
    streamed = client.stream(QUARTER, completion="pico-maskgil", seed=5, format="raw_rgb").result()
    for other in (drawn, streamed):
        assert max(abs(a - b) for a, b in zip(completed.data, other.data, strict=True)) <= 3
    assert completed.report.chained[0].completed_tokens == 12


def test_ids_with_places_are_completed_to_a_picture(client):
    known = {15: 1063, 7: 1001}
    options = {"seed": 5, "vocabulary_offset": 1000}
    completed = client.detokenize(known, completion="pico-maskgil", format="raw_rgb", **options)
    whole = client.complete_tokens(known, model="pico-maskgil", **options)
    drawn = client.detokenize(whole, format="raw_rgb", **options)
    assert max(abs(a - b) for a, b in zip(completed.data, drawn.data, strict=True)) <= 3
    assert completed.report.chained[0].completed_tokens == 14


def test_generate_draws_from_a_class(client):
    picture = client.generate(model="pico-mar", conditioning=CLASS, seed=7)
    assert picture.image().size == (picture.width, picture.height)
    other = conditioning_pb2.Conditioning(class_label=2)
    assert client.generate(model="pico-mar", conditioning=other, seed=7).data != picture.data


def test_generated_tokens_go_to_the_named_decoder(client):
    picture = client.generate(model="pico-maskgen-vq", text="a red cat", decoder="pico-ta-titok-clip", seed=7)
    assert picture.image().size == (picture.width, picture.height)
    assert [report.model for report in picture.report.chained] == ["pico-ta-titok-clip"]


def test_generate_may_end_in_ids(client):
    asked = {"model": "pico-maskgen-vq", "text": "a red cat", "format": "tokens", "seed": 7}
    ids = list(client.generate(**asked).output.token_ids.ids)
    assert len(ids) == 16
    moved = client.generate(**asked, vocabulary_offset=1000)
    assert list(moved.output.token_ids.ids) == [1000 + each for each in ids]


def test_generate_may_end_in_continuous_tokens(client):
    def zeros(*shape):
        return tensor_pb2.Tensor(dtype=tensor_pb2.DATA_TYPE_FLOAT32, shape=shape, data=bytes(4 * math.prod(shape)))

    text = conditioning_pb2.TextEmbeddings(
        embeddings=zeros(8, 32), pooled=zeros(32), null_embeddings=zeros(8, 32), null_pooled=zeros(32)
    )
    conditioning = conditioning_pb2.Conditioning(text_embeddings=text)
    drawn = client.generate(model="pico-maskgen-kl", conditioning=conditioning, format="tokens", seed=7)
    assert list(drawn.output.tensor.shape) == [16, 4]


def test_asyncio_has_the_same_calls(families, client):
    async def work():
        async with AsyncMaditClient(families) as aio:
            whole = await aio.complete_tokens(QUARTER, model="pico-maskgil", seed=5)
            completed = await aio.detokenize({3: 1}, completion="pico-maskgil", seed=5)
            picture = await aio.generate(model="pico-mar", conditioning=CLASS, seed=7)
            return whole, completed, picture

    whole, completed, picture = asyncio.run(work())
    assert whole == client.complete_tokens(QUARTER, model="pico-maskgil", seed=5)
    assert completed.report.chained[0].completed_tokens == 15
    assert picture.seed == 7


def test_what_does_not_fit_is_named(client):
    with pytest.raises(InvalidRequest) as refused:
        client.complete_tokens({3: 64}, model="pico-maskgil")
    assert refused.value.violations[0].field == "known.ids[0]"
    with pytest.raises(NotSupported):
        client.generate(text="a tree")
    with pytest.raises(ModelNotFound):
        client.detokenize(QUARTER, completion="nobody")
    with pytest.raises(InvalidRequest):
        client.generate(model="pico-mar", conditioning=CLASS, decoder="pico-buffer")


def test_what_has_no_meaning_is_refused_before_it_is_sent(client):
    with pytest.raises(ValueError, match="completion must not be given"):
        client.generate(completion="pico-maskgil")
    with pytest.raises(ValueError, match="format must not be given"):
        client.complete_tokens(QUARTER, format="png")
    with pytest.raises(ValueError, match=re.escape("positions[0] must be a whole number")):
        client.complete_tokens({-1: 3})
    with client.stream() as stream, pytest.raises(ValueError, match="ids must come in their order, is a dict"):
        stream.feed({3: 1})


def test_readme_example_runs(client):
    names = {"client": client, "ids": QUARTER}
    (code,) = (block for block in blocks("python") if "complete_tokens" in block)
    exec(code.replace("maskgil-nano", "pico-maskgil"), names)
    assert names["picture"].image().size == (64, 64)
    assert names["whole"][:4] == QUARTER
