"""The split and the captions, on file names alone: nothing is downloaded."""

import random
from pathlib import Path

from PIL import Image

from modelkit.data import HELD_OUT, SIDE, Emoji, compose, split


def _emoji() -> list[Emoji]:
    codes = [f"{0x1F500 + i:x}" for i in range(600)]
    codes += [f"1f44b-1f3f{tone:x}" for tone in range(0xB, 0x10)] + ["1f44b"]
    return [Emoji(Path(code), code, code) for code in sorted(codes)]


def test_split_isDisjointAndKeepsVariantsTogether():
    parts = split(_emoji())
    assert [len(parts[name]) for name in ("test", "validation")] == [HELD_OUT, HELD_OUT]
    assert sum(map(len, parts.values())) == 606
    homes = {name for name, members in parts.items() for m in members if m.code.startswith("1f44b")}
    assert len(homes) == 1


def test_split_isTheSameEveryTime():
    assert split(_emoji()) == split(_emoji())


def test_compose_drawsTheFirstEmojiAskedFor():
    red, green = (Image.new("RGBA", (256, 256), colour) for colour in ((255, 0, 0, 255), (0, 255, 0, 255)))
    picture, chosen = compose([green, red], random.Random(3), count=1, first=1)
    assert picture.size == (SIDE, SIDE) and chosen == [1]
    assert picture.getpixel((SIDE // 2, SIDE // 2)) == (255, 0, 0)
