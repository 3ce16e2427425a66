"""Bundles: hashes, determinism, and weights that survive bit for bit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from modelkit import bundle, golden
from modelkit.cli import app
from modelkit.initialise import random_model

RESOURCES = Path(__file__).parents[2] / "server" / "src" / "test" / "resources"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    model = random_model(golden.pico_configs()[1], seed=5)
    bundle.write_bundle(model, folder, bundle.BundleInfo("3", metrics={"psnr": 25.0}))
    return folder


def test_manifest_describes_the_files(written):
    manifest = json.loads((written / "manifest.json").read_text())
    assert (manifest["schema_version"], manifest["version"], manifest["family"]) == (1, "3", "madit")
    assert set(manifest["files"]) == {"model.pt", "codeword_kl.f32"}
    assert manifest["text"] is None
    assert manifest["metrics"] == {"psnr": 25.0}
    assert len(np.fromfile(written / "codeword_kl.f32", "<f4")) == manifest["codebook"]["size"]
    assert manifest["grid"]["rows"] * manifest["grid"]["columns"] == manifest["tokens"]["count"] == 64
    bundle.check_hashes(written)


def test_weights_survive_bit_for_bit(written):
    before = random_model(golden.pico_configs()[1], seed=5).state_dict()
    model = bundle.read_model(written)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert model.config == golden.pico_configs()[1]


def test_same_model_gives_the_same_bytes(written, tmp_path):
    bundle.write_bundle(bundle.read_model(written), tmp_path, bundle.BundleInfo("3", metrics={"psnr": 25.0}))
    for file in written.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes(), file.name


def test_compact_bundle_is_smaller_and_equals_its_rounded_model(written, tmp_path):
    model = bundle.read_model(written)
    bundle.write_bundle(model, tmp_path, bundle.BundleInfo("3"), compact=True)
    assert (tmp_path / "model.pt").stat().st_size < 0.6 * (written / "model.pt").stat().st_size
    rounded, after = model.state_dict(), bundle.read_model(tmp_path).state_dict()
    assert all(torch.equal(rounded[name], after[name]) for name in rounded)


def test_bundle_case_follows_the_bundle_s_own_tokenizer(tmp_path):
    golden.write_bundle_case(RESOURCES / "models" / "pico-buffer", tmp_path)
    case = json.loads((tmp_path / "golden" / "pico-buffer.json").read_text())["cases"][0]
    assert case["text_ids"] == [golden.WORDS.index(word) for word in case["caption"].split()]


def test_changed_or_missing_file_is_named(written, tmp_path):
    for file in written.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "codeword_kl.f32").write_bytes(b"\0" * 256)
    with pytest.raises(ValueError, match=r"codeword_kl\.f32 does not have the hash"):
        bundle.read_model(tmp_path)
    (tmp_path / "codeword_kl.f32").unlink()
    with pytest.raises(ValueError, match=r"codeword_kl\.f32 is missing"):
        bundle.check_hashes(tmp_path)


def test_text_model_needs_a_tokenizer(tmp_path):
    with pytest.raises(ValueError, match="tokenizer"):
        bundle.write_bundle(random_model(golden.pico_configs()[0]), tmp_path, bundle.BundleInfo("1"))


@pytest.mark.parametrize("config", golden.pico_configs(), ids=lambda config: config.name)
def test_committed_golden_vectors_are_what_the_reference_draws(config, tmp_path):
    model = bundle.read_model(RESOURCES / "models" / config.name)
    assert model.config == config
    chosen = [c for c in golden.some_cases(config) if c.name in ("default", "random", "user-plan")]
    golden.write_cases(model, chosen, tmp_path)
    fresh = load_file(tmp_path / f"{config.name}.safetensors")
    committed = load_file(RESOURCES / "golden" / f"{config.name}.safetensors")
    for name, value in fresh.items():
        tolerance = 1 if value.dtype == torch.uint8 else 1e-4
        assert float((value.double() - committed[name].double()).abs().max()) <= tolerance, name


def test_committed_noise_and_plans_are_fresh():
    for name, document in (("noise", golden.noise_document()), ("plans", golden.plan_document())):
        assert json.loads((RESOURCES / "golden" / f"{name}.json").read_text()) == json.loads(json.dumps(document))


def test_caption_tokenizer_agrees_with_the_cases():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(golden.pico_tokenizer_json())
    for case in golden.pico_cases(golden.pico_configs()[0]):
        assert tokenizer.encode(case.caption).ids == list(case.text_ids)


def test_init_command_writes_a_loadable_bundle(tmp_path):
    arguments = ["init", "--preset", "madit-pico", "--random", "--patches", "64", "--guidance-placement", "velocity"]
    result = CliRunner().invoke(app, [*arguments, "--no-text", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    config = bundle.read_model(tmp_path).config
    assert (config.patches, config.guidance_placement, config.text) == (64, "velocity", None)


@pytest.mark.parametrize("extra", [["--preset", "nope", "--random"], ["--preset", "madit-pico"]])
def test_init_command_refuses_what_it_cannot_do(extra, tmp_path):
    result = CliRunner().invoke(app, ["init", *extra, "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert "Traceback" not in result.output
