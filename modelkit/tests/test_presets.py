"""Presets in manifests, and bundles that are renewed."""

import json
from pathlib import Path

import torch

from modelkit import bundle, golden
from modelkit.gtr import GtrOptions
from modelkit.initialise import random_model
from modelkit.madit import FrequencySteps, SamplingDefaults
from modelkit.presets import manifest_presets, measure, table
from modelkit.reveal import compile_plan

NANO = Path(__file__).parents[2] / "models" / "madit-nano" / bundle.MANIFEST


def test_nano_has_the_four_presets_each_measured():
    manifest = json.loads(NANO.read_text())
    assert list(manifest["presets"]) == ["exact", "balanced", "fast", "draft"]
    for name, sampling in manifest_presets(manifest).items():
        plan = compile_plan(range(256), sampling, (16, 16))
        assert len(plan.rounds) == sampling.rounds
        assert max(r.boosted_steps for r in plan.rounds) <= manifest["bounds"]["max_boosted_flow_steps"]
        keys = {"psnr_db", "ssim", "frechet", "cpu_seconds"}
        if name != "exact":
            keys |= {"psnr_vs_exact_db", "speedup_vs_exact"}
        assert set(manifest["presets"][name]["metrics"]) == keys


def test_settings_survive_json():
    for sampling in [
        SamplingDefaults(),
        SamplingDefaults(reveal_order="gtr", gtr=GtrOptions(2, 1), frequency_steps=FrequencySteps(0.1, 12)),
    ]:
        written = json.loads(json.dumps(bundle.sampling_to_dict(sampling)))
        assert None not in written.values()
        assert bundle.sampling_from_dict(written) == sampling


def test_measured_presets_are_compared_with_the_first():
    model = random_model(golden.pico_configs()[0], seed=1)
    ids = torch.arange(2 * 16).reshape(2, 16)
    truth = torch.zeros(2, model.config.image_size, model.config.image_size, 3, dtype=torch.uint8)
    exact = SamplingDefaults(rounds=4, flow_steps=2)
    measured = measure(model, truth, ids, {"exact": exact, "draft": SamplingDefaults(rounds=1, flow_steps=1)})
    assert "psnr_vs_exact_db" not in measured["exact"].metrics
    assert measured["draft"].metrics["psnr_vs_exact_db"] > 0
    lines = table({name: one.metrics for name, one in measured.items()}).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| `exact` | - | - |")


def test_a_renewed_bundle_keeps_weights_and_manifest(tmp_path):
    model = random_model(golden.pico_configs()[1], seed=1)
    bundle.write_bundle(model, tmp_path / "old", bundle.BundleInfo("7", metrics={"psnr": 1.5}))
    bundle.renew_bundle(tmp_path / "old", tmp_path / "new")
    for name in (bundle.MANIFEST, bundle.MODEL, bundle.CODEWORD_KL):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "old" / name).read_bytes()
