"""Stage 2: adapter, codebook and read-out, on encoded scenes.

The codebook starts from spherical k-means over the adapter's vectors after a short continuous phase; then it follows
them by an exponential moving average, and codewords that nobody chooses are replaced by vectors of the current batch
(without that replacement a codebook collapses to a few entries).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .latents import LatentSet
from .metrics import patch_std, psnr, spearman
from .tokenizer import Tokenizer, TokenizerConfig, patchify, unpatchify
from .train_vae import to_uint8
from .trainer import Losses, Schedule, train
from .vae import Vae


class _Ema(nn.Module):
    """Running sums behind the codebook; part of the checkpoint, not of the model."""

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.ones(size))
        self.register_buffer("total", torch.zeros(size, dim))


class _Training(nn.Module):
    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.tokenizer = Tokenizer(config)
        self.ema = _Ema(config.codebook_size, config.code_dim)


@dataclass(frozen=True)
class TokenizerStage:
    """Length of the stage, pictures per step, and for how many steps the codebook is not yet used."""

    schedule: Schedule
    batch: int
    continuous_steps: int = 150


def train_tokenizer(
    config: TokenizerConfig,
    vae: Vae,
    data: LatentSet,
    held: LatentSet,
    run: Path,
    stage: TokenizerStage,
    bf16: bool,
    device: str,
) -> Tokenizer:
    """Trains and returns the tokenizer with ``codeword_kl`` filled in."""
    torch.manual_seed(1)
    module = _Training(config).to(device)
    rows = data.latents.shape[2] // config.patch

    def loss(training: _Training, step: int) -> Losses:
        pick = torch.randint(len(data.latents), (stage.batch,), generator=torch.Generator().manual_seed(step))
        latents, kl = data.latents[pick].to(device), data.patch_kl[pick].to(device)
        target = patchify(latents, config.patch)
        weight = patchify(data.weights[pick].to(device), config.patch)
        tokenizer = training.tokenizer
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            vectors = tokenizer.adapter(latents)
        vectors = vectors.float()
        if step < stage.continuous_steps:
            codes, commit = vectors, vectors.new_zeros(())
        else:
            if step == stage.continuous_steps:
                _kmeans(tokenizer, training.ema, data, device)
            ids = tokenizer.quantize(vectors.detach())
            _follow(tokenizer, training.ema, vectors.detach().flatten(0, 1), ids.flatten())
            tokenizer.observe_kl(ids.flatten(), kl.flatten())
            words = tokenizer.codebook[ids]
            commit = (vectors - words).square().sum(-1).mean()
            codes = vectors + (words - vectors).detach()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            _, guess = tokenizer.readout(codes, rows)
        error = (weight * (guess.float() - target).square()).mean()
        return {"total": error + 0.1 * commit, "mse": error, "commit": commit}

    def report(training: _Training) -> dict[str, float]:
        return evaluate(training.tokenizer, vae, held, device)

    average = train(module, "tokenizer", run, stage.schedule, loss, report, report_every=150)
    tokenizer = average.tokenizer
    settle(tokenizer, data, device)
    return tokenizer


@torch.no_grad()
def settle(tokenizer: Tokenizer, data: LatentSet, device: str = "cpu") -> None:
    """Fills ``codeword_kl`` by one pass of the final tokenizer over the training set."""
    tokenizer.kl_seen.zero_()
    for start in range(0, len(data.latents), 64):
        ids = tokenizer.encode(data.latents[start : start + 64].to(device))
        tokenizer.observe_kl(ids.flatten(), data.patch_kl[start : start + 64].flatten().to(device))
    tokenizer.finish_kl()


@torch.no_grad()
def _kmeans(tokenizer: Tokenizer, ema: _Ema, data: LatentSet, device: str, rounds: int = 6) -> None:
    size, _dim = tokenizer.codebook.shape
    generator = torch.Generator().manual_seed(11)
    pick = torch.randperm(len(data.latents), generator=generator)[:512]
    vectors = torch.cat([tokenizer.adapter(data.latents[p].to(device)).flatten(0, 1) for p in pick.split(64)])
    centres = vectors[torch.randperm(len(vectors), generator=generator)[:size]].clone()
    for _ in range(rounds):
        tokenizer.codebook.copy_(centres)
        ids = tokenizer.quantize(vectors)
        total = torch.zeros_like(centres).index_add_(0, ids, vectors)
        count = torch.bincount(ids, minlength=size)
        centres = torch.where((count > 0)[:, None], F.normalize(total, dim=-1), centres)
    tokenizer.codebook.copy_(centres)
    ema.count.fill_(1.0)
    ema.total.copy_(centres)


@torch.no_grad()
def _follow(tokenizer: Tokenizer, ema: _Ema, vectors: Tensor, ids: Tensor, decay: float = 0.97) -> None:
    size = tokenizer.codebook.shape[0]
    count = torch.bincount(ids, minlength=size).float()
    ema.count.lerp_(count, 1 - decay)
    ema.total.lerp_(torch.zeros_like(ema.total).index_add_(0, ids, vectors), 1 - decay)
    tokenizer.codebook.copy_(F.normalize(ema.total / ema.count.clamp_min(1e-6)[:, None], dim=-1))
    dead = (ema.count < 0.03).nonzero().flatten()[:256]
    if len(dead):
        fresh = vectors[torch.randint(len(vectors), (len(dead),), device=vectors.device)]
        tokenizer.codebook[dead] = fresh
        ema.total[dead] = fresh
        ema.count[dead] = 1.0
        tokenizer.kl_seen[dead] = False


@torch.no_grad()
def evaluate(tokenizer: Tokenizer, vae: Vae, held: LatentSet, device: str, count: int = 48) -> dict[str, float]:
    """Held-out PSNR of the read-out, codebook use, and rank correlation of codeword KL with patch deviation."""
    patch = int((tokenizer.readout.head.out_features // held.latents.shape[1]) ** 0.5)
    rows = held.latents.shape[2] // patch
    scores, used = [], []
    count = min(count, len(held.latents))
    for start in range(0, count, 16):
        latents = held.latents[start : start + 16].to(device)
        ids = tokenizer.encode(latents)
        used.append(ids.flatten())
        _, patches = tokenizer.readout(tokenizer.lookup(ids), rows)
        decoded = to_uint8(vae.decode(unpatchify(patches, patch, rows))).cpu()
        scores.append(psnr(decoded, torch.from_numpy(held.pictures[start : start + 16][: len(latents)])))
    ids = torch.cat(used)
    std = patch_std(torch.from_numpy(held.pictures[:count]), held.pictures.shape[1] // rows)
    return {
        "psnr": float(torch.cat(scores).mean()),
        "codes_used": float(len(ids.unique())),
        "spearman": spearman(tokenizer.codeword_kl[ids].cpu(), std.flatten()),
    }
