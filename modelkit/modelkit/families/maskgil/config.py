"""Shape of a MaskGIL model, read from the authors' constructor arguments and ours for what only the paper has."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..weights import ConversionError

KINDS = ("c2i", "t2i", "features")
ROPES = ("line", "grid")


@dataclass(frozen=True)
class LlamaConfig:
    """The bidirectional LLaMA.

    ``codes``: V ids, the mask id is behind them. ``grid``: tokens per side. ``hidden``: width inside the feed-forward
    layer. ``kv_heads``: heads of keys and values. ``classes``: 0 for models with features. ``feature_dim`` and
    ``slots``: features per slot and slots; ``text`` tells whether they are a caption's. ``rope`` "line" is the public
    code's, with ``zero_rows`` in front, "grid" the paper's. ``embed_dim``: width of the embedding table, of which the head is the transpose if ``tied``.
    """

    codes: int
    grid: int
    width: int
    depth: int
    heads: int
    kv_heads: int
    hidden: int
    classes: int = 0
    feature_dim: int = 0
    slots: int = 1
    text: bool = False
    rope: str = "line"
    zero_rows: int = 1
    rope_base: float = 10000.0
    eps: float = 1e-5
    qk_norm: bool = False
    post_norm: bool = False
    embed_dim: int = 0
    tied: bool = False

    @property
    def tokens(self) -> int:
        """N."""
        return self.grid**2

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True)
class MhaConfig:
    """The authors' MaskGIT, a plain transformer; always with classes."""

    codes: int
    grid: int
    width: int
    depth: int
    heads: int
    hidden: int
    classes: int
    slots: int = 1
    feature_dim: int = 0
    text: bool = False

    @property
    def tokens(self) -> int:
        """N."""
        return self.grid**2


def feed_forward_width(width: int, multiple_of: int, multiplier: float | None) -> int:
    """Two thirds of four times the width, times the multiplier, up to the next multiple."""
    hidden = int(2 * (4 * width) / 3)
    if multiplier is not None:
        hidden = int(multiplier * hidden)
    return -(-hidden // multiple_of) * multiple_of


def read_llama(settings: Mapping[str, Any]) -> LlamaConfig:
    """From ``settings["ctor"]`` with the authors' defaults; raises :class:`ConversionError` naming the field."""
    ctor = settings["ctor"]
    width, heads = _positive(ctor, "dim", 4096), _positive(ctor, "n_head", 32)
    kv_heads = heads if ctor.get("n_kv_head") is None else _positive(ctor, "n_kv_head", heads)
    kind, rope = ctor.get("model_type", "c2i"), ctor.get("rope", "line")
    _one_of("model_type", kind, KINDS)
    _one_of("rope", rope, ROPES)
    if heads % kv_heads:
        raise ConversionError(f"ctor.n_kv_head must divide n_head {heads}, is {kv_heads}")
    multiple = 4 if rope == "grid" else 2
    if width % heads or (width // heads) % multiple:
        raise ConversionError(f"ctor.dim must be a multiple of {multiple} n_head = {multiple * heads}, is {width}")
    if kind == "c2i":
        zeros = _positive(ctor, "cls_token_num", 1)
        condition = {"classes": _positive(ctor, "num_classes", 1000), "zero_rows": zeros}
    else:
        condition = {
            "feature_dim": _positive(ctor, "caption_dim", 2048),
            "slots": _positive(ctor, "cls_token_num", 120),
            "zero_rows": _positive(ctor, "cls_token_num", 120),
            "text": kind == "t2i",
        }
    return LlamaConfig(
        codes=_positive(ctor, "vocab_size", 16384),
        grid=_grid(settings, _positive(ctor, "block_size", 256)),
        width=width,
        depth=_positive(ctor, "n_layer", 32),
        heads=heads,
        kv_heads=kv_heads,
        hidden=feed_forward_width(width, _positive(ctor, "multiple_of", 256), ctor.get("ffn_dim_multiplier")),
        rope=rope,
        rope_base=float(ctor.get("rope_base", 10000)),
        eps=float(ctor.get("norm_eps", 1e-5)),
        qk_norm=bool(ctor.get("qk_norm", False)),
        post_norm=bool(ctor.get("post_norm", False)),
        embed_dim=int(ctor.get("embed_dim", 0)),
        tied=bool(ctor.get("tied", False)),
        **condition,
    )


def read_mha(settings: Mapping[str, Any]) -> MhaConfig:
    """From ``settings["ctor"]`` with the authors' defaults; raises :class:`ConversionError` naming the field."""
    ctor = settings["ctor"]
    width, heads = _positive(ctor, "hidden_dim", 768), _positive(ctor, "heads", 8)
    if width % heads:
        raise ConversionError(f"ctor.heads must divide hidden_dim {width}, is {heads}")
    return MhaConfig(
        codes=_positive(ctor, "codebook_size", 1024),
        grid=_positive(ctor, "img_size", 256) // 16,
        width=width,
        depth=_positive(ctor, "depth", 24),
        heads=heads,
        hidden=_positive(ctor, "mlp_dim", 3072),
        classes=_positive(ctor, "nclass", 1000),
    )


def _grid(settings: Mapping[str, Any], places: int) -> int:
    grid = int(settings.get("grid", math.isqrt(places)))
    if not 1 <= grid**2 <= places:
        raise ConversionError(f"grid must be 1 to {math.isqrt(places)} for block_size {places}, is {grid}")
    return grid


def _positive(ctor: Mapping[str, Any], name: str, default: int) -> int:
    value = ctor.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConversionError(f"ctor.{name} must be a positive whole number, is {value!r}")
    return value


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConversionError(f"ctor.{name} must be one of {', '.join(known)}, is {value}")
