"""Quality of a trained model on held-out scenes: MaDiT's Table 2a and 2b, and a picture grid.

Rows are measured on the same pictures with the same seeds. ``validation`` is for choosing settings, ``test`` for reporting.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from tqdm import tqdm

from .data import scenes
from .latents import LatentSet, encode_scenes
from .madit import MaditModel, SamplingDefaults
from .metrics import frechet_distance, gradient_energy, patch_std, psnr, spearman, ssim, tile_features
from .reveal import plan_for
from .scripted import ScriptedMadit
from .text import token_ids
from .tokenizer import unpatchify
from .train_vae import to_uint8

PACK = 8
SCENES = 128


@dataclass(frozen=True)
class Row:
    """One line of the table; ``captions`` is ``none``, ``right`` or ``wrong``."""

    name: str
    sampling: SamplingDefaults
    regression_only: bool = False
    captions: str = "none"


def table_rows(defaults: SamplingDefaults) -> list[Row]:
    """Table 2a from the bottom up, the other orders, and the captions."""
    plain = replace(defaults, guidance_scale=1.0, reveal_order="random")
    return [
        Row("regression, one round", replace(plain, rounds=1), regression_only=True),
        Row("regression only", replace(defaults, guidance_scale=1.0), regression_only=True),
        Row("+ flow (random order)", plain),
        Row("+ CFG (random order)", replace(plain, guidance_scale=defaults.guidance_scale)),
        Row("+ KL order (full settings)", defaults),
        Row("raster order", replace(defaults, reveal_order="raster")),
        Row("full, right caption", defaults, captions="right"),
        Row("full, wrong caption", defaults, captions="wrong"),
    ]


@torch.no_grad()
def draw(model: MaditModel, ids: Tensor, captions: list[str], row: Row) -> Tensor:
    """Samples one picture per row of ``ids`` int64 [B, L] with seeds 0, 1, ...: uint8 [B, H, W, 3]."""
    generator = ScriptedMadit(model).eval()
    pictures = []
    for start in tqdm(range(0, len(ids), PACK), desc=row.name, mininterval=5):
        part = ids[start : start + PACK]
        plans = [plan_for(model, one, row.sampling, seed=start + i) for i, one in enumerate(part)]
        texts = [_embed(model, caption) for caption in captions[start : start + PACK]]
        conditions = [generator.condition(one, text) for one, text in zip(part, texts)]
        orders = [torch.tensor(plan.order) for plan in plans]
        canvases = [generator.canvas(one, order) for one, order in zip(part, orders)]
        for index in range(len(plans[0].rounds)):
            rounds = [plan.rounds[index] for plan in plans]
            flags = int(row.regression_only)
            budget = [[r.begin, r.end, r.flow_steps, r.boosted_steps, start + i, flags] for i, r in enumerate(rounds)]
            own = [row.sampling.temperature, row.sampling.noise_scale]
            scales = [[r.guidance, r.boost_fraction, *own] for r in rounds]
            generator.round(
                conditions, canvases, orders, torch.tensor(budget), torch.tensor(scales, dtype=torch.float64)
            )
        pictures += [generator.decode(canvas, order) for canvas, order in zip(canvases, orders)]
    return torch.stack(pictures)


def _embed(model: MaditModel, caption: str) -> Tensor:
    words = token_ids(caption, model.config.text.max_tokens) if caption and model.config.text else []
    return model.words[torch.tensor(words, dtype=torch.int64)]


@torch.no_grad()
def held_out(model: MaditModel, split: str, count: int) -> tuple[Tensor, LatentSet, Tensor]:
    """``count`` scenes of a split: pictures uint8 [B, H, W, 3], latents with captions, ids int64 [B, L]."""
    pictures, captions = scenes(split, SCENES)
    # Scenes are sorted by emoji: a smaller selection is spread evenly over all of them.
    chosen = np.linspace(0, SCENES - 1, count).round().astype(int)
    pictures, captions = np.stack([pictures[i] for i in chosen]), [captions[i] for i in chosen]
    held = encode_scenes(model.vae, pictures, captions, model.config.tokenizer.patch)
    return torch.from_numpy(pictures), held, torch.cat([model.tokenizer.encode(c) for c in held.latents.split(32)])


@torch.no_grad()
def evaluate(model: MaditModel, split: str, count: int, out: Path, rows: list[Row] | None = None) -> dict[str, dict]:
    """Prints and returns the table; writes ``metrics.json``, ``table.md`` and ``grid.png`` to ``out``."""
    truth, held, ids = held_out(model, split, count)
    captions = held.captions
    report: dict[str, dict] = {}
    shown: dict[str, Tensor] = {"original": truth}
    for name, drawn in _fixed_rows(model, held, ids):
        report[name], shown[name] = score(drawn, truth), drawn
        print(_line(name, report[name]), flush=True)
    for row in table_rows(model.config.sampling) if rows is None else rows:
        began = time.monotonic()
        drawn = draw(model, ids, _captions(row.captions, captions), row)
        report[row.name] = score(drawn, truth) | {"seconds": (time.monotonic() - began) / count}
        shown[row.name] = drawn
        print(_line(row.name, report[row.name]), flush=True)
    std = patch_std(truth, truth.shape[1] // model.config.grid).flatten()
    report["rank correlation"] = {"spearman": spearman(model.tokenizer.codeword_kl[ids].flatten(), std)}
    print(f"Spearman(codeword KL, patch deviation) {report['rank correlation']['spearman']:.3f}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(report, indent=1) + "\n")
    (out / "table.md").write_text(_markdown(report))
    grid(shown, min(count, 12)).save(out / "grid.png")
    return report


def _markdown(report: dict[str, dict]) -> str:
    columns = ("psnr", "ssim", "frechet", "gradient_error", "sharpness", "seconds")
    lines = ["| row | PSNR dB | SSIM | Fréchet | gradient-energy error | sharpness | s/picture |", "|---|" + "---|" * 6]
    for name, scores in report.items():
        cells = [f"{scores[key]:.4g}" if key in scores else "" for key in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(line for line in lines if not line.startswith("| rank correlation")) + "\n"


def sweep(model: MaditModel, count: int, rounds: int, out: Path) -> dict[str, dict]:
    """Guidance and noise scales on the validation split, to choose the manifest's defaults."""
    base = replace(model.config.sampling, rounds=rounds)
    rows = [
        Row(f"guidance {w} noise {s}", replace(base, guidance_scale=w, noise_scale=s))
        for w in (1.0, 1.5, 2.0)
        for s in (0.5, 0.7, 0.85, 1.0)
    ]
    return evaluate(model, "validation", count, out, rows)


