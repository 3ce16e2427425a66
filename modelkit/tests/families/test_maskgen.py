"""MaskGen: settings, conversion, and the rules of a round that a recorded run alone does not show."""

from pathlib import Path

import pytest
import torch

from modelkit.families import maskgen
from modelkit.families.case import load_case
from modelkit.families.maskgen.config import read_config
from modelkit.families.maskgen.model import woven_waves
from modelkit.families.maskgen.vq_sampler import guidance_weight, gumbel_of, masked_counts, vq_sampling
from modelkit.families.weights import ConversionError

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


@pytest.fixture(scope="module")
def vq():
    return load_case(ORACLES / "maskgen-vq")


def settings(case, **changes):
    config = case.config["ctor"]["config"]
    model = {part: {**values, **changes.get(part, {})} for part, values in config["model"].items()}
    return {"ctor": {"config": {**config, "model": model}}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vq_model": {"quantize_mode": "fsq"}}, "quantize_mode must be vq or vae, is fsq"),
        ({"maskgen": {"decoder_num_heads": 5}}, "decoder_num_heads must divide decoder_embed_dim 64, is 5"),
        ({"vq_model": {"quantize_mode": "vae"}}, "configuration lacks scale_factor"),
    ],
)
def test_settings_that_do_not_fit_are_named(vq, changes, message):
    with pytest.raises(ConversionError, match=message):
        read_config(settings(vq, **changes))


def test_an_untied_head_has_weights_of_its_own(vq):
    untied = settings(vq, maskgen={"weight_tying": False})
    state = {name: value for name, value in vq.weights.items() if name != "lm_head.weight"}
    with pytest.raises(ConversionError, match=r"missing: lm_head\.bias, lm_head\.weight"):
        maskgen.convert(state, untied)
    state |= {"lm_head.weight": torch.ones(96, 64), "lm_head.bias": torch.zeros(96)}
    assert maskgen.convert(state, untied).head(torch.ones(64)).tolist() == [64.0] * 96


def test_a_tied_head_must_equal_the_embeddings(vq):
    state = {**vq.weights, "lm_head.weight": vq.weights["lm_head.weight"] + 1}
    with pytest.raises(ConversionError, match=r"lm_head\.weight differs"):
        maskgen.convert(state, settings(vq))


def test_a_model_without_aesthetic_score_ignores_it(vq):
    plain = settings(vq, maskgen={"micro_condition": False})
    state = {**vq.weights, "cond_pooled_proj.weight": vq.weights["cond_pooled_proj.weight"][:, :32]}
    model = maskgen.convert(state, plain)
    pooled = torch.randn(2, 32)
    assert model.pool(pooled, torch.tensor([1.0, 9.0])) is pooled


def test_masked_counts_of_the_published_schedule():
    assert masked_counts("arccos", 128, 16)[:5] == [128, 122, 117, 112, 107]
    assert masked_counts("arccos", 4, 6) == [4, 3, 2, 1, 1, 1, 0]


def test_guidance_rises_to_its_scale_and_none_keeps_it():
    assert guidance_weight(12.0, "cosine", 1.0, 1.0) == 12.0
    assert guidance_weight(12.0, "cosine", 1.0, 0.5) == pytest.approx(6.5)
    assert guidance_weight(12.0, "linear", 1.0, 0.25) == 3.75
    assert guidance_weight(12.0, "none", 1.0, 0.25) == 12.0
    assert guidance_weight(12.0, "flippedcosine", 1.0, 1.0) == -4.5


def test_sampling_settings_are_checked():
    with pytest.raises(ConversionError, match="num_sample_steps must be at least 1, is 0"):
        vq_sampling({"num_sample_steps": 0})
    with pytest.raises(ConversionError, match=r"guidance_decay must be one of .*, is quadratic"):
        vq_sampling({"guidance_decay": "quadratic"})


def test_gumbel_noise_is_finite_at_both_ends():
    assert gumbel_of(torch.tensor([0.0, 0.5, 1.0])).isfinite().all()


def test_woven_waves_alternate():
    waves = woven_waves(torch.tensor([0.01]), 4)[0]
    angles = torch.tensor([1.0, 0.01])
    assert torch.allclose(waves, torch.stack([angles.sin(), angles.cos()], 1).flatten())
