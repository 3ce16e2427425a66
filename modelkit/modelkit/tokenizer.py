"""From latents to visual token ids and back: adapter, cosine vector quantiser, convolutional read-out."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .vae import ResnetBlock


@dataclass(frozen=True)
class TokenizerConfig:
    """Shape of the visual tokenizer: one codeword per patch of ``patch`` x ``patch`` latent cells."""

    codebook_size: int = 65536
    code_dim: int = 16
    width: int = 256
    adapter_blocks: int = 2
    readout_blocks: int = 3
    patch: int = 2
    latent_channels: int = 4
    norm_groups: int = 16

    @property
    def patch_dim(self) -> int:
        """P: values per patch."""
        return self.latent_channels * self.patch**2


def patchify(latents: Tensor, patch: int) -> Tensor:
    """Latents [B, C, h, w] -> patches [B, N, C*patch*patch], raster order, channel-major inside a patch."""
    return F.pixel_unshuffle(latents, patch).flatten(2).transpose(1, 2)


def unpatchify(patches: Tensor, patch: int, rows: int) -> Tensor:
    """Inverse of :func:`patchify` for a grid of ``rows`` rows: [B, N, P] -> [B, C, h, w]."""
    b, n, p = patches.shape
    return F.pixel_shuffle(patches.transpose(1, 2).reshape(b, p, rows, n // rows), patch)


class Adapter(nn.Module):
    """Latents [B, C, h, w] -> one unit vector per patch [B, N, code_dim]."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(config.latent_channels, config.width // 2, 3, padding=1)
        self.conv_down = nn.Conv2d(config.width // 2, config.width, config.patch + 2, stride=config.patch, padding=1)
        self.blocks = nn.ModuleList(
            [ResnetBlock(config.width, config.width, config.norm_groups) for _ in range(config.adapter_blocks)]
        )
        self.conv_out = nn.Conv2d(config.width, config.code_dim, 1)

    def forward(self, latents: Tensor) -> Tensor:
        x = self.conv_down(F.silu(self.conv_in(latents)))
        for block in self.blocks:
            x = block(x)
        return F.normalize(self.conv_out(F.silu(x)).flatten(2).transpose(1, 2), dim=-1)


class ReadOut(nn.Module):
    """Codewords on the grid [B, N, code_dim] -> features [B, N, width] and a first guess of the patches [B, N, P]."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(config.code_dim, config.width, 3, padding=1)
        self.blocks = nn.ModuleList(
            [ResnetBlock(config.width, config.width, config.norm_groups) for _ in range(config.readout_blocks)]
        )
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.patch_dim)

    def forward(self, codes: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        b, n, d = codes.shape
        x = self.conv_in(codes.transpose(1, 2).reshape(b, d, rows, n // rows))
        for block in self.blocks:
            x = block(x)
        features = self.norm(x.flatten(2).transpose(1, 2))
        return features, self.head(features)


class Tokenizer(nn.Module):
    """Adapter + codebook + read-out, with the per-codeword KL of MaDiT eq. 5 and 6.

    Buffers: ``codebook`` [V, code_dim] unit rows; ``codeword_kl`` [V] nats per patch, the moving average over training;
    ``kl_seen`` [V] tells which entries have been observed.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.adapter = Adapter(config)
        self.readout = ReadOut(config)
        self.register_buffer("codebook", F.normalize(torch.randn(config.codebook_size, config.code_dim), dim=-1))
        self.register_buffer("codeword_kl", torch.zeros(config.codebook_size))
        self.register_buffer("kl_seen", torch.zeros(config.codebook_size, dtype=torch.bool))

    @torch.jit.export
    def quantize(self, vectors: Tensor) -> Tensor:
        """Unit vectors [..., code_dim] -> ids int64 [...] of the codewords with the largest cosine."""
        flat = vectors.reshape(-1, vectors.shape[-1])
        ids = [(chunk @ self.codebook.t()).argmax(-1) for chunk in flat.split(512)]
        return torch.cat(ids).reshape(vectors.shape[:-1])

    @torch.jit.export
    def encode(self, latents: Tensor) -> Tensor:
        """Latents [B, C, h, w] -> ids int64 [B, N]."""
        return self.quantize(self.adapter(latents))

    @torch.jit.export
    def lookup(self, ids: Tensor) -> Tensor:
        """Ids int64 [..., N] -> codewords [..., N, code_dim]; id -1 (a slot not yet known) gives zeros."""
        return self.codebook[ids.clamp_min(0)] * (ids >= 0).unsqueeze(-1)

    @torch.no_grad()
    def observe_kl(self, ids: Tensor, patch_kl: Tensor, alpha: float = 0.01) -> None:
        """Moves ``codeword_kl`` towards the mean KL of the patches that chose each codeword.

        ids int64 [M], patch_kl float [M] in nats. The first observation of a codeword initialises its entry.
        """
        size = self.codeword_kl.shape[0]
        count = torch.zeros(size, device=ids.device).index_add_(0, ids, torch.ones_like(patch_kl))
        total = torch.zeros(size, device=ids.device).index_add_(0, ids, patch_kl)
        mean = total / count.clamp_min(1)
        hit = count > 0
        blended = torch.where(self.kl_seen, self.codeword_kl + alpha * (mean - self.codeword_kl), mean)
        self.codeword_kl.copy_(torch.where(hit, blended, self.codeword_kl))
        self.kl_seen |= hit

    @torch.no_grad()
    def finish_kl(self) -> None:
        """Gives codewords that were never chosen the median of the others."""
        if bool(self.kl_seen.any()):
            self.codeword_kl[~self.kl_seen] = self.codeword_kl[self.kl_seen].median()
