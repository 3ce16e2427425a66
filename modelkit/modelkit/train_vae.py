"""Stage 1: the autoencoder, on random crops of the scenes.

The weight of the KL term decides whether "flat patches first" means anything: with a negligible weight a patch's KL does
not depend on its content. ``beta`` is therefore raised to a real rate-distortion trade-off.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .data import SIDE, scenes
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
    """``batch`` random crops with random flips, float [batch, 3, CROP, CROP]."""
    out = np.empty((batch, CROP, CROP, 3), np.uint8)
    for i in range(batch):
        y, x = generator.integers(0, SIDE - CROP + 1, 2)
        crop = pictures[generator.integers(len(pictures)), y : y + CROP, x : x + CROP]
        out[i] = crop[:, ::-1] if generator.random() < 0.5 else crop
    return to_pixels(torch.from_numpy(out))


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """L1 distance of horizontal and vertical differences."""
    d = a - b
    return (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()


def train_vae(config: VaeConfig, run: Path, steps: int, batch: int, beta: float, rate: float, scene_count: int, bf16: bool, device: str = "cpu") -> Vae:
    """Trains the autoencoder and returns its EMA weights. ``beta`` is reached after 15 % of the steps."""
    pictures, _ = scenes("train", scene_count)
    held, _ = scenes("validation", 128)
    check = torch.from_numpy(np.ascontiguousarray(held[:48]))
    torch.manual_seed(0)
    vae = Vae(config).to(device)

    def loss(module: Vae, step: int) -> Losses:
        x = crops(pictures, batch, np.random.default_rng((7, step))).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            mean, log_var = module.moments(x)
        mean, log_var = mean.float(), log_var.float()
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            y = module.decode_raw(z)
        y = y.float()
        kl = kl_per_element(mean, log_var).sum() / x.numel()
        l1, mse, grad = (y - x).abs().mean(), (y - x).square().mean(), gradient_l1(y, x)
        weight = beta * min(1.0, 0.05 + step / (0.15 * steps))
        return {"total": l1 + 2 * mse + 0.5 * grad + weight * kl, "l1": l1, "mse": mse, "kl": kl}

    def report(module: Vae) -> dict[str, float]:
        return evaluate(module, check, device)

    return train(vae, "vae", run, Schedule(steps, rate, checkpoint_minutes=4), loss, report, report_every=500)


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
