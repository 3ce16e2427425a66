"""Token ids of the emoji scenes, made by the tokenizer of a MaDiT bundle and cached."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from ...bundle import MANIFEST, MODEL
from ...data import cache_dir, scenes


@dataclass(frozen=True)
class IdScenes:
    """ids int64 [M, N] in raster order and the captions of the same scenes."""

    ids: Tensor
    captions: list[str]


def codebook(bundle: Path) -> Tensor:
    """The codewords [V, c] of a bundle, unit vectors."""
    return torch.jit.load(str(bundle / MODEL), map_location="cpu").tokenizer.codebook.clone()


@torch.no_grad()
def scene_ids(bundle: Path, split: str, count: int, mirrored: bool = False) -> IdScenes:
    """``count`` scenes of a split as ids; every picture is encoded once per version of the bundle's weights.

    ``mirrored``: of the pictures with left and right exchanged.
    """
    module = torch.jit.load(str(bundle / MODEL), map_location="cpu")
    version = json.loads((bundle / MANIFEST).read_text())["files"][MODEL]
    pictures, captions = scenes(split, count)
    name = f"{split}-mirrored" if mirrored else split
    file = cache_dir() / "data" / "ids" / f"{version[:12]}-{name}-{count}.safetensors"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        turned = pictures[:, :, ::-1] if mirrored else pictures
        rows = [module.encode(torch.from_numpy(picture.copy())) for picture in tqdm(turned, desc=f"encode {name}")]
        save_file({"ids": torch.stack(rows)}, file)
    return IdScenes(load_file(file)["ids"], captions)
