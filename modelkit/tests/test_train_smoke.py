"""All stages on a few synthetic pictures: they run, resume, lower the loss, and give a model that can be read back."""

import json
import random
from dataclasses import replace

import numpy as np
import torch
from PIL import Image, ImageDraw

from modelkit.madit import preset
from modelkit.train import Recipe, Scenes, load_model, train_model
from modelkit.train_madit import DecoderStage
from modelkit.train_tokenizer import TokenizerStage
from modelkit.train_vae import VaeStage
from modelkit.trainer import Schedule


def _discs(count: int, side: int) -> np.ndarray:
    rng = random.Random(count)
    pictures = []
    for _ in range(count):
        picture = Image.new("RGB", (side, side), tuple(rng.randrange(256) for _ in range(3)))
        x, y, r = rng.randrange(side), rng.randrange(side), rng.randrange(side // 6, side // 2)
        ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), fill=tuple(rng.randrange(256) for _ in range(3)))
        pictures.append(np.asarray(picture))
    return np.stack(pictures)


def _recipe(steps: int) -> Recipe:
    short = Schedule(steps, 2e-3, warmup=5)
    return Recipe(
        vae=VaeStage(short, batch=4, beta=0.5),
        vae_decoder=VaeStage(short, batch=4, beta=0.0),
        tokenizer=TokenizerStage(short, batch=8, continuous_steps=10),
        regression=DecoderStage("regression", short, batch=4, flow=False),
        flow=DecoderStage("flow", short, batch=4, flow=True, rows=4),
        scenes=32,
    )


def test_train_model_runsResumesAndLearns(tmp_path):
    torch.set_num_threads(1)
    config = replace(preset("madit-pico"), text=None)
    pictures = Scenes(_discs(64, 64), ["disc"] * 64, _discs(16, 64), ["disc"] * 16)
    trained = train_model(config, _recipe(60), pictures, tmp_path, "cpu", bf16=False)
    for stage in ("vae", "vae_decoder", "tokenizer", "regression", "flow"):
        assert (tmp_path / f"{stage}.pt").exists()
    vae_rows = [json.loads(line) for line in (tmp_path / "vae.jsonl").read_text().splitlines()]
    assert vae_rows[-1]["psnr"] > 8

    longer = _recipe(90)
    resumed = train_model(config, longer, pictures, tmp_path, "cpu", bf16=False)
    rows = [json.loads(line) for line in (tmp_path / "vae.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [60, 90], "a second run goes on where the first stopped"
    assert rows[1]["mse"] < rows[0]["mse"]
    assert not torch.equal(trained.madit.patch.weight, resumed.madit.patch.weight)

    reread = load_model(tmp_path)
    ids = resumed.tokenizer.encode(torch.randn(1, 4, 8, 8))
    expected = resumed.condition(ids, torch.zeros(1, 0, 1))
    assert torch.equal(reread.condition(ids, torch.zeros(1, 0, 1)), expected)
    assert resumed.tokenizer.codeword_kl.min() > 0
