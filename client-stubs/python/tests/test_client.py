"""Unary calls against a real server."""

from __future__ import annotations

import io

import grpc
import pytest
from PIL import Image
from server import PICO, ROOT

from madit_client import (
    DeadlineExceeded,
    InvalidRequest,
    MaditClient,
    ModelNotFound,
    Unavailable,
)

IDS = list(range(16))


def pixels(picture):
    return picture.image().convert("RGB").tobytes()


def test_models_name_what_is_loaded(client):
    (summary,) = client.models()
    assert (summary.name, summary.image_width) == ("pico-buffer", 64)
    assert client.model().codebook_size == 64


def test_tokenize_takes_paths_bytes_and_images(client, tree):
    path = ROOT / "demo" / "pictures" / "tree.png"
    image = Image.open(path)
    ids = client.tokenize(path)
    assert len(ids) == 16
    assert client.tokenize(str(path)) == ids
    assert client.tokenize(tree) == ids
    assert client.tokenize(image) == ids
    assert client.tokenize(image.convert("RGB")) == ids


def test_tokenize_offset_is_added_and_subtracted(client, tree):
    ids = client.tokenize(tree)
    shifted = client.tokenize(tree, vocabulary_offset=1000)
    assert shifted == [each + 1000 for each in ids]
    plain = client.detokenize(ids, seed=3, format="raw_rgb")
    assert client.detokenize(shifted, seed=3, format="raw_rgb", vocabulary_offset=1000).data == plain.data


def test_detokenize_same_seed_same_pixels(client, tree):
    first = client.detokenize(client.tokenize(tree), seed=7)
    second = client.detokenize(client.tokenize(tree), seed=7)
    assert first.image().size == (64, 64)
    assert pixels(first) == pixels(second)
    assert pixels(client.detokenize(client.tokenize(tree), seed=8)) != pixels(first)


def test_detokenize_lossless_formats_hold_the_same_pixels(client):
    png = client.detokenize(IDS, seed=7)
    raw = client.detokenize(IDS, seed=7, format="raw_rgb")
    assert png.media_type == "image/png"
    assert raw.media_type == ""
    assert pixels(png) == raw.data == pixels(raw)


def test_detokenize_jpeg_and_webp_decode(client):
    for name in ("jpeg", "webp"):
        picture = client.detokenize(IDS, format=name)
        assert Image.open(io.BytesIO(picture.data)).format == name.upper()


def test_detokenize_report_says_how(client):
    picture = client.detokenize(IDS, seed=2**64 - 1, sampling={"rounds": 3}, request_id="mine", text="a tree")
    assert picture.seed == 2**64 - 1
    assert picture.report.rounds == 3
    assert picture.report.client_request_id == "mine"
    assert picture.timings["total"] >= picture.timings["rounds"]


def test_detokenize_latents_are_no_picture(client):
    picture = client.detokenize(IDS, format="latents")
    assert list(picture.output.tensor.shape) == [4, 8, 8]
    with pytest.raises(ValueError, match="OUTPUT_FORMAT_LATENTS is not a picture"):
        picture.image()


def test_save_writes_the_file(client, tmp_path):
    picture = client.detokenize(IDS)
    picture.save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (64, 64)


def test_detokenize_bad_id_names_the_field(client):
    with pytest.raises(InvalidRequest) as failure:
        client.detokenize([*IDS[:3], 64, *IDS[4:]])
    assert failure.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.value.reason == "INVALID_FIELD"
    assert [violation.field for violation in failure.value.violations] == ["visual.token_ids.ids[3]"]
    assert "64" in failure.value.violations[0].description


def test_detokenize_several_bad_fields_are_all_named(client):
    with pytest.raises(InvalidRequest) as failure:
        client.detokenize(IDS, sampling={"rounds": 100000, "flow_steps": 100000})
    assert {v.field for v in failure.value.violations} == {"sampling.rounds", "sampling.flow_steps"}


def test_detokenize_what_cannot_be_an_id_is_refused_here(client):
    with pytest.raises(ValueError, match=r"ids\[1\] must be a whole number from 0 to 4294967295, is -1"):
        client.detokenize([0, -1])


def test_detokenize_unknown_format_is_refused_here(client):
    with pytest.raises(ValueError, match=r"output_format must be one of png, .*is 'gif'"):
        client.detokenize(IDS, format="gif")


def test_detokenize_unknown_model(client):
    with pytest.raises(ModelNotFound) as failure:
        client.detokenize(IDS, model="none")
    assert failure.value.reason == "MODEL_NOT_FOUND"


def test_detokenize_deadline_too_short(client):
    with pytest.raises(DeadlineExceeded):
        client.detokenize(IDS, timeout=0.0001)


def test_tokenize_not_a_picture(client):
    with pytest.raises(InvalidRequest) as failure:
        client.tokenize((PICO / "manifest.json").read_bytes())
    assert [violation.field for violation in failure.value.violations] == ["image.encoded"]


def test_no_server_is_unavailable_after_all_attempts():
    with MaditClient("localhost:1") as client, pytest.raises(Unavailable) as failure:
        client.models()
    assert failure.value.reason == ""