def _fixed_rows(model: MaditModel, held: LatentSet, ids: Tensor) -> Iterator[tuple[str, Tensor]]:
    def decode(latents: Tensor) -> Tensor:
        return torch.cat([to_uint8(model.vae.decode(chunk)) for chunk in latents.split(8)])

    yield "VAE only", decode(held.latents)
    _, patches = model.tokenizer.readout(model.tokenizer.lookup(ids), model.config.grid)
    yield "tokenizer read-out", decode(unpatchify(patches, model.config.tokenizer.patch, model.config.grid))


def _captions(kind: str, captions: list[str]) -> list[str]:
    half = len(captions) // 2
    return {"none": [""] * len(captions), "right": captions, "wrong": captions[half:] + captions[:half]}[kind]


def score(drawn: Tensor, truth: Tensor) -> dict[str, float]:
    """PSNR, SSIM, Fréchet distance of tile features, and the ratio of gradient energies (1 = as sharp as the original)."""
    ratio = gradient_energy(drawn) / gradient_energy(truth)
    return {
        "psnr": float(psnr(drawn, truth).mean()),
        "ssim": float(ssim(drawn, truth).mean()),
        "frechet": frechet_distance(tile_features(drawn), tile_features(truth)),
        "gradient_error": float((ratio.log().abs()).mean()),
        "sharpness": float(ratio.mean()),
    }


def _line(name: str, scores: dict[str, float]) -> str:
    return f"{name:28s} " + "  ".join(f"{key} {value:.4g}" for key, value in scores.items())


def grid(rows: dict[str, Tensor], columns: int) -> Image.Image:
    """One labelled row of pictures per entry."""
    side = next(iter(rows.values())).shape[1]
    sheet = Image.new("RGB", (columns * side, len(rows) * (side + 16)), "white")
    pen = ImageDraw.Draw(sheet)
    for r, (name, pictures) in enumerate(rows.items()):
        top = r * (side + 16)
        pen.text((4, top + 2), name, fill="black")
        for c in range(columns):
            sheet.paste(Image.fromarray(pictures[c].numpy()), (c * side, top + 16))
    return sheet
