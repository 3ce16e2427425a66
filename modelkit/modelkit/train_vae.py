"""Stage 1: the autoencoder, on random crops of the scenes.

The weight of the KL term decides whether "flat patches first" means anything: with a negligible weight a patch's KL does
not depend on its content. ``beta`` is therefore raised to a real rate-distortion trade-off.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .metrics import patch_std, psnr, spearman
from .trainer import Losses, Schedule, train
from .vae import Vae, VaeConfig, kl_per_element

CROP = 96


def to_pixels(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W] in [-1, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def to_uint8(pixels: Tensor) -> Tensor:
    """float [B, 3, H, W] -> uint8 [B, H, W, 3], clamped to [-1, 1], rounded."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def crops(pictures: np.ndarray, batch: int, generator: np.random.Generator) -> Tensor:
    """``batch`` random crops with random flips, float [batch, 3, side, side] with side = CROP or the whole picture."""
    side = min(CROP, pictures.shape[1])
    out = np.empty((batch, side, side, 3), np.uint8)
    for i in range(batch):
        y, x = generator.integers(0, pictures.shape[1] - side + 1, 2)
        crop = pictures[generator.integers(len(pictures)), y : y + side, x : x + side]
        out[i] = crop[:, ::-1] if generator.random() < 0.5 else crop
    return to_pixels(torch.from_numpy(out))


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """L1 distance of horizontal and vertical differences."""
    d = a - b
    return (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()


@dataclass(frozen=True)
class VaeStage:
    """Length of the stage, crops per step, and the KL weight, which is reached after 15 % of the steps."""

    schedule: Schedule
    batch: int
    beta: float


def train_vae(
    config: VaeConfig, pictures: np.ndarray, held: np.ndarray, run: Path, stage: VaeStage, bf16: bool, device: str
) -> Vae:
    """Trains on ``pictures`` uint8 [M, H, W, 3], reports on ``held``; returns the EMA weights."""
    check = torch.from_numpy(np.ascontiguousarray(held[:48]))
    torch.manual_seed(0)
    vae = Vae(config).to(device)

    def loss(module: Vae, step: int) -> Losses:
        x = crops(pictures, stage.batch, np.random.default_rng((7, step))).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            mean, log_var = module.moments(x)
        mean, log_var = mean.float(), log_var.float()
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            y = module.decode_raw(z)
        y = y.float()
        kl = kl_per_element(mean, log_var).sum() / x.numel()
        l1, mse, grad = (y - x).abs().mean(), (y - x).square().mean(), gradient_l1(y, x)
        weight = stage.beta * min(1.0, 0.05 + step / (0.15 * stage.schedule.steps))
        return {"total": 0.5 * l1 + 6 * mse + 0.25 * grad + weight * kl, "l1": l1, "mse": mse, "kl": kl}

    def report(module: Vae) -> dict[str, float]:
        return evaluate(module, check, device)

    return train(vae, "vae", run, stage.schedule, loss, report, report_every=500)


def polish_decoder(
    vae: Vae, pictures: np.ndarray, held: np.ndarray, run: Path, stage: VaeStage, bf16: bool, device: str
) -> Vae:
    """Trains the decoder on with the encoder frozen, so that latents, ids and KL stay what they are.

    The decoder sees the mean plus between none and all of the posterior's noise: what it is given later is closer to the
    mean than what it was first trained on. ``stage.beta`` has no meaning here.
    """
    check = torch.from_numpy(np.ascontiguousarray(held[:48]))
    torch.manual_seed(3)
    vae.requires_grad_(False)
    vae.decoder.requires_grad_(True)
    vae.post_quant_conv.requires_grad_(True)

    def loss(module: Vae, step: int) -> Losses:
        x = crops(pictures, stage.batch, np.random.default_rng((8, step))).to(device)
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=bf16):
            mean, log_var = module.moments(x)
        mean, log_var = mean.float(), log_var.float()
        share = torch.rand(len(x), 1, 1, 1, device=device)
        z = mean + share * torch.randn_like(mean) * (0.5 * log_var).exp()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            y = module.decode_raw(z)
        l1, mse = (y.float() - x).abs().mean(), (y.float() - x).square().mean()
        return {"total": 0.3 * l1 + 8 * mse, "l1": l1, "mse": mse}

    def report(module: Vae) -> dict[str, float]:
        return evaluate(module, check, device)

    return train(vae, "vae_decoder", run, stage.schedule, loss, report, report_every=300)


@torch.no_grad()
def evaluate(vae: Vae, pictures: Tensor, device: str = "cpu") -> dict[str, float]:
    """PSNR through the mean, nats per latent element, and rank correlation of patch KL with patch pixel deviation."""
    scores, nats, kls = [], [], []
    for chunk in pictures.split(8):
        mean, log_var = vae.moments(to_pixels(chunk).to(device))
        scores.append(psnr(to_uint8(vae.decode_raw(mean)).cpu(), chunk))
        kl = kl_per_element(mean, log_var).cpu()
        nats.append(kl.mean())
        kls.append(torch.nn.functional.avg_pool2d(kl.sum(1, keepdim=True), 2).flatten(1) * 4)
    std = patch_std(pictures, pictures.shape[1] // int(kls[0].shape[1] ** 0.5))
    return {
        "psnr": float(torch.cat(scores).mean()),
        "nats": float(torch.stack(nats).mean()),
        "spearman": spearman(torch.cat(kls).flatten(), std.flatten()),
    }
