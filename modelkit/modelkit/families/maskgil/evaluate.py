"""How well a MaskGIL bundle completes held-out emoji scenes of which the first quarter of the ids is known."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ... import evaluate as pictures
from ...bundle import read_model
from ...data import scenes
from ...metrics import psnr
from ...text import token_ids
from .complete import complete
from .ids import scene_ids
from .sampler import MaskGilSampling

SCENES, PACK = 128, 8
FAST = {"rounds": 16, "flow_steps": 5}


@dataclass(frozen=True)
class Held:
    """Held-out scenes: ids int64 [M, N], captions and their word ids, pictures uint8 [M, H, W, 3]."""

    ids: Tensor
    captions: list[str]
    words: list[list[int]]
    truth: Tensor


def held_out(decoder: Path, split: str, count: int, limit: int) -> Held:
    """``count`` scenes of a split, spread evenly over all of them; of captions at most ``limit`` words."""
    chosen = np.linspace(0, SCENES - 1, count).round().astype(int)
    found, (truth, captions) = scene_ids(decoder, split, SCENES), scenes(split, SCENES)
    picked = torch.from_numpy(np.stack([truth[i] for i in chosen]))
    kept = [captions[i] for i in chosen]
    return Held(found.ids[chosen], kept, [token_ids(caption, limit) for caption in kept], picked)


def manifest_sampling(manifest: dict) -> MaskGilSampling:
    """The defaults of a bundle."""
    given = manifest["sampling"]
    return MaskGilSampling(
        rounds=given["rounds"],
        guidance=given["guidance_scale"],
        temperature=given["temperature"],
        choice_temperature=given["choice_temperature"],
        schedule=given["reveal_schedule"],
    )


@torch.no_grad()
def completions(module: nn.Module, held: Held, sampling: MaskGilSampling) -> dict[str, Tensor]:
    """The rest of the ids behind the first quarter, by us and by simple rules: ids [M, N] each."""
    tokens = held.ids.shape[1]
    known, row = tokens // 4, int(tokens**0.5)
    begun = held.ids.clone()
    begun[:, known:] = -1
    random, repeated = held.ids.clone(), held.ids.clone()
    codes = int(module.codes)
    random[:, known:] = torch.randint(codes, random[:, known:].shape, generator=torch.Generator().manual_seed(0))
    repeated[:, known:] = held.ids[:, known - row : known].repeat(1, (tokens - known) // row)
    wrong = held.words[1:] + held.words[:1]
    return {
        "maskgil, caption": _completed(module, begun, held.words, sampling),
        "maskgil, no caption": _completed(module, begun, [[]] * len(begun), sampling),
        "maskgil, another picture's caption": _completed(module, begun, wrong, sampling),
        "last known row repeated": repeated,
        "random ids": random,
    }


def _completed(module: nn.Module, begun: Tensor, captions: list[list[int]], sampling: MaskGilSampling) -> Tensor:
    results = []
    for start in tqdm(range(0, len(begun), PACK), desc="complete", mininterval=5):
        part = begun[start : start + PACK]
        conditions = [_condition(module, words) for words in captions[start : start + PACK]]
        results.append(complete(module, part, conditions, sampling, range(start, start + len(part))))
    return torch.cat(results)


def _condition(module: nn.Module, words: list[int]) -> Tensor:
    return module.condition(
        torch.empty(0, dtype=torch.int64), module.embed_text(torch.tensor(words, dtype=torch.int64))
    )


@torch.no_grad()
def best_hits(module: nn.Module, held: Held, known: int) -> float:
    """One pass with only the first ``known`` ids and the caption: the share of missing ids whose best guess is right."""
    hits, places = [], torch.arange(known, held.ids.shape[1])
    for ids, words in zip(held.ids, held.words):
        begun = ids.clone()
        begun[known:] = -1
        logits = module.logits([_condition(module, words)], [begun], [places], [0.0])
        hits.append((logits.argmax(1) == ids[known:]).float().mean())
    return float(torch.stack(hits).mean())


@torch.no_grad()
def evaluate(
    bundle: Path, decoder: Path, split: str, count: int, out: Path, changes: dict[str, float | int]
) -> dict[str, dict[str, float]]:
    """Scores of completions; writes ``metrics.json`` and ``grid.png`` to ``out``. ``changes``: of the manifest's sampling.

    ``accuracy``: share of the missing ids that are the picture's own. ``psnr``: of the pictures that the decoder's bundle
    draws of the ids, in 16 rounds of 5 steps; ``psnr_missing``: of their part below the first quarter.
    """
    module = torch.jit.load(str(bundle / "model.pt"), map_location="cpu")
    manifest = json.loads((bundle / "manifest.json").read_text())
    limit = manifest["text"]["max_tokens"]
    sampling = replace(manifest_sampling(manifest), **changes)
    held, model = held_out(decoder, split, count, limit), read_model(decoder)
    known, height = held.ids.shape[1] // 4, held.truth.shape[1] // 4
    row = pictures.Row("draw", replace(model.config.sampling, **FAST))
    report: dict[str, dict[str, float]] = {}
    shown = {"original": held.truth}
    for name, ids in ({"all ids known": held.ids} | completions(module, held, sampling)).items():
        drawn = pictures.draw(model, ids, held.captions, replace(row, name=name))
        shown[name] = drawn
        report[name] = {
            "accuracy": float((ids == held.ids)[:, known:].float().mean()),
            "psnr": float(psnr(drawn, held.truth).mean()),
            "psnr_missing": float(psnr(drawn[:, height:], held.truth[:, height:]).mean()),
        }
    report["best guess of one pass"] = {"accuracy": best_hits(module, held, known)}
    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(report, indent=1) + "\n")
    pictures.grid(shown, min(count, 10)).save(out / "grid.png")
    return report
