"""The stages of titok-nano on a few synthetic pictures, what they start from, and the committed result."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from modelkit.bundle import check_hashes
from modelkit.families.ta_titok.captions import Captions
from modelkit.families.ta_titok.codebook import Training, follow
from modelkit.families.ta_titok.config import TaTitokConfig, ViT
from modelkit.families.ta_titok.patches import principal_components
from modelkit.families.ta_titok.picture import decode
from modelkit.families.ta_titok.train import Examples, Recipe, load_titok, train_titok
from modelkit.metrics import psnr
from modelkit.trainer import Schedule

NANO = Path(__file__).parents[3] / "models" / "titok-nano"
CONFIG = TaTitokConfig(ViT(32, 2, 2, 8), ViT(32, 2, 2, 8), 32, 8, 4, 16, unit_codes=True, text_length=3, text_dim=4)


def blocks(count: int) -> np.ndarray:
    """Two colours per picture, left and right: uint8 [count, 32, 32, 3]."""
    colours = np.random.default_rng(count).integers(0, 256, (count, 1, 2, 3), dtype=np.uint8)
    return colours.repeat(32, 1).repeat(16, 2)


def examples(count: int) -> Examples:
    ids = torch.arange(3 * count).view(count, 3) % 5
    return Examples(blocks(count), Captions(ids, ids > 0, torch.eye(5, 4)))


@pytest.fixture(scope="module")
def components():
    return principal_components(blocks(40), 8, 12)


def test_all_stages_run_resume_and_learn(tmp_path):
    short = Schedule(150, 3e-3, warmup=4)
    recipe = Recipe(short, short, short, batch=8, components=12, component_pictures=40)
    model = train_titok(CONFIG, recipe, examples(40), examples(8), tmp_path, bf16=False)
    rows = [json.loads((tmp_path / f"{name}.jsonl").read_text()) for name in ("continuous", "quantised", "decoder")]
    assert rows[2]["psnr"] > 13
    again = train_titok(CONFIG, recipe, examples(40), examples(8), tmp_path, bf16=False)
    picture = torch.from_numpy(blocks(3)).permute(0, 3, 1, 2) / 255
    assert torch.equal(model.latents(picture), again.latents(picture))
    assert torch.equal(load_titok(CONFIG, tmp_path).latents(picture), model.latents(picture))


def test_folded_model_equals_the_one_between_components(components):
    training = Training(CONFIG, components)
    pictures = blocks(2)
    coefficients = components.coefficients(pictures, 8)
    codes, text = torch.randn(2, 8, 4), torch.randn(2, 3, 4)
    vectors = training.core.encode(coefficients)
    patches = training.core.decode(codes, text, torch.ones(2, 3, dtype=torch.bool)) @ components.basis + components.mean
    model = training.core.fold(components)
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
    assert torch.allclose(F.normalize(model.latents(pixels), dim=-1), vectors, atol=1e-4)
    decoded = F.pixel_unshuffle(model.decoder(codes, text), 8).flatten(2).transpose(1, 2)
    assert torch.allclose(decoded, patches, atol=1e-4)


def test_codewords_move_to_their_vectors_and_idle_ones_start_again(components):
    training = Training(CONFIG, components)
    vectors = F.normalize(torch.randn(64, 4), dim=-1)
    ids = torch.zeros(64, dtype=torch.int64)
    for _ in range(600):
        follow(training, vectors, ids)
    mean = F.normalize(vectors.mean(0), dim=0)
    assert float(training.codebook[0] @ mean) > 0.99
    assert all(any(torch.allclose(word, vector, atol=1e-5) for vector in vectors) for word in training.codebook[1:])


def test_the_committed_model_keeps_colours_and_places():
    check_hashes(NANO)
    module = torch.jit.load(str(NANO / "model.pt"), map_location="cpu")
    rows, columns = np.mgrid[:256, :256]
    scene = np.full((256, 256, 3), (40, 90, 200), np.uint8)
    scene[(rows - 90) ** 2 + (columns - 150) ** 2 < 60**2] = (250, 200, 40)
    picture = torch.from_numpy(scene)
    drawn = decode(module, module.encode(picture), module.embed_text(torch.tensor([2307])))
    assert float(psnr(drawn[None], picture[None])) > 17
    assert sum(file.stat().st_size for file in NANO.iterdir()) <= 12_000_000
