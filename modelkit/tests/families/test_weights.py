"""Reading weight files and loading them strictly."""

import argparse
import os

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from modelkit.families.weights import ConversionError, read_state, take

STATE = {"weight": torch.arange(6.0).view(2, 3), "bias": torch.ones(2)}


def test_read_state_reads_safetensors(tmp_path):
    save_file(STATE, tmp_path / "a.safetensors")
    assert torch.equal(read_state(tmp_path / "a.safetensors")["weight"], STATE["weight"])


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"model": STATE, "epoch": 3, "args": argparse.Namespace(lr=0.1)},
        {"model": {"weight": torch.zeros(1)}, "model_ema": STATE},
        {"state_dict": {f"module.{name}": value for name, value in STATE.items()}},
        {"iter": 5, "model_state_dict": STATE, "optimizer_state_dict": {"state": {}}},
    ],
    ids=["plain", "checkpoint", "averaged-first", "wrapped", "with-optimizer"],
)
def test_read_state_finds_the_state_dict_of_a_checkpoint(content, tmp_path):
    torch.save(content, tmp_path / "a.pth")
    assert read_state(tmp_path / "a.pth").keys() == STATE.keys()
    assert torch.equal(read_state(tmp_path / "a.pth")["bias"], STATE["bias"])


class _Hostile:
    def __reduce__(self):
        return os.system, ("exit 1",)


def test_read_state_never_runs_code(tmp_path):
    torch.save({"model": STATE, "extra": _Hostile()}, tmp_path / "a.pth")
    with pytest.raises(ConversionError, match="more than tensors and plain values"):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", b"", "must end in"),
        ("a.safetensors", b"12345678", "unreadable"),
        ("a.pth", b"", "unreadable"),
        ("b.pth", b"garbage!", "a.pth|b.pth"),
    ],
)
def test_read_state_names_the_file_it_cannot_read(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConversionError, match=message):
        read_state(tmp_path / name)


def test_read_state_needs_tensors(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(ConversionError, match="no tensors; its keys are epoch"):
        read_state(tmp_path / "a.pt")


def test_take_loads_and_renames():
    layer = nn.Linear(3, 2)
    take({"w": STATE["weight"], "bias": STATE["bias"], "old.x": torch.ones(1)}, layer, {"w": "weight"}, ("old.*",))
    assert torch.equal(layer.weight, STATE["weight"])


def test_take_names_every_key_that_does_not_fit():
    layer = nn.Linear(3, 2)
    before = layer.weight.clone()
    with pytest.raises(ConversionError) as error:
        take({"weight": torch.zeros(2, 4), "extra": torch.zeros(1)}, layer)
    assert "missing: bias" in str(error.value)
    assert "unknown: extra" in str(error.value)
    assert "wrong shape: weight (is [2, 4], must be [2, 3])" in str(error.value)
    assert torch.equal(layer.weight, before)
