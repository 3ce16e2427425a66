"""Presets measured: speed-up, distance from the preset ``exact`` and from the originals, on held-out scenes.

Time is processor time of one thread, so that other work on the machine does not count.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .bundle import MANIFEST, read_model, sampling_from_dict
from .evaluate import Row, draw, grid, held_out, score
from .madit import MaditModel, SamplingDefaults
from .metrics import psnr

EXACT = "exact"
ABOUT = ("description", "metrics")  # fields of a preset that are not settings


@dataclass(frozen=True)
class Measured:
    """Pictures uint8 [B, H, W, 3] of one preset and its metrics, as the manifest has them."""

    pictures: Tensor
    metrics: dict[str, float]


def manifest_presets(manifest: Mapping[str, dict]) -> dict[str, SamplingDefaults]:
    """Every preset over the manifest's defaults."""
    return {
        name: sampling_from_dict(manifest["sampling"] | {k: v for k, v in preset.items() if k not in ABOUT})
        for name, preset in manifest["presets"].items()
    }


@torch.no_grad()
def measure(
    model: MaditModel, truth: Tensor, ids: Tensor, presets: Mapping[str, SamplingDefaults]
) -> dict[str, Measured]:
    """truth uint8 [B, H, W, 3] and its ids int64 [B, L]; ``presets`` begin with the one that others are compared to."""
    torch.set_num_threads(1)
    results: dict[str, Measured] = {}
    for name, sampling in presets.items():
        draw(model, ids[:1], [""], Row(name, sampling))  # warms up what is compiled on first use
        began = time.process_time()
        pictures = draw(model, ids, [""] * len(ids), Row(name, sampling))
        seconds = (time.process_time() - began) / len(ids)
        scores = score(pictures, truth)
        metrics = {
            "psnr_db": round(scores["psnr"], 2),
            "ssim": round(scores["ssim"], 3),
            "frechet": round(scores["frechet"], 4),
            "cpu_seconds": round(seconds, 3),
        }
        if results:
            exact = next(iter(results.values()))
            metrics["psnr_vs_exact_db"] = round(float(psnr(pictures, exact.pictures).mean()), 2)
            metrics["speedup_vs_exact"] = round(exact.metrics["cpu_seconds"] / seconds, 1)
        results[name] = Measured(pictures, metrics)
        print(f"{name:24s} " + "  ".join(f"{key} {value:.4g}" for key, value in metrics.items()), flush=True)
    return results


def measure_bundle(bundle: Path, split: str, count: int, out: Path, write: bool) -> None:
    """Prints the table of a bundle's presets; writes it, the numbers and pictures to ``out``, and into the manifest."""
    file = bundle / MANIFEST
    manifest = json.loads(file.read_text())
    presets = manifest_presets(manifest)
    if EXACT not in presets:
        raise ValueError(f"presets must have one named {EXACT}, are {', '.join(presets) or 'none'}")
    model = read_model(bundle)
    truth, _, ids = held_out(model, split, count)
    measured = measure(model, truth, ids, {EXACT: presets[EXACT]} | presets)
    metrics = {name: one.metrics for name, one in measured.items()}
    out.mkdir(parents=True, exist_ok=True)
    (out / "presets.json").write_text(json.dumps(metrics, indent=1) + "\n")
    (out / "presets.md").write_text(table(metrics))
    picture_grid(truth, measured).save(out / "presets.webp", quality=85)
    if write:
        for name, values in metrics.items():
            manifest["presets"][name]["metrics"] = values
        file.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """The metrics as a Markdown table."""
    keys = ("speedup_vs_exact", "psnr_vs_exact_db", "psnr_db", "ssim", "frechet", "cpu_seconds")
    titles = ("speed-up", "PSNR vs `exact`, dB", "PSNR vs original, dB", "SSIM", "Fréchet", "CPU s per picture")
    lines = ["| preset | " + " | ".join(titles) + " |", "|---|" + "---|" * len(titles)]
    for name, values in metrics.items():
        cells = (f"{values[key]:g}" if key in values else "-" for key in keys)
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def picture_grid(truth: Tensor, measured: Mapping[str, Measured], columns: Sequence[int] = (0, 5, 10, 15)):
    """The originals and what each preset makes of some of them, at half size."""
    chosen = [column for column in columns if column < len(truth)]
    rows = {"original": truth[chosen, ::2, ::2]}
    rows |= {name: one.pictures[chosen, ::2, ::2] for name, one in measured.items()}
    return grid(rows, len(chosen))
