"""The image autoencoder: one class for SDXL's VAE and for the small embedded one.

Architecture and parameter names are those of diffusers' ``AutoencoderKL`` so that the published SDXL weights load by
configuration alone. Two things are added, both off for SDXL: ``pixel_unshuffle`` moves space into channels in front of
the encoder (and back behind the decoder), which makes a small model fast on a CPU; ``mid_attention`` can be left out.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class VaeConfig:
    """Shape of the autoencoder.

    block_out_channels: width per resolution; every block but the last halves the resolution.
    pixel_unshuffle: factor by which pixels are folded into channels first (1 = SDXL).
    last_attention: attention behind every resnet of the encoder's lowest resolution (latent diffusion's f16 models).
    scale: latents handed to the generator are ``(mean - shift) * scale``.
    """

    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    latent_channels: int = 4
    norm_groups: int = 32
    pixel_unshuffle: int = 1
    mid_attention: bool = True
    last_attention: bool = False
    scale: float = 0.13025
    shift: float = 0.0

    @property
    def stride(self) -> int:
        """Pixels per latent cell along one axis."""
        return self.pixel_unshuffle * 2 ** (len(self.block_out_channels) - 1)


class ResnetBlock(nn.Module):
    """GroupNorm-SiLU-conv twice, plus a 1x1 shortcut where the width changes."""

    def __init__(self, c_in: int, c_out: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, c_in, eps=1e-6)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, c_out, eps=1e-6)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return self.conv_shortcut(x) + h


class AttentionBlock(nn.Module):
    """Single-head self-attention over all positions of the lowest resolution."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)  # [B, H*W, C]
        out = F.scaled_dot_product_attention(self.to_q(tokens), self.to_k(tokens), self.to_v(tokens))
        for layer in self.to_out:
            out = layer(out)
        return x + out.transpose(1, 2).reshape(b, c, h, w)


class MidBlock(nn.Module):
    """Resnet, optional attention, resnet at the lowest resolution."""

    def __init__(self, channels: int, groups: int, attention: bool) -> None:
        super().__init__()
        self.resnets = nn.ModuleList([ResnetBlock(channels, channels, groups) for _ in range(2)])
        self.attentions = nn.ModuleList([AttentionBlock(channels, groups)] if attention else [])

    def forward(self, x: Tensor) -> Tensor:
        # The attention, where there is one, stands between the two resnets.
        for i, resnet in enumerate(self.resnets):
            if i == 1:
                for attention in self.attentions:
                    x = attention(x)
            x = resnet(x)
        return x


class Downsample(nn.Module):
    """Stride-2 convolution with diffusers' asymmetric padding (right and bottom only)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Nearest-neighbour doubling, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        # The raw operator: scripted F.interpolate refers to operators that libtorch 2.7.1 does not have.
        x = torch.ops.aten.upsample_nearest2d(x, [x.shape[2] * 2, x.shape[3] * 2])
        return self.conv(x)


class DownBlock(nn.Module):
    """``layers`` resnets, each with an attention behind it if asked for, and, except in the last block, a downsampler."""

    def __init__(self, c_in: int, c_out: int, layers: int, groups: int, last: bool, attention: bool = False) -> None:
        super().__init__()
        widths = [c_in] + [c_out] * layers
        self.resnets = nn.ModuleList([ResnetBlock(a, c_out, groups) for a in widths[:-1]])
        self.attentions = nn.ModuleList(
            [AttentionBlock(c_out, groups) if attention else nn.Identity() for _ in range(layers)]
        )
        self.downsamplers = nn.ModuleList([] if last else [Downsample(c_out)])

    def forward(self, x: Tensor) -> Tensor:
        for resnet, attention in zip(self.resnets, self.attentions):
            x = attention(resnet(x))
        for down in self.downsamplers:
            x = down(x)
        return x


class UpBlock(nn.Module):
    """``layers`` resnets and, except in the last block, an upsampler."""

    def __init__(self, c_in: int, c_out: int, layers: int, groups: int, last: bool) -> None:
        super().__init__()
        widths = [c_in] + [c_out] * layers
        self.resnets = nn.ModuleList([ResnetBlock(a, c_out, groups) for a in widths[:-1]])
        self.upsamplers = nn.ModuleList([] if last else [Upsample(c_out)])

    def forward(self, x: Tensor) -> Tensor:
        for resnet in self.resnets:
            x = resnet(x)
        for up in self.upsamplers:
            x = up(x)
        return x


class Encoder(nn.Module):
    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels, config.norm_groups
        self.conv_in = nn.Conv2d(3 * config.pixel_unshuffle**2, widths[0], 3, padding=1)
        inputs, end = (widths[0], *widths[:-1]), len(widths) - 1
        self.down_blocks = nn.ModuleList(
            [
                DownBlock(a, b, config.layers_per_block, groups, i == end, config.last_attention and i == end)
                for i, (a, b) in enumerate(zip(inputs, widths))
            ]
        )
        self.mid_block = MidBlock(widths[-1], groups, config.mid_attention)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels[::-1], config.norm_groups
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = MidBlock(widths[0], groups, config.mid_attention)
        inputs = (widths[0], *widths[:-1])
        self.up_blocks = nn.ModuleList(
            [
                UpBlock(a, b, config.layers_per_block + 1, groups, last=i == len(widths) - 1)
                for i, (a, b) in enumerate(zip(inputs, widths))
            ]
        )
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 3 * config.pixel_unshuffle**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mid_block(self.conv_in(x))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Vae(nn.Module):
    """Pixels in [-1, 1] <-> Gaussian latents of ``latent_channels`` at 1/``stride`` resolution."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.pixel_unshuffle = config.pixel_unshuffle
        self.scale = config.scale
        self.shift = config.shift
        self.channels, self.stride = config.latent_channels, config.stride
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * config.latent_channels, 2 * config.latent_channels, 1)
        self.post_quant_conv = nn.Conv2d(config.latent_channels, config.latent_channels, 1)

    @torch.jit.export
    def moments(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of ``pixels`` [B, 3, H, W] in [-1, 1]: mean and log-variance, each [B, C, H/stride, W/stride]."""
        x = F.pixel_unshuffle(pixels, self.pixel_unshuffle) if self.pixel_unshuffle > 1 else pixels
        mean, log_var = self.quant_conv(self.encoder(x)).chunk(2, dim=1)
        return mean, log_var.clamp(-30.0, 20.0)

    @torch.jit.export
    def decode_raw(self, z: Tensor) -> Tensor:
        """Unscaled latents [B, C, h, w] to pixels [B, 3, H, W], nominally in [-1, 1], not clamped."""
        x = self.decoder(self.post_quant_conv(z))
        return F.pixel_shuffle(x, self.pixel_unshuffle) if self.pixel_unshuffle > 1 else x

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """Posterior mean in the generator's units: ``(mean - shift) * scale``, [B, C, h, w]."""
        return (self.moments(pixels)[0] - self.shift) * self.scale

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        """Inverse of :meth:`encode`: scaled latents [B, C, h, w] to pixels [B, 3, H, W]."""
        return self.decode_raw(latents / self.scale + self.shift)

    def forward(self, pixels: Tensor) -> Tensor:
        """Reconstruction through the posterior mean."""
        return self.decode_raw(self.moments(pixels)[0])


def kl_per_element(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL divergence to the unit Gaussian in nats per latent element: (s^2 + m^2 - 1 - ln s^2) / 2 (MaDiT eq. 5)."""
    return 0.5 * (log_var.exp() + mean.square() - 1.0 - log_var)
