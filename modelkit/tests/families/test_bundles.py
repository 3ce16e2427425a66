"""Authors' checkpoints as bundles."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from typer.testing import CliRunner

from modelkit.bundle import check_hashes
from modelkit.cli import app
from modelkit.families.convert import write_eager
from modelkit.vae import Vae, VaeConfig

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
KL = {"block_out_channels": [8, 8], "layers_per_block": 1, "latent_channels": 8, "norm_num_groups": 4}


def _convert(name: str, case: str, out: Path, *options: str, config: Path | None = None):
    config = config or ORACLES / case / "config.json"
    weights = str(ORACLES / case / "weights.safetensors")
    arguments = ["convert", "--from", name, weights, "--config", str(config), "--out", str(out), *options]
    return CliRunner().invoke(app, arguments)


def _load(folder: Path) -> tuple[dict, torch.jit.ScriptModule, dict]:
    extra = {"config.json": ""}
    script = torch.jit.load(str(folder / "model.pt"), _extra_files=extra)
    return json.loads((folder / "manifest.json").read_text()), script, json.loads(extra["config.json"])


EXPECTED = {
    "mar": ("mar", {"guidance_placement": "buffer", "classes": {"count": 10}, "tokens": None, "slots": 16}),
    "v2flow-linear": ("v2flow", {"guidance_placement": "velocity", "tokens": {"count": 64}, "adaptive_steps": False}),
    "v2flow-condot": ("v2flow", {"guidance_placement": "buffer", "tokens": {"count": 36}, "adaptive_steps": True}),
}
SAMPLING = {
    "mar": {"rounds": 8, "flow_steps": 100, "guidance_scale": 2.9, "guidance_schedule": "linear", "temperature": 0.95},
    "v2flow-linear": {"rounds": 8, "flow_steps": 20, "guidance_scale": 4.5, "guidance_schedule": "constant"},
    "v2flow-condot": {"rounds": 4, "guidance_scale": 2.5, "guidance_schedule": "linear"},
}


@pytest.mark.parametrize("case", EXPECTED)
def test_convert_writes_a_bundle(case, tmp_path):
    family, own = EXPECTED[case]
    result = _convert(family, case, tmp_path, "--name", "mine", "--version", "7", "--licence", "MIT")
    assert result.exit_code == 0, result.output
    check_hashes(tmp_path)
    manifest, script, config = _load(tmp_path)
    assert (manifest["family"], manifest["name"], manifest["version"], manifest["licence"]) == (
        family,
        "mine",
        "7",
        "MIT",
    )
    assert {key: manifest[key] for key in own} == own
    assert SAMPLING[case].items() <= manifest["sampling"].items()
    ctor = config["ctor"]
    side, channels = ctor["img_size"] // ctor["vae_stride"], ctor["vae_embed_dim"]
    assert manifest["latent"] == {"channels": channels, "height": side, "width": side, "scale": 1.0, "shift": 0.0}
    assert (manifest["autoencoder"], manifest["grid"]) == (False, {"rows": side, "columns": side})
    assert manifest["patch_dim"] == channels
    assert config["family"] == family
    ids = torch.zeros(1 if family == "mar" else manifest["slots"], dtype=torch.int64)
    assert script.condition(ids, torch.empty(0, 0)).shape == (manifest["slots"], manifest["hidden_dim"])


def test_convert_takes_the_autoencoder_along(tmp_path):
    torch.manual_seed(0)
    vae = Vae(VaeConfig((8, 8), 1, 8, 4, scale=0.5)).eval()
    save_file(vae.state_dict(), tmp_path / "vae.safetensors")
    settings = json.loads((ORACLES / "v2flow-linear" / "config.json").read_text())
    settings["ctor"] |= {"img_size": 16, "vae_stride": 2}
    settings["vae"] = {"kind": "kl", "weights": "vae.safetensors", "config": KL, "scale": 0.5}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    result = _convert("v2flow", "v2flow-linear", tmp_path / "out", config=tmp_path / "config.json")
    assert result.exit_code == 0, result.output
    manifest, script, _ = _load(tmp_path / "out")
    assert manifest["autoencoder"]
    assert manifest["latent"]["scale"] == 0.5
    rgb = script.decode(torch.randn(64, 8), torch.randperm(64))
    assert (rgb.shape, rgb.dtype) == ((16, 16, 3), torch.uint8)
    assert script.encode(rgb).shape == (64,)


def test_convert_refuses_an_autoencoder_of_another_shape(tmp_path):
    save_file(Vae(VaeConfig((8, 8), 1, 4, 4)).state_dict(), tmp_path / "vae.safetensors")
    settings = json.loads((ORACLES / "mar" / "config.json").read_text())
    settings["vae"] = {"kind": "kl", "weights": "vae.safetensors", "config": {**KL, "latent_channels": 4}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    result = _convert("mar", "mar", tmp_path / "out", config=tmp_path / "config.json")
    assert result.exit_code == 2
    assert "vae: must have 8 channels and a stride of 16, has 4 and 2" in result.output
    assert not (tmp_path / "out").exists()


def test_same_checkpoint_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        assert _convert("mar", "mar", tmp_path / folder).exit_code == 0
    assert (tmp_path / "a" / "model.pt").read_bytes() == (tmp_path / "b" / "model.pt").read_bytes()


def test_eager_weights_are_written_with_their_settings(tmp_path):
    write_eager(nn.Linear(2, 3), {"family": "x", "ctor": {}}, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == {"family": "x", "ctor": {}}
    assert (tmp_path / "weights.safetensors").is_file()
