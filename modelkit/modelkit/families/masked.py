"""The masked encoder-decoder of MAR and V2Flow, under the authors' key names.

Slots come first in every sequence: the condition ("buffer"), then the patches in raster order. B samples, N patches of P
values, S slots, D encoder and decoder width. A mask is 1 (True) where a patch is not known yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .weights import ConversionError

EPS = 1e-6


@dataclass(frozen=True)
class MaskedConfig:
    """Sizes of the encoder-decoder. ``grid``: patches per side; ``slots``: condition slots in front of the patches."""

    grid: int
    channels: int
    patch_size: int
    encoder_dim: int
    encoder_depth: int
    encoder_heads: int
    decoder_dim: int
    decoder_depth: int
    decoder_heads: int
    mlp_ratio: float
    slots: int

    @property
    def patches(self) -> int:
        return self.grid**2

    @property
    def patch_dim(self) -> int:
        return self.channels * self.patch_size**2


DEFAULTS = {
    "img_size": 256,
    "vae_stride": 16,
    "patch_size": 1,
    "vae_embed_dim": 16,
    "encoder_embed_dim": 1024,
    "encoder_depth": 16,
    "encoder_num_heads": 16,
    "decoder_embed_dim": 1024,
    "decoder_depth": 16,
    "decoder_num_heads": 16,
    "mlp_ratio": 4.0,
    "buffer_size": 64,
}


def masked_config(ctor: Mapping[str, Any]) -> MaskedConfig:
    """Sizes from the authors' constructor arguments; what is left out has the authors' default."""
    given = {**DEFAULTS, **{name: ctor[name] for name in DEFAULTS if name in ctor}}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConversionError(f"ctor.{name}: must be a positive number, is {value!r}")
    for part in ("encoder", "decoder"):
        width, heads = given[f"{part}_embed_dim"], given[f"{part}_num_heads"]
        if width % heads:
            raise ConversionError(f"ctor.{part}_embed_dim: must be a multiple of {part}_num_heads {heads}, is {width}")
    return MaskedConfig(
        grid=given["img_size"] // given["vae_stride"] // given["patch_size"],
        channels=given["vae_embed_dim"],
        patch_size=given["patch_size"],
        encoder_dim=given["encoder_embed_dim"],
        encoder_depth=given["encoder_depth"],
        encoder_heads=given["encoder_num_heads"],
        decoder_dim=given["decoder_embed_dim"],
        decoder_depth=given["decoder_depth"],
        decoder_heads=given["decoder_num_heads"],
        mlp_ratio=given["mlp_ratio"],
        slots=given["buffer_size"],
    )


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(rows, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int, ratio: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, int(width * ratio))
        self.fc2 = nn.Linear(int(width * ratio), width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Pre-norm transformer block on [B, length, D]."""

    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=EPS), nn.LayerNorm(width, eps=EPS)
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width, ratio)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class MaskedTransformer(nn.Module):
    """Known patches and a condition in, a context for every patch out."""

    def __init__(self, config: MaskedConfig) -> None:
        super().__init__()
        self.masked = config
        width, deep = config.encoder_dim, config.decoder_dim
        length = config.slots + config.patches
        self.fake_latent = nn.Parameter(torch.zeros(1, width))
        self.z_proj = nn.Linear(config.patch_dim, width)
        self.z_proj_ln = nn.LayerNorm(width, eps=EPS)
        self.encoder_pos_embed_learned = nn.Parameter(torch.zeros(1, length, width))
        self.encoder_blocks = nn.ModuleList(
            [Block(width, config.encoder_heads, config.mlp_ratio) for _ in range(config.encoder_depth)]
        )
        self.encoder_norm = nn.LayerNorm(width, eps=EPS)
        self.decoder_embed = nn.Linear(width, deep)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, deep))
        self.decoder_pos_embed_learned = nn.Parameter(torch.zeros(1, length, deep))
        self.decoder_blocks = nn.ModuleList(
            [Block(deep, config.decoder_heads, config.mlp_ratio) for _ in range(config.decoder_depth)]
        )
        self.decoder_norm = nn.LayerNorm(deep, eps=EPS)
        self.diffusion_pos_embed_learned = nn.Parameter(torch.zeros(1, config.patches, deep))

    def encode(self, tokens: Tensor, mask: Tensor, slots: Tensor) -> Tensor:
        """tokens [B, N, P], mask bool [B, N] (as many known in each sample), slots [B, S, D] -> [B, S + known, D]."""
        x = torch.cat([slots, self.z_proj(tokens)], 1) + self.encoder_pos_embed_learned
        x = self.z_proj_ln(x)
        x = x[self._known(mask)].view(len(x), -1, x.shape[2])
        for block in self.encoder_blocks:
            x = block(x)
        return self.encoder_norm(x)

    def decode(self, encoded: Tensor, mask: Tensor) -> Tensor:
        """Encoder output and the same mask -> contexts [B, N, D]."""
        known = self._known(mask)
        embedded = self.decoder_embed(encoded)
        x = self.mask_token.repeat(*known.shape, 1)
        x[known] = embedded.flatten(0, 1)
        x = x + self.decoder_pos_embed_learned
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_norm(x)[:, self.masked.slots :] + self.diffusion_pos_embed_learned

    def _known(self, mask: Tensor) -> Tensor:
        return torch.cat([torch.ones(len(mask), self.masked.slots, dtype=torch.bool), ~mask], 1)


def unpatchify(tokens: Tensor, config: MaskedConfig) -> Tensor:
    """Patches [B, N, P], channel-major inside a patch -> latents [B, C, h, w]."""
    p, grid = config.patch_size, config.grid
    x = tokens.view(-1, grid, grid, config.channels, p, p).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(-1, config.channels, grid * p, grid * p)
