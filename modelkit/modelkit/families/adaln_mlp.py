"""The small network that denoises one patch at a time: MAR's head, which V2Flow and MaskGen share.

Rows are independent of each other: patches x [M, C] with times [M] and contexts [M, Z].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..scripted import Dense

FREQUENCIES = 128
LONGEST_PERIOD = 10_000


class TimeEmbedding(nn.Module):
    """Times float32 [M] -> [M, width]: cosines then sines of 128 frequencies from 1 to about 1/10,000, then an MLP."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        exponents = torch.arange(FREQUENCIES, dtype=torch.float32) / FREQUENCIES
        self.register_buffer("frequencies", torch.exp(-math.log(LONGEST_PERIOD) * exponents), persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        angles = t.unsqueeze(1) * self.frequencies
        return self.mlp(torch.cat([angles.cos(), angles.sin()], 1))


class ResBlock(nn.Module):
    """x + gate * MLP(norm(x) (1 + scale) + shift), modulated by y [M, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_ln = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 3 * width))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        shift, scale, gate = self.adaLN_modulation(y).chunk(3, dim=1)
        return x + gate * self.mlp(self.in_ln(x) * (1 + scale) + shift)


class FinalLayer(nn.Module):
    """Modulated norm without weights of its own, then a linear layer."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.norm_final = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(width, outputs)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(y).chunk(2, dim=1)
        return self.linear(self.norm_final(x) * (1 + scale) + shift)


class AdaLnMlp(nn.Module):
    """x [M, channels], times [M], contexts [M, context] -> [M, outputs]; ``depth`` residual blocks of ``width``."""

    def __init__(self, channels: int, context: int, width: int, depth: int, outputs: int) -> None:
        super().__init__()
        self.time_embed = TimeEmbedding(width)
        self.cond_embed = nn.Linear(context, width)
        self.input_proj = nn.Linear(channels, width)
        self.res_blocks = nn.ModuleList([ResBlock(width) for _ in range(depth)])
        self.final_layer = FinalLayer(width, outputs)

    def forward(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        y = self.time_embed(t) + self.cond_embed(context)
        x = self.input_proj(x)
        for block in self.res_blocks:
            x = block(x, y)
        return self.final_layer(x, y)


class PackedAdaLnMlp(nn.Module):
    """The same network split into what is fixed per patch and what changes per step, with one layer for all modulations.

    Shares its weights with ``net``. Stays float32 when the transformer does not.
    """

    def __init__(self, net: AdaLnMlp) -> None:
        super().__init__()
        self.time_embed, self.cond_embed, self.input_proj = net.time_embed, net.cond_embed, net.input_proj
        self.norm_final, self.output = net.final_layer.norm_final, net.final_layer.linear
        blocks = list(net.res_blocks)
        self.norms = nn.ModuleList([block.in_ln for block in blocks])
        self.inner = nn.ModuleList([block.mlp[0] for block in blocks])
        self.outer = nn.ModuleList([block.mlp[2] for block in blocks])
        layers = [block.adaLN_modulation[1] for block in blocks] + [net.final_layer.adaLN_modulation[1]]
        self.modulation = Dense(
            torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])
        )
        self.parts = 3 * len(blocks) + 2

    @torch.jit.export
    def condition(self, context: Tensor) -> Tensor:
        """Contexts [M, Z] -> [M, width], once per patch."""
        return self.cond_embed(context)

    @torch.jit.export
    def time(self, t: Tensor) -> Tensor:
        """Times float32 [G] -> [G, width]."""
        return self.time_embed(t)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x [M, C] and y = time + condition [M, width] -> [M, outputs]."""
        parts = self.modulation(F.silu(y)).chunk(self.parts, 1)
        x = self.input_proj(x)
        i = 0
        for norm, inner, outer in zip(self.norms, self.inner, self.outer):
            x = x + parts[i + 2] * outer(F.silu(inner(norm(x) * (1 + parts[i + 1]) + parts[i])))
            i += 3
        return self.output(self.norm_final(x) * (1 + parts[i + 1]) + parts[i])
