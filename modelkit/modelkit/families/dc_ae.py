"""DC-AE, the deep-compression autoencoder (arXiv 2410.10733), under diffusers' configuration and key names."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RES, VIT = "ResBlock", "EfficientViTBlock"


@dataclass(frozen=True)
class DcAeConfig:
    """Fields of diffusers' ``AutoencoderDC``; latents in the model's units are ``(latent - shift) * scale``."""

    in_channels: int = 3
    latent_channels: int = 32
    attention_head_dim: int = 32
    encoder_block_types: str | tuple[str, ...] = RES
    decoder_block_types: str | tuple[str, ...] = RES
    encoder_block_out_channels: tuple[int, ...] = (128, 256, 512, 512, 1024, 1024)
    decoder_block_out_channels: tuple[int, ...] = (128, 256, 512, 512, 1024, 1024)
    encoder_layers_per_block: tuple[int, ...] = (2, 2, 2, 3, 3, 3)
    decoder_layers_per_block: tuple[int, ...] = (3, 3, 3, 3, 3, 3)
    encoder_qkv_multiscales: tuple[tuple[int, ...], ...] = ((), (), (), (5,), (5,), (5,))
    decoder_qkv_multiscales: tuple[tuple[int, ...], ...] = ((), (), (), (5,), (5,), (5,))
    upsample_block_type: str = "pixel_shuffle"
    downsample_block_type: str = "pixel_unshuffle"
    decoder_norm_types: str | tuple[str, ...] = "rms_norm"
    decoder_act_fns: str | tuple[str, ...] = "silu"
    encoder_out_shortcut: bool = True
    decoder_in_shortcut: bool = True
    decoder_conv_act_fn: str = "relu"
    scale: float = 1.0
    shift: float = 0.0

    @property
    def stride(self) -> int:
        """Pixels per latent cell along one axis."""
        return 2 ** (len(self.encoder_block_out_channels) - 1)


def _activation(name: str) -> nn.Module:
    known = {"silu": nn.SiLU(), "relu": nn.ReLU(), "relu6": nn.ReLU6(), "gelu": nn.GELU()}
    if name not in known:
        raise ValueError(f"activation must be one of {', '.join(known)}, is {name}")
    return known[name]


def _norm(name: str, channels: int) -> nn.Module:
    if name == "rms_norm":
        return ChannelNorm(channels)
    if name == "batch_norm":
        return nn.BatchNorm2d(channels)
    raise ValueError(f"norm must be rms_norm or batch_norm, is {name}")


class ChannelNorm(nn.Module):
    """Root-mean-square norm over channels of [B, C, h, w], with weight and bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-5)
        return x * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class ResBlock(nn.Module):
    def __init__(self, channels: int, norm: str, activation: str) -> None:
        super().__init__()
        self.nonlinearity = _activation(activation)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = _norm(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.conv2(self.nonlinearity(self.conv1(x))))


