"""How well a TA-TiTok bundle keeps held-out emoji scenes, through the served module."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ...data import scenes
from ...evaluate import grid
from ...metrics import psnr, ssim
from ...text import token_ids
from .picture import decode


@torch.no_grad()
def evaluate(bundle: Path, split: str, count: int, out: Path) -> dict[str, dict[str, float]]:
    """Scores of ``count`` scenes by what the decoder gets; writes ``metrics.json`` and ``grid.png`` to ``out``."""
    module = torch.jit.load(str(bundle / "model.pt"), map_location="cpu")
    limit = json.loads((bundle / "manifest.json").read_text())["text"]["max_tokens"]
    pictures, captions = scenes(split, 128)
    truth = torch.from_numpy(pictures[:count].copy())
    ids = [module.encode(picture) for picture in tqdm(truth, desc="encode")]
    rows = {
        "caption": _decoded(module, ids, captions[:count], limit),
        "no caption": _decoded(module, ids, [""] * count, limit),
        "another picture's caption": _decoded(module, ids, captions[1:count] + captions[:1], limit),
        "another picture's ids": _decoded(module, ids[1:] + ids[:1], captions[:count], limit),
    }
    report = {
        name: {"psnr": float(psnr(row, truth).mean()), "ssim": float(ssim(row, truth).mean())}
        for name, row in rows.items()
    }
    report["ids"] = {"per picture": float(len(ids[0])), "used": float(len(torch.cat(ids).unique()))}
    out.mkdir(parents=True, exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(report, indent=1) + "\n")
    grid({"original": truth, "32 tokens": rows["caption"]}, 8).save(out / "grid.png")
    return report


def _decoded(module: nn.Module, ids: list[Tensor], captions: list[str], limit: int) -> Tensor:
    texts = [torch.tensor(token_ids(caption, limit), dtype=torch.int64) for caption in captions]
    return torch.stack([decode(module, own, module.embed_text(text)) for own, text in zip(ids, texts)])
