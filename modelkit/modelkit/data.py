"""Training pictures: scenes of one to four emoji on solid or gradient backgrounds, with captions.

Source pictures come from the npm package ``@lobehub/fluent-emoji-3d`` (MIT), captions from the labels of
``emojibase-data`` (MIT). Both are fetched with the ``npm`` client. 128 emoji form the held-out test split and another 128
the validation split; variants of one base emoji (skin tones, hair) never fall on both sides of a split.
"""

import json
import os
import random
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

PACKAGES = ("@lobehub/fluent-emoji-3d@1.1.0", "emojibase-data@17.0.0")
SPLIT_SEED = 20251
HELD_OUT = 128
LARGEST_HELD_OUT_GROUP = 6
SIDE = 256
_SKIN_TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}


def cache_dir() -> Path:
    """Where downloads, datasets and checkpoints live: ``$MADIT_HOME``, default ``~/.cache/madit``."""
    return Path(os.environ.get("MADIT_HOME", Path.home() / ".cache" / "madit"))


@dataclass(frozen=True)
class Emoji:
    """One source picture: file, code points joined by '-', and its English label."""

    path: Path
    code: str
    label: str


def fetch() -> list[Emoji]:
    """Downloads the two packages once and returns every emoji sorted by code."""
    root = cache_dir() / "data"
    pictures, labels = (root / name for name in ("fluent-emoji-3d", "emojibase-data"))
    for folder, package in zip((pictures, labels), PACKAGES):
        if not folder.exists():
            _npm_unpack(package, folder)
    captions = _labels(json.loads((labels / "en" / "data.json").read_text()))
    files = sorted((pictures / "assets").glob("*.webp"))
    return [Emoji(f, f.stem, captions.get(_label_key(f.stem), "emoji")) for f in files]


def _npm_unpack(package: str, folder: Path) -> None:
    parent = folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=parent, check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    partial = folder.with_suffix(".partial")
    with tarfile.open(parent / packed) as archive:
        archive.extractall(partial, filter="data")
    (partial / "package").rename(folder)
    partial.rmdir()
    (parent / packed).unlink()


def _key(code: str) -> str:
    return "-".join(p for p in code.lower().split("-") if p != "fe0f")


def _label_key(code: str) -> str:
    # The two packages differ in zero padding and in how tag sequences are joined.
    return "-".join(part.zfill(4) for part in _key(code.replace("_", "-")).split("-"))


def _labels(entries: list[dict]) -> dict[str, str]:
    labels = {}
    for entry in entries:
        for item in [entry, *entry.get("skins", [])]:
            # A caption names the thing; the skin tone after the colon is left out.
            labels[_label_key(item["hexcode"])] = item["label"].split(":")[0].lower()
    return labels


def split(emoji: list[Emoji]) -> dict[str, list[Emoji]]:
    """Partitions into ``train``, ``validation`` (128) and ``test`` (128), whole base-emoji groups at a time.

    Groups with more than six variants stay in training, so that the held-out pictures are diverse.
    """
    groups: dict[str, list[Emoji]] = {}
    for item in emoji:
        base = [p for p in _key(item.code).split("-") if p not in _SKIN_TONES]
        groups.setdefault(base[0], []).append(item)
    order = sorted(groups)
    random.Random(SPLIT_SEED).shuffle(order)
    parts: dict[str, list[Emoji]] = {"test": [], "validation": [], "train": []}
    for base in order:
        for name, limit in (("test", HELD_OUT), ("validation", HELD_OUT), ("train", len(emoji))):
            small_enough = name == "train" or len(groups[base]) <= LARGEST_HELD_OUT_GROUP
            if small_enough and len(parts[name]) + len(groups[base]) <= limit:
                parts[name] += groups[base]
                break
    return parts


