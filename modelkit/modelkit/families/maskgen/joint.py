"""The joint transformer block: token rows and text rows with weights of their own, one attention over both.

Names of parameters are the authors'. B samples, N tokens, S text slots, D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...scripted import Dense


def dense(inputs: int, outputs: int) -> Dense:
    """A layer whose precision can be changed; it is filled by conversion, never trained here."""
    return Dense(torch.zeros(outputs, inputs), torch.zeros(outputs))


def plain_norm(x: Tensor) -> Tensor:
    """Layer norm without weights, in float32."""
    return F.layer_norm(x, [x.shape[-1]], eps=1e-6)


class Modulation(nn.Module):
    """``parts`` vectors of the pooled condition, each [B, 1, D]."""

    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.linear = dense(width, parts * width)

    def forward(self, pooled: Tensor) -> list[Tensor]:
        values = self.linear(F.silu(pooled)).float().unsqueeze(1)
        return list(values.chunk(self.parts, 2))


class ScaledNorm(nn.Module):
    """Layer norm with the condition's scale and shift (in that order)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = dense(width, 2 * width)

    def forward(self, x: Tensor, pooled: Tensor) -> Tensor:
        scale, shift = self.linear(F.silu(pooled)).float().unsqueeze(1).chunk(2, 2)
        return plain_norm(x) * (1 + scale) + shift


class Gelu(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = dense(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        # The authors' list has a dropout in the middle.
        self.net = nn.ModuleList([Gelu(width, 4 * width), nn.Identity(), dense(4 * width, width)])

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.net[0].proj.cast(dtype)
        self.net[2].cast(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class JointAttention(nn.Module):
    """Every row sees tokens and text. In the last block the text rows ask nothing and get nothing."""

    def __init__(self, width: int, heads: int, last: bool) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (dense(width, width) for _ in range(3))
        self.add_k_proj, self.add_v_proj = dense(width, width), dense(width, width)
        self.to_out = nn.ModuleList([dense(width, width)])
        self.add_q_proj = nn.Identity() if last else dense(width, width)
        self.to_add_out = nn.Identity() if last else dense(width, width)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        for layer in (self.to_q, self.to_k, self.to_v, self.add_k_proj, self.add_v_proj):
            layer.cast(dtype)
        self.to_out[0].cast(dtype)

    @torch.jit.export
    def keys_and_values(self, x: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """[B, H, N + S, d] each."""
        k = torch.cat([self.to_k(x), self.add_k_proj(text)], 1)
        v = torch.cat([self.to_v(x), self.add_v_proj(text)], 1)
        return self.split(k), self.split(v)

    @torch.jit.export
    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Queries [B, M, D] -> [B, M, D], before the output layer."""
        return F.scaled_dot_product_attention(self.split(q), k, v).transpose(1, 2).flatten(2)


class JointBlock(nn.Module):
    """A block that changes token rows and text rows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm1_context = Modulation(width, 6), Modulation(width, 6)
        self.attn = JointAttention(width, heads, last=False)
        self.ff, self.ff_context = FeedForward(width), FeedForward(width)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.norm1.linear.cast(dtype)
        self.norm1_context.linear.cast(dtype)
        self.attn.cast(dtype)
        self.attn.add_q_proj.cast(dtype)
        self.attn.to_add_out.cast(dtype)
        self.ff.cast(dtype)
        self.ff_context.cast(dtype)

    def forward(self, x: Tensor, text: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, N, D], text [B, S, D], pooled [B, D] -> tokens and text."""
        shift, scale, gate, shift2, scale2, gate2 = self.norm1(pooled)
        text_shift, text_scale, text_gate, text_shift2, text_scale2, text_gate2 = self.norm1_context(pooled)
        a = plain_norm(x) * (1 + scale) + shift
        b = plain_norm(text) * (1 + text_scale) + text_shift
        k, v = self.attn.keys_and_values(a, b)
        seen = self.attn(torch.cat([self.attn.to_q(a), self.attn.add_q_proj(b)], 1), k, v)
        x = x + gate * self.attn.to_out[0](seen[:, : x.shape[1]])
        text = text + text_gate * self.attn.to_add_out(seen[:, x.shape[1] :])
        x = x + gate2 * self.ff(plain_norm(x) * (1 + scale2) + shift2)
        text = text + text_gate2 * self.ff_context(plain_norm(text) * (1 + text_scale2) + text_shift2)
        return x, text


class LastBlock(nn.Module):
    """The last block, after which nobody reads the text rows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm1_context = Modulation(width, 6), ScaledNorm(width)
        self.attn = JointAttention(width, heads, last=True)
        self.ff = FeedForward(width)

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.norm1.linear.cast(dtype)
        self.norm1_context.linear.cast(dtype)
        self.attn.cast(dtype)
        self.ff.cast(dtype)

    def forward(self, x: Tensor, text: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, N, D], text [B, S, D], pooled [B, D] -> tokens, and the text unchanged."""
        shift, scale, gate, shift2, scale2, gate2 = self.norm1(pooled)
        a = plain_norm(x) * (1 + scale) + shift
        k, v = self.attn.keys_and_values(a, self.norm1_context(text, pooled))
        x = x + gate * self.attn.to_out[0](self.attn(self.attn.to_q(a), k, v))
        return x + gate2 * self.ff(plain_norm(x) * (1 + scale2) + shift2), text


def joint_blocks(width: int, depth: int, heads: int) -> nn.ModuleList:
    """``depth`` blocks, the last of its own kind."""
    return nn.ModuleList([*(JointBlock(width, heads) for _ in range(depth - 1)), LastBlock(width, heads)])


def stacked_halves(conds: list[Tensor]) -> Tensor:
    """B requests' slots [2 (S + 1), D], each with its unconditional half, -> [2 B, S + 1, D], those halves last."""
    both = torch.stack(conds)
    halves = both.view(both.shape[0], 2, -1, both.shape[2])
    return torch.cat([halves[:, 0], halves[:, 1]])
