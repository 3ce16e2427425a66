"""Parts of models: autoencoders and word embeddings."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from modelkit.cli import app
from modelkit.vae import Vae, VaeConfig

KL = {"block_out_channels": [8, 8], "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4}


def _convert(family: str, folder: Path, weights: str, ctor: dict):
    (folder / "config.json").write_text(json.dumps({"ctor": ctor}))
    files = [str(folder / weights), "--config", str(folder / "config.json"), "--out", str(folder / "out")]
    return CliRunner().invoke(app, ["convert", "--from", family, *files])


def test_autoencoder_is_converted(tmp_path):
    vae = Vae(VaeConfig((8, 8), 1, 4, 4))
    torch.save({"state_dict": vae.state_dict()}, tmp_path / "vae.bin")
    result = _convert("sdxl-vae", tmp_path, "vae.bin", {**KL, "scaling_factor": 0.13025})
    assert result.exit_code == 0, result.output
    state = load_file(tmp_path / "out" / "weights.safetensors")
    assert torch.equal(state["post_quant_conv.weight"], vae.post_quant_conv.weight)
    assert json.loads((tmp_path / "out" / "config.json").read_text())["family"] == "sdxl-vae"


def _sharded(folder: Path, table: torch.Tensor) -> None:
    save_file({"model.embed_tokens.weight": table}, folder / "a.safetensors")
    places = {"model.embed_tokens.weight": "a.safetensors", "lm_head.weight": "never-downloaded.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def test_word_embeddings_need_only_their_own_file(tmp_path):
    table = torch.randn(11, 6).bfloat16()
    _sharded(tmp_path, table)
    ctor = {"vocab_size": 11, "hidden_size": 6}
    result = _convert("hf-llm-embeddings", tmp_path, "model.safetensors.index.json", ctor)
    assert result.exit_code == 0, result.output
    assert torch.equal(load_file(tmp_path / "out" / "weights.safetensors")["weight"], table.float())


@pytest.mark.parametrize(
    ("ctor", "extra", "message"),
    [
        ({"hidden_size": 7}, {}, "ctor.hidden_size: must be 6, the size of embed_tokens.weight, is 7"),
        ({}, {"vision.wte.weight": torch.zeros(2, 2)}, "found model.embed_tokens.weight, vision.wte.weight"),
    ],
)
def test_word_embeddings_that_do_not_fit_are_named(ctor, extra, message, tmp_path):
    tensors = {"model.embed_tokens.weight": torch.zeros(11, 6), "model.norm.weight": torch.zeros(6), **extra}
    save_file(tensors, tmp_path / "model.safetensors")
    result = _convert("hf-llm-embeddings", tmp_path, "model.safetensors", ctor)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "has no weight_map"),
        ('{"weight_map": {"embed_tokens.weight": "../x.safetensors"}}', "outside its folder"),
    ],
)
def test_bad_index_is_refused(content, message, tmp_path):
    (tmp_path / "m.index.json").write_text(content)
    result = _convert("hf-llm-embeddings", tmp_path, "m.index.json", {})
    assert result.exit_code == 2
    assert message in result.output
