"""MaskGIL's bidirectional LLaMA, under the key names of the authors' ``Network/gpt.py``.

B samples, N image tokens in raster order, S condition slots behind them, D width, V codes; id V is the mask. The paper's
2-D rotary positions, query-key norm and post-norm, features as conditions and the narrow embedding are settings.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import LlamaConfig
from .features import FeatureSlots, NoFeatures
from .rotary import position_table, rotate


class RmsNorm(nn.Module):
    """x / root mean square(x), times a weight, in the weight's precision."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.weight.dtype)
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.weight


class LlamaAttention(nn.Module):
    """Every row looks at every row. ``kv_heads`` heads of keys and values serve all ``heads`` of queries."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = config.heads, config.kv_heads, config.head_dim
        self.wqkv = nn.Linear(config.width, (config.heads + 2 * config.kv_heads) * config.head_dim, bias=False)
        self.wo = nn.Linear(config.width, config.width, bias=False)
        self.q_norm = nn.LayerNorm(config.head_dim) if config.qk_norm else nn.Identity()
        self.k_norm = nn.LayerNorm(config.head_dim) if config.qk_norm else nn.Identity()

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.wqkv.cast(dtype)
        self.wo.cast(dtype)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """x [B, T, D], table [T, d / 2, 2] -> [B, T, D]."""
        b, t, width = x.shape
        qkv = self.wqkv(x).view(b, t, -1, self.head_dim)
        q, k, v = qkv.split([self.heads, self.kv_heads, self.kv_heads], 2)
        q = rotate(self.q_norm(q.to(table.dtype)), table).to(v.dtype).transpose(1, 2)
        k = rotate(self.k_norm(k.to(table.dtype)), table).to(v.dtype).transpose(1, 2)
        repeats = self.heads // self.kv_heads
        if repeats > 1:
            k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 2)
        seen = F.scaled_dot_product_attention(q, k, v.transpose(1, 2))
        return self.wo(seen.transpose(1, 2).reshape(b, t, width))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w1, self.w3 = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.w1.cast(dtype)
        self.w2.cast(dtype)
        self.w3.cast(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class LlamaBlock(nn.Module):
    """Pre-norm block; with post-norm what attention and feed-forward give is normed, too, before it is added."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        width, eps = config.width, config.eps
        self.attention, self.feed_forward = LlamaAttention(config), FeedForward(width, config.hidden)
        self.attention_norm, self.ffn_norm = RmsNorm(width, eps), RmsNorm(width, eps)
        self.attention_post_norm = RmsNorm(width, eps) if config.post_norm else nn.Identity()
        self.ffn_post_norm = RmsNorm(width, eps) if config.post_norm else nn.Identity()

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.attention.cast(dtype)
        self.feed_forward.cast(dtype)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        x = x + self.attention_post_norm(self.attention(self.attention_norm(x), table))
        return x + self.ffn_post_norm(self.feed_forward(self.ffn_norm(x)))


class Llama(nn.Module):
    """Ids and a condition in, logits of all ids and the mask out."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.codes, self.classes, self.tied = config.codes, config.classes, config.tied
        width, narrow = config.width, config.embed_dim or config.width
        self.tok_emb = nn.Embedding(config.codes + 1 + (config.classes + 1 if config.classes else 0), narrow)
        self.embed_in = nn.Linear(narrow, width, bias=False) if config.embed_dim else nn.Identity()
        self.features = FeatureSlots(config.feature_dim, config.slots, width) if config.feature_dim else NoFeatures()
        self.layers = nn.ModuleList([LlamaBlock(config) for _ in range(config.depth)])
        self.norm = RmsNorm(width, config.eps)
        self.output = nn.Linear(width, narrow if config.tied else config.codes + 1, bias=False)
        self.register_buffer("table", position_table(config), persistent=False)

    @torch.jit.export
    def slots(self, labels: Tensor, features: Tensor, seen: Tensor) -> Tensor:
        """Condition slots [B, S, D]: of classes int64 [B] (-1: none), or of features [B, S, E] where ``seen`` [B, S]."""
        if self.classes == 0:
            return self.features(features, seen)
        rows = torch.where(labels >= 0, labels, self.classes) + (self.codes + 1)
        return self.embed_in(self.tok_emb(rows)).unsqueeze(1)

    @torch.jit.export
    def hidden(self, ids: Tensor, slots: Tensor) -> Tensor:
        """Ids int64 [B, N] (V: masked) and slots [B, S, D] -> [B, N, D]."""
        x = torch.cat([self.embed_in(self.tok_emb(ids)), slots], 1)
        for layer in self.layers:
            x = layer(x, self.table)
        return self.norm(x[:, : ids.shape[1]])

    @torch.jit.export
    def head(self, hidden: Tensor, places: Tensor) -> Tensor:
        """Rows [M, D] -> logits [M, V + 1]. ``places`` int64 [M] have no meaning here."""
        x = self.output(hidden)
        return F.linear(x, self.tok_emb.weight[: self.codes + 1]) if self.tied else x

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        for layer in self.layers:
            layer.cast(dtype)

    def forward(self, ids: Tensor, slots: Tensor) -> Tensor:
        """Logits [B, N, V + 1]."""
        samples, tokens = ids.shape[0], ids.shape[1]
        places = torch.arange(tokens, device=ids.device).repeat(samples)
        return self.head(self.hidden(ids, slots).flatten(0, 1), places).view(samples, tokens, self.codes + 1)
