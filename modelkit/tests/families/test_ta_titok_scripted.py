"""The served TA-TiTok: scripted equals the reference, and packed equals alone."""

from pathlib import Path

import pytest
import torch

from modelkit.families import ta_titok
from modelkit.families.case import load_case
from modelkit.families.ta_titok.config import TaTitokConfig, ViT
from modelkit.families.ta_titok.model import TaTitok, moments
from modelkit.families.ta_titok.scripted import ScriptedTaTitok
from modelkit.families.text_towers import WordTable

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
SIZES = {"tinya": (32, 2, 4), "tinyb": (48, 3, 6)}
TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def case():
    return load_case(ORACLES / "ta-titok-vq")


@pytest.fixture(scope="module")
def module(case):
    model = ta_titok.convert(case.weights, {**case.config, "sizes": SIZES})
    return torch.jit.script(ScriptedTaTitok(model).eval())


def run(module, conds, orders) -> list[torch.Tensor]:
    """Pictures [3, H, W] of requests packed into one round."""
    ids = torch.zeros(0, dtype=torch.int64)
    canvases = [module.canvas(ids, order) for order in orders]
    budget = torch.tensor([[0, len(order), 1, 0, 7, 0] for order in orders])
    module.round(conds, canvases, orders, budget, torch.ones(len(orders), 4, dtype=torch.float64))
    return [module.pixels(module.latents(canvas, order)) for canvas, order in zip(canvases, orders)]


def test_packed_with_other_text_lengths_equals_alone(case, module):
    ids, text = case.tensors["in.tokens"][:, 0], case.tensors["in.text_guidance"][0]
    conds = [module.condition(ids[0], text), module.condition(ids[1], text[:5]), module.condition(ids[0], text[:0])]
    orders = [torch.randperm(16) for _ in conds]
    packed = run(module, conds, orders)
    for picture, cond, order in zip(packed, conds, orders):
        assert torch.allclose(picture, run(module, [cond], [order])[0], atol=TOLERANCE)
    assert float((packed[0] - packed[2]).abs().mean()) > 1e-3


def test_missing_ids_are_zero_codes(case, module):
    ids = case.tensors["in.tokens"][0, 0].clone()
    codes = module.codebook[ids]
    ids[3], codes[3] = -1, 0
    text = case.tensors["in.text_guidance"][0]
    assert torch.equal(module.condition(ids, text), module.condition_tokens(codes, text))


def test_canvas_survives_the_way_through_latents(module):
    order, canvas = torch.randperm(16), torch.randn(16, 768)
    assert torch.equal(module.canvas_of(module.latents(canvas, order), order), canvas)


def test_picture_of_bytes_goes_both_ways(module):
    picture = (torch.rand(64, 64, 3) * 255).to(torch.uint8)
    assert module.encode(picture).shape == (16,)
    decoded = module.decode(torch.full((16, 768), 9.0), torch.arange(16))
    assert (decoded.shape, decoded.dtype) == ((64, 64, 3), torch.uint8)


def test_kl_variant_encodes_means_and_refuses_ids():
    config = TaTitokConfig(ViT(32, 1, 4, 16), ViT(32, 1, 4, 16), 32, 8, 4, 0, text_length=6, text_dim=8)
    model = TaTitok(config).eval()
    module = torch.jit.script(ScriptedTaTitok(model).eval())
    picture = (torch.rand(32, 32, 3) * 255).to(torch.uint8)
    mean, _ = moments(model.latents(picture.permute(2, 0, 1).unsqueeze(0) / 255))
    assert torch.allclose(module.encode(picture), mean[0], atol=TOLERANCE)
    text = torch.randn(6, 8)
    expected = model.decoder(mean, text.unsqueeze(0))[0]
    ours = run(module, [module.condition_tokens(mean[0], text)], [torch.arange(4)])[0]
    assert torch.allclose(ours, expected, atol=TOLERANCE)
    with pytest.raises(Exception, match="takes continuous tokens, not ids"):
        module.condition(torch.zeros(8, dtype=torch.int64), text)
    with pytest.raises(Exception, match="more slots than the model"):
        module.condition_tokens(mean[0], torch.zeros(7, 8))


def test_bfloat16_is_close_and_pictures_stay_float32(case):
    model = ta_titok.convert(case.weights, {**case.config, "sizes": SIZES})
    module = torch.jit.script(ScriptedTaTitok(model).eval())
    cond = module.condition(case.tensors["in.tokens"][0, 0], case.tensors["in.text_guidance"][0])
    truth = run(module, [cond], [torch.arange(16)])[0]
    assert module.use_precision("bfloat16") == "bfloat16"
    low = run(module, [cond], [torch.arange(16)])[0]
    assert low.dtype == torch.float32
    assert 0 < float((low - truth).abs().mean()) < 0.05
    assert module.probe_precision("bfloat16", 8, 2).shape == (8, 48)
    with pytest.raises(Exception, match="float32 or bfloat16"):
        module.use_precision("float16")


def test_text_ids_need_a_table_of_words(case, module):
    with pytest.raises(Exception, match="takes text as features only"):
        module.embed_text(torch.tensor([1]))
    model = ta_titok.convert(case.weights, {**case.config, "sizes": SIZES})
    words = torch.randn(9, 32).half().float()
    module = torch.jit.script(ScriptedTaTitok(model, WordTable(words)))
    assert torch.equal(module.embed_text(torch.tensor([4, 2])), words[[4, 2]])
