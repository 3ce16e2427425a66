"""TA-TiTok: settings, conversion and its two kinds of tokens."""

from pathlib import Path

import pytest
import torch

from modelkit.families import ta_titok
from modelkit.families.case import load_case
from modelkit.families.ta_titok.config import ViT, assumed_sizes, read_config, sizes_in
from modelkit.families.ta_titok.model import TaTitok, moments
from modelkit.families.weights import ConversionError

CASE = Path(__file__).parents[1] / "data" / "oracles" / "ta-titok-vq"


@pytest.fixture(scope="module")
def case():
    return load_case(CASE)


def settings(case, **changes):
    vq = {**case.config["ctor"]["config"]["model"]["vq_model"], **changes}
    config = {**case.config["ctor"]["config"], "model": {"vq_model": vq}}
    return {"ctor": {"config": config}, "sizes": {"tinya": (32, 2, 4), "tinyb": (48, 3, 6)}}


def test_sizes_come_from_the_notes_or_else_from_the_weights(case):
    assert sizes_in("enc tinya=(32, 2, 4), dec odd=(48, 3, 2).") == {"tinya": (32, 2, 4), "odd": (48, 3, 2)}
    assert assumed_sizes(case.weights, case.config) == {"tinya": (32, 2, 4), "tinyb": (48, 3, 6)}


def test_released_sizes_need_no_table(case):
    config = read_config(settings(case, vit_enc_model_size="base", vit_dec_model_size="large"))
    assert (config.encoder, config.decoder) == (ViT(768, 12, 12, 16), ViT(1024, 24, 16, 16))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"is_legacy": True}, "is_legacy must be false"),
        ({"quantize_mode": "fsq"}, "quantize_mode must be vq or vae, is fsq"),
        ({"vit_enc_model_size": "huge"}, "vit_enc_model_size must be one of .*, is huge"),
        ({"vit_dec_patch_size": 24}, "vit_dec_patch_size must divide crop_size 64, is 24"),
    ],
)
def test_settings_that_no_release_has_are_named(case, changes, message):
    with pytest.raises(ConversionError, match=message):
        read_config(settings(case, **changes))


def test_missing_and_unknown_weights_are_named(case):
    state = dict(case.weights)
    state["pixel_decoder.x"] = state.pop("latent_tokens")
    with pytest.raises(ConversionError, match=r"missing: latent_tokens; unknown: pixel_decoder\.x"):
        ta_titok.convert(state, settings(case))


def test_kl_variant_has_moments_and_no_codebook(case):
    model = TaTitok(read_config(settings(case, quantize_mode="vae")))
    mean, log_variance = moments(model.latents(torch.rand(1, 3, 64, 64)))
    assert mean.shape == log_variance.shape == (1, 16, 12)
    assert not hasattr(model, "quantize")
    assert moments(torch.full((1, 1, 2), 99.0))[1].item() == 20.0
