"""Requests, without a server."""

from __future__ import annotations

import pytest

from madit.v1 import conditioning_pb2, options_pb2, output_pb2, sampling_pb2
from madit_client import PictureOptions


def test_options_become_fields_of_both_kinds_of_request():
    options = PictureOptions(
        model="nano@1",
        seed=7,
        text="a tree",
        sampling={"preset": "fast", "flow_steps": 4},
        format="webp",
        priority="high",
        vocabulary_offset=100,
        token_count=16,
        completion="gil",
        request_id="mine",
    )
    unary = options.detokenize([100, 101])
    begin = options.begin(progress=True, preview_every_rounds=2, preview_format="png")
    assert list(unary.visual.token_ids.ids) == [100, 101]
    for place in (unary.visual.token_ids, begin):
        assert (place.vocabulary_offset, place.token_count) == (100, 16)
    assert (begin.progress, begin.preview_every_rounds, begin.preview_format) == (True, 2, output_pb2.OUTPUT_FORMAT_PNG)
    for request in (unary, begin):
        assert request.model == "nano@1"
        assert request.conditioning.text == "a tree"
        assert request.sampling == sampling_pb2.SamplingOptions(seed=7, preset="fast", flow_steps=4)
        assert request.output.format == output_pb2.OUTPUT_FORMAT_WEBP
        assert request.options.priority == options_pb2.PRIORITY_HIGH
        assert request.options.client_request_id == "mine"
        assert request.completion.model == "gil"


def test_a_mapping_becomes_ids_and_places():
    options = PictureOptions(vocabulary_offset=100, token_count=16)
    for tokens in (
        options.detokenize({15: 163, 7: 101}).visual.token_ids,
        options.complete_tokens({15: 163, 7: 101}).known,
    ):
        assert (list(tokens.ids), list(tokens.positions)) == ([163, 101], [15, 7])
        assert (tokens.vocabulary_offset, tokens.token_count) == (100, 16)


def test_messages_are_taken_as_they_are_and_not_changed():
    sampling = sampling_pb2.SamplingOptions(rounds=3)
    options = PictureOptions(
        conditioning=conditioning_pb2.Conditioning(class_label=5),
        sampling=sampling,
        output=output_pb2.OutputOptions(jpeg_quality=80),
        completion=options_pb2.Completion(model="gil", sampling={"rounds": 2}),
        seed=0,
    )
    request = options.detokenize([1])
    assert request.conditioning.class_label == 5
    assert (request.sampling.rounds, request.sampling.seed) == (3, 0)
    assert request.output.jpeg_quality == 80
    assert request.completion.sampling.rounds == 2
    assert not sampling.HasField("seed")


def test_absent_options_stay_absent():
    request = PictureOptions().detokenize([1])
    assert not request.sampling.HasField("seed")
    assert not request.HasField("conditioning")
    assert not request.HasField("completion")
    assert not request.visual.token_ids.HasField("token_count")


@pytest.mark.parametrize("pair", [("text", "conditioning"), ("format", "output")])
def test_two_words_for_one_thing_are_refused(pair):
    values = {
        "text": "a",
        "conditioning": conditioning_pb2.Conditioning(),
        "format": "png",
        "output": output_pb2.OutputOptions(),
    }
    with pytest.raises(ValueError, match=f"{pair[0]} and {pair[1]} must not both be given"):
        PictureOptions(**{name: values[name] for name in pair})


def test_unknown_priority_is_refused():
    with pytest.raises(ValueError, match="priority must be one of high, normal, low, is 'urgent'"):
        PictureOptions(priority="urgent").detokenize([1])