def compose(pictures: list[Image.Image], rng: random.Random, count: int, first: int | None = None) -> tuple:
    """Draws one scene: returns (RGB picture SIDE x SIDE, indices of the emoji in it).

    ``first`` fixes the first emoji; the others are drawn from ``pictures`` by ``rng``.
    """
    canvas = _background(rng)
    chosen = [first if first is not None else rng.randrange(len(pictures))]
    chosen += [rng.randrange(len(pictures)) for _ in range(count - 1)]
    low, high = {1: (0.55, 0.95), 2: (0.4, 0.62), 3: (0.35, 0.5), 4: (0.3, 0.48)}[count]
    cells = _cells(count, rng)
    for index, (cx, cy) in zip(chosen, cells):
        side = int(SIDE * rng.uniform(low, high))
        sprite = pictures[index].resize((side, side), Image.LANCZOS)
        if rng.random() < 0.5:
            sprite = sprite.transpose(Image.FLIP_LEFT_RIGHT)
        x = min(max(int(cx * SIDE - side / 2), 0), SIDE - side)
        y = min(max(int(cy * SIDE - side / 2), 0), SIDE - side)
        canvas.alpha_composite(sprite, (x, y))
    return canvas.convert("RGB"), chosen


def _background(rng: random.Random) -> Image.Image:
    a, b = ([rng.randrange(256) for _ in range(3)] for _ in range(2))
    if rng.random() < 0.2:
        a = [rng.choice((245, 255, 235))] * 3
    if rng.random() < 0.5:
        return Image.new("RGBA", (SIDE, SIDE), (*a, 255))
    b = [int(0.5 * p + 0.5 * q) for p, q in zip(a, b)]
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-0.5, 0.5, SIDE)
    ramp = (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]) / np.sqrt(2) + 0.5
    pixels = np.asarray(a)[None, None] * (1 - ramp[..., None]) + np.asarray(b)[None, None] * ramp[..., None]
    alpha = np.full((SIDE, SIDE, 1), 255.0)
    return Image.fromarray(np.concatenate([pixels, alpha], -1).round().astype(np.uint8), "RGBA")


def _cells(count: int, rng: random.Random) -> list[tuple[float, float]]:
    def jitter() -> float:
        return rng.uniform(-0.06, 0.06)

    if count == 1:
        return [(0.5 + jitter(), 0.5 + jitter())]
    corners = [(0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)]
    rng.shuffle(corners)
    if count == 2 and rng.random() < 0.5:
        corners = [(0.27, 0.5), (0.73, 0.5)]
    return [(x + jitter(), y + jitter()) for x, y in corners[:count]]


def scenes(name: str, count: int) -> tuple[np.ndarray, list[str]]:
    """``count`` scenes of the split ``name``: uint8 [count, SIDE, SIDE, 3] (memory-mapped) and their captions.

    Scene i starts with emoji i (modulo the split's size), so that every emoji is shown. Made once, then cached.
    """
    folder = cache_dir() / "data" / "scenes"
    pixels_file, captions_file = folder / f"{name}-{count}.npy", folder / f"{name}-{count}.json"
    if not captions_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        members = split(fetch())[name]
        pictures = [Image.open(m.path).convert("RGBA") for m in tqdm(members, desc=f"load {name} emoji")]
        rng = random.Random(f"{SPLIT_SEED}-{name}")
        out = np.lib.format.open_memmap(pixels_file, "w+", np.uint8, (count, SIDE, SIDE, 3))
        captions = []
        for i in tqdm(range(count), desc=f"compose {name} scenes"):
            number = rng.choices((1, 2, 3, 4), (4, 3, 2, 1))[0]
            picture, chosen = compose(pictures, rng, number, first=i % len(members))
            out[i] = np.asarray(picture)
            captions.append(", ".join(members[c].label for c in chosen))
        out.flush()
        captions_file.write_text(json.dumps(captions))
    return np.load(pixels_file, mmap_mode="r"), json.loads(captions_file.read_text())
