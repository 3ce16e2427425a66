"""V2Flow's tokenizer: latents -> one token per position -> nearest codeword -> condition slots.

Key names are the authors'. B samples, latents [B, C, h, w], L = h w / (pooling) tokens of D.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A convolution without bias, then a norm over channels, on [B, C, h, w]."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = nn.LayerNorm(outputs, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SqueezeExcite(nn.Module):
    """Channels weighed by a gate computed from their means."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(F.silu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class Bottleneck(nn.Module):
    """A RegNet block whose 3x3 convolution works on each channel alone; the gate's width follows the block's input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(inputs, outputs)
        self.conv2 = ConvNorm(outputs, outputs, 3, groups=outputs)
        # timm falls back to a sixteenth, in eights, where a quarter of the input rounds to nothing
        self.se = SqueezeExcite(outputs, round(0.25 * inputs) or max(8, (outputs // 16 + 4) // 8 * 8))
        self.conv3 = ConvNorm(outputs, outputs)
        self.downsample = nn.Identity() if inputs == outputs else ConvNorm(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.se(F.silu(self.conv2(F.silu(self.conv1(x)))))
        return F.silu(self.conv3(y) + self.downsample(x))


def stage(inputs: int, outputs: int, depth: int) -> nn.Sequential:
    """Blocks b1, b2, ...; none are no change."""
    widths = [inputs] + [outputs] * depth
    return nn.Sequential(OrderedDict((f"b{i + 1}", Bottleneck(widths[i], outputs)) for i in range(depth)))


def mlp(depth: int, inputs: int, outputs: int) -> nn.Sequential:
    """``depth`` linear layers with GELU between them."""
    layers: list[nn.Module] = [nn.Linear(inputs, outputs)]
    for _ in range(1, depth):
        layers += [nn.GELU(), nn.Linear(outputs, outputs)]
    return nn.Sequential(*layers)


class Downsampler(nn.Module):
    """Latents [B, C, h, w] -> tokens before quantization [B, L, outputs], in raster order.

    ``pool``: rows and columns that share a token (the authors' code always has 1 x 1). Depth 0 leaves the stages out.
    """

    def __init__(
        self, channels: int, hidden: int, outputs: int, depth: int, mlp_depth: int, pool: tuple[int, int]
    ) -> None:
        super().__init__()
        self.pool = pool
        self.s1 = stage(channels, hidden, depth)
        self.s2 = stage(hidden, hidden, depth)
        self.readout = mlp(mlp_depth, hidden, outputs)

    @torch.jit.export
    def first(self, latents: Tensor) -> Tensor:
        """Output of the first stage, [B, hidden, h, w]."""
        return self.s1(latents)

    @torch.jit.export
    def second(self, first: Tensor) -> Tensor:
        """Output of the second stage, pooled."""
        return self.s2(F.silu(F.avg_pool2d(first, self.pool)))

    @torch.jit.export
    def read_out(self, second: Tensor) -> Tensor:
        """Tokens before quantization [B, L, outputs]."""
        return self.readout(second.flatten(2).transpose(1, 2))


class Codebook(nn.Module):
    """``embed`` [1, codes, D]. The other statistics of the authors' training are not kept."""

    def __init__(self, codes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("embed", torch.zeros(1, codes, dim))


class Quantizer(nn.Module):
    """The codeword of largest cosine; codewords have length 1."""

    def __init__(self, codes: int, dim: int) -> None:
        super().__init__()
        self._codebook = Codebook(codes, dim)

    @torch.jit.export
    def nearest(self, tokens: Tensor) -> Tensor:
        """Tokens [..., D] -> ids int64 [...]."""
        return (F.normalize(tokens, dim=-1, eps=1e-6) @ self._codebook.embed[0].t()).argmax(-1)

    @torch.jit.export
    def lookup(self, ids: Tensor) -> Tensor:
        """ids int64 [...] -> codewords [..., D]."""
        return self._codebook.embed[0][ids]
