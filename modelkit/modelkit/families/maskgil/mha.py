"""The authors' ``Network/transformer.py``: a plain pre-norm transformer with learned positions and tied embeddings.

Same interface as :class:`.llama.Llama`. B samples, N image tokens, one class slot behind them, D width, V codes.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import MhaConfig

EPS = 1e-12


class MhaBlock(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.qkv.cast(dtype)
        self.out.cast(dtype)
        self.fc1.cast(dtype)
        self.fc2.cast(dtype)

    @torch.jit.export
    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [B, T, D] -> queries, keys and values [B, H, T, d]."""
        qkv = self.qkv(self.norm1(x)).view(x.shape[0], x.shape[1], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return qkv[0], qkv[1], qkv[2]

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.split(x)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Mha(nn.Module):
    """Ids and a class in, logits of all ids and the mask out."""

    def __init__(self, config: MhaConfig) -> None:
        super().__init__()
        self.config = config
        self.codes, self.classes = config.codes, config.classes
        width, rows = config.width, config.codes + config.classes + 2
        self.tok_emb = nn.Embedding(rows, width)
        self.pos_emb = nn.Parameter(torch.zeros(1, config.tokens + 1, width))
        # The authors' lists have dropouts in between.
        self.first_layer = nn.Sequential(
            nn.LayerNorm(width, eps=EPS), nn.Identity(), nn.Linear(width, width), nn.GELU(),
            nn.LayerNorm(width, eps=EPS), nn.Identity(), nn.Linear(width, width),
        )  # fmt: skip
        self.layers = nn.ModuleList([MhaBlock(width, config.heads, config.hidden) for _ in range(config.depth)])
        self.last_layer = nn.Sequential(
            nn.LayerNorm(width, eps=EPS),
            nn.Identity(),
            nn.Linear(width, width),
            nn.GELU(),
            nn.LayerNorm(width, eps=EPS),
        )
        self.bias = nn.Parameter(torch.zeros(config.tokens + 1, rows))

    @torch.jit.export
    def slots(self, labels: Tensor, features: Tensor, seen: Tensor) -> Tensor:
        """Condition slots [B, 1, D] of classes int64 [B] (-1: none); there are no features."""
        return self.tok_emb(torch.where(labels >= 0, labels, self.classes) + (self.codes + 1)).unsqueeze(1)

    @torch.jit.export
    def entry(self, ids: Tensor, slots: Tensor) -> Tensor:
        """Input of the first block [B, N + 1, D]."""
        return self.first_layer(torch.cat([self.tok_emb(ids), slots], 1) + self.pos_emb)

    @torch.jit.export
    def hidden(self, ids: Tensor, slots: Tensor) -> Tensor:
        """Ids int64 [B, N] (V: masked) and slots [B, 1, D] -> [B, N, D]."""
        x = self.entry(ids, slots)
        for layer in self.layers:
            x = layer(x)
        return self.last_layer(x)[:, : ids.shape[1]]

    @torch.jit.export
    def head(self, hidden: Tensor, places: Tensor) -> Tensor:
        """Rows [M, D] of ``places`` int64 [M] in the picture -> logits [M, V + 1]."""
        last = self.codes + 1
        return F.linear(hidden, self.tok_emb.weight[:last]) + self.bias[places, :last]

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        for layer in self.layers:
            layer.cast(dtype)

    def forward(self, ids: Tensor, slots: Tensor) -> Tensor:
        """Logits [B, N, V + 1]."""
        samples, tokens = ids.shape[0], ids.shape[1]
        places = torch.arange(tokens, device=ids.device).repeat(samples)
        return self.head(self.hidden(ids, slots).flatten(0, 1), places).view(samples, tokens, self.codes + 1)


def key_names(depth: int) -> Mapping[str, str]:
    """The authors' key of every tensor in a block -> ours."""
    parts = {
        "0.norm.": "norm1.",
        "0.fn.mha.in_proj_": "qkv.",
        "0.fn.mha.out_proj.": "out.",
        "1.norm.": "norm2.",
        "1.fn.net.0.": "fc1.",
        "1.fn.net.3.": "fc2.",
    }
    return {
        f"transformer.layers.{layer}.{theirs}{kind}": f"layers.{layer}.{ours}{kind}"
        for layer in range(depth)
        for theirs, ours in parts.items()
        for kind in ("weight", "bias")
    }