class Projection(nn.Module):
    """Neighbourhood of ``kernel`` mixed into queries, keys and values, each head on its own."""

    def __init__(self, width: int, heads: int, kernel: int) -> None:
        super().__init__()
        channels = 3 * width
        self.proj_in = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.proj_out = nn.Conv2d(channels, channels, 1, groups=3 * heads, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj_out(self.proj_in(x))


class LinearAttention(nn.Module):
    """Attention whose kernel is relu(q) relu(k), at several scales; its cost grows linearly with positions."""

    def __init__(self, channels: int, head_dim: int, kernels: tuple[int, ...], norm: str) -> None:
        super().__init__()
        heads = channels // head_dim
        width = heads * head_dim
        self.head_dim = head_dim
        self.to_q = nn.Linear(channels, width, bias=False)
        self.to_k = nn.Linear(channels, width, bias=False)
        self.to_v = nn.Linear(channels, width, bias=False)
        self.to_qkv_multiscale = nn.ModuleList([Projection(width, heads, kernel) for kernel in kernels])
        self.to_out = nn.Linear(width * (1 + len(kernels)), channels, bias=False)
        self.norm_out = _norm(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        rows = x.permute(0, 2, 3, 1)
        qkv = torch.cat([self.to_q(rows), self.to_k(rows), self.to_v(rows)], 3).permute(0, 3, 1, 2)
        scales = [qkv]
        for projection in self.to_qkv_multiscale:
            scales.append(projection(qkv))
        q, k, v = torch.cat(scales, 1).reshape(b, -1, 3 * self.head_dim, h * w).chunk(3, 2)
        q, k = F.relu(q), F.relu(k)
        if h * w > self.head_dim:
            mixed = torch.matmul(torch.matmul(F.pad(v, (0, 0, 0, 1), value=1.0), k.transpose(2, 3)), q)
            mixed = mixed[:, :, :-1] / (mixed[:, :, -1:] + 1e-15)
        else:
            weights = torch.matmul(k.transpose(2, 3), q)
            mixed = torch.matmul(v, weights / (weights.sum(2, keepdim=True) + 1e-15))
        out = self.to_out(mixed.reshape(b, -1, h, w).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.norm_out(out)


class GatedConv(nn.Module):
    """Widened four times, mixed in space, gated by its other half."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = 4 * channels
        self.conv_inverted = nn.Conv2d(channels, 2 * hidden, 1)
        self.conv_depth = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden)
        self.conv_point = nn.Conv2d(hidden, channels, 1, bias=False)
        self.norm = ChannelNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        y, gate = self.conv_depth(F.silu(self.conv_inverted(x))).chunk(2, 1)
        return x + self.norm(self.conv_point(y * F.silu(gate)))


class VitBlock(nn.Module):
    def __init__(self, channels: int, head_dim: int, kernels: tuple[int, ...], norm: str) -> None:
        super().__init__()
        self.attn = LinearAttention(channels, head_dim, kernels, norm)
        self.conv_out = GatedConv(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_out(self.attn(x))


class Down(nn.Module):
    """Half the resolution; the shortcut folds space into channels and averages groups of them."""

    def __init__(self, inputs: int, outputs: int, unshuffle: bool, shortcut: bool) -> None:
        super().__init__()
        self.unshuffle, self.shortcut, self.outputs = unshuffle, shortcut, outputs
        self.conv = nn.Conv2d(
            inputs, outputs // 4 if unshuffle else outputs, 3, stride=1 if unshuffle else 2, padding=1
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        if self.unshuffle:
            y = F.pixel_unshuffle(y, 2)
        if self.shortcut:
            y = y + F.pixel_unshuffle(x, 2).unflatten(1, (self.outputs, -1)).mean(2)
        return y


class Up(nn.Module):
    """Twice the resolution; the shortcut repeats channels and unfolds them into space."""

    def __init__(self, inputs: int, outputs: int, interpolate: bool, shortcut: bool) -> None:
        super().__init__()
        self.interpolate, self.shortcut = interpolate, shortcut
        self.repeats = outputs * 4 // inputs
        self.conv = nn.Conv2d(inputs, outputs if interpolate else 4 * outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.interpolate:
            y = self.conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3))
        else:
            y = F.pixel_shuffle(self.conv(x), 2)
        if self.shortcut:
            y = y + F.pixel_shuffle(x.repeat_interleave(self.repeats, 1), 2)
        return y


def _each(value: str | tuple[str, ...], count: int) -> tuple[str, ...]:
    return (value,) * count if isinstance(value, str) else value


def _block(kind: str, channels: int, head_dim: int, kernels: tuple[int, ...], norm: str, activation: str) -> nn.Module:
    if kind == RES:
        return ResBlock(channels, norm, activation)
    if kind == VIT:
        return VitBlock(channels, head_dim, kernels, norm)
    raise ValueError(f"block type must be {RES} or {VIT}, is {kind}")


class Encoder(nn.Module):
    def __init__(self, config: DcAeConfig) -> None:
        super().__init__()
        widths, layers = config.encoder_block_out_channels, config.encoder_layers_per_block
        kinds = _each(config.encoder_block_types, len(widths))
        unshuffle = config.downsample_block_type == "pixel_unshuffle"
        if layers[0]:
            self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        else:
            self.conv_in = Down(config.in_channels, widths[1], unshuffle, False)
        stages = []
        for i, (width, count) in enumerate(zip(widths, layers)):
            kernels = config.encoder_qkv_multiscales[i]
            stage = [
                _block(kinds[i], width, config.attention_head_dim, kernels, "rms_norm", "silu") for _ in range(count)
            ]
            if count and i < len(widths) - 1:
                stage.append(Down(width, widths[i + 1], unshuffle, True))
            stages.append(nn.Sequential(*stage))
        self.down_blocks = nn.ModuleList(stages)
        self.conv_out = nn.Conv2d(widths[-1], config.latent_channels, 3, padding=1)
        self.shortcut, self.latent_channels = config.encoder_out_shortcut, config.latent_channels

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for stage in self.down_blocks:
            x = stage(x)
        y = self.conv_out(x)
        return y + x.unflatten(1, (self.latent_channels, -1)).mean(2) if self.shortcut else y


class Decoder(nn.Module):
    def __init__(self, config: DcAeConfig) -> None:
        super().__init__()
        widths, layers = config.decoder_block_out_channels, config.decoder_layers_per_block
        kinds = _each(config.decoder_block_types, len(widths))
        norms, activations = _each(config.decoder_norm_types, len(widths)), _each(config.decoder_act_fns, len(widths))
        interpolate = config.upsample_block_type == "interpolate"
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.shortcut, self.repeats = config.decoder_in_shortcut, widths[-1] // config.latent_channels
        # The highest number comes first: a dictionary keeps that order under the authors' names.
        self.up_blocks = nn.ModuleDict()
        for i in range(len(widths) - 1, -1, -1):
            width, count = widths[i], layers[i]
            stage: list[nn.Module] = []
            if count and i < len(widths) - 1:
                stage.append(Up(widths[i + 1], width, interpolate, True))
            for _ in range(count):
                kernels = config.decoder_qkv_multiscales[i]
                stage.append(_block(kinds[i], width, config.attention_head_dim, kernels, norms[i], activations[i]))
            self.up_blocks[str(i)] = nn.Sequential(*stage)
        last = widths[0] if layers[0] else widths[1]
        self.norm_out = ChannelNorm(last)
        self.conv_act = _activation(config.decoder_conv_act_fn)
        if layers[0]:
            self.conv_out = nn.Conv2d(last, config.in_channels, 3, padding=1)
        else:
            self.conv_out = Up(last, config.in_channels, interpolate, False)

    def forward(self, z: Tensor) -> Tensor:
        x = self.conv_in(z)
        if self.shortcut:
            x = x + z.repeat_interleave(self.repeats, 1)
        for stage in self.up_blocks.values():
            x = stage(x)
        return self.conv_out(self.conv_act(self.norm_out(x)))


class DcAe(nn.Module):
    """Pixels in [-1, 1] <-> latents at 1/``stride`` resolution; nothing random."""

    def __init__(self, config: DcAeConfig) -> None:
        super().__init__()
        self.scale, self.shift = config.scale, config.shift
        self.channels, self.stride = config.latent_channels, config.stride
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels [B, 3, H, W] -> latents in the model's units [B, C, h, w]."""
        return (self.encoder(pixels) - self.shift) * self.scale

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        """Inverse of :meth:`encode`; pixels are not clamped."""
        return self.decoder(latents / self.scale + self.shift)

    def forward(self, pixels: Tensor) -> Tensor:
        """Reconstruction."""
        return self.decode(self.encode(pixels))
