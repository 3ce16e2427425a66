"""The text tower of CLIP, under open_clip's key names: captions to the features that TA-TiTok and MaskGen read.

S token ids of a caption become T positions (77 in every released model), padded with id 0; attention is causal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Attention
from .weights import ConversionError, read_state, take

# The picture half and what only training needs.
IGNORED = ("visual.*", "logit_scale", "logit_bias", "attn_mask")
HEAD_WIDTH = 64


@dataclass(frozen=True)
class ClipTextConfig:
    """Sizes. ``quick_gelu``: the approximation that OpenAI trained with; off for most later weights."""

    vocabulary: int
    length: int
    width: int
    layers: int
    pooled_dim: int
    quick_gelu: bool = True


class ClipMlp(nn.Module):
    def __init__(self, width: int, quick_gelu: bool) -> None:
        super().__init__()
        self.quick_gelu = quick_gelu
        self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        return self.c_proj(x * torch.sigmoid(1.702 * x) if self.quick_gelu else F.gelu(x))


class ClipBlock(nn.Module):
    """Pre-norm transformer block; ``mask`` bool [T, T] tells who may look at whom."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        width = config.width
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, max(1, width // HEAD_WIDTH))
        self.mlp = ClipMlp(width, config.quick_gelu)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class Blocks(nn.Module):
    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList([ClipBlock(config) for _ in range(config.layers)])


class ClipText(nn.Module):
    """Token ids int64 [S] with CLIP's begin and end -> features."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.config = config
        self.length = config.length
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.positional_embedding = nn.Parameter(torch.zeros(config.length, config.width))
        self.transformer = Blocks(config)
        self.ln_final = nn.LayerNorm(config.width)
        self.text_projection = nn.Parameter(torch.zeros(config.width, config.pooled_dim))
        self.register_buffer("seen", torch.ones(config.length, config.length).tril().bool(), persistent=False)

    @torch.jit.export
    def padded(self, ids: Tensor) -> Tensor:
        """Ids [T]: a caption that is too long keeps its beginning and its last id, which ends it."""
        if ids.shape[0] > self.length:
            return torch.cat([ids[: self.length - 1], ids[-1:]])
        return F.pad(ids, [0, self.length - ids.shape[0]])

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features before the last block [T, E], after it and the final norm [T, E], and the projected end [P].

        The end of the caption is its largest id.
        """
        ids = self.padded(ids)
        x = (self.token_embedding(ids) + self.positional_embedding).unsqueeze(0)
        before = x
        for block in self.transformer.resblocks:
            before = x
            x = block(x, self.seen)
        last = self.ln_final(x)[0]
        return before[0], last, last[ids.argmax()] @ self.text_projection


def convert(state: Mapping[str, Tensor], quick_gelu: bool = True) -> ClipText:
    """The text half of open_clip's state dict; its weights tell all sizes, heads have 64 channels."""
    for name in ("token_embedding.weight", "positional_embedding", "text_projection"):
        if name not in state:
            raise ConversionError(f"weights do not fit: missing: {name}")
    layers = {name.split(".")[2] for name in state if re.match(r"transformer\.resblocks\.\d+\.", name)}
    vocabulary, width = state["token_embedding.weight"].shape
    length, pooled_dim = len(state["positional_embedding"]), state["text_projection"].shape[1]
    model = ClipText(ClipTextConfig(vocabulary, length, width, len(layers), pooled_dim, quick_gelu))
    take(state, model, ignored=IGNORED)
    return model.eval().requires_grad_(False)


@dataclass(frozen=True)
class Clip:
    """A text tower and its tokenizer in Hugging Face's format, which adds CLIP's begin and end."""

    model: ClipText
    tokenizer_json: str


def load_clip(settings: Mapping[str, Any]) -> Clip | None:
    """What ``settings["clip"]`` names: ``{"weights": FILE, "tokenizer": FILE, "quick_gelu": true}``; None without it."""
    chosen = settings.get("clip")
    if chosen is None:
        return None
    if not isinstance(chosen, Mapping) or not {"weights", "tokenizer"} <= chosen.keys():
        raise ConversionError('config: clip must have "weights" and "tokenizer"')
    try:
        tokenizer = Path(chosen["tokenizer"]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConversionError(f"config: clip.tokenizer: {error}") from error
    return Clip(convert(read_state(Path(chosen["weights"])), bool(chosen.get("quick_gelu", True))), tokenizer)
