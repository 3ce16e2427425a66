"""Picture metrics on uint8 or [0, 255] float pictures, channels last."""

import torch
import torch.nn.functional as F
from torch import Tensor


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each pair, [B, H, W, 3] in 0..255 -> [B]."""
    mse = (a.float() - b.float()).square().flatten(1).mean(1)
    return 10 * torch.log10(255.0**2 / mse.clamp_min(1e-8))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity on luma with an 11x11 Gaussian window (Wang et al. 2004), [B, H, W, 3] -> [B]."""
    weights = torch.tensor([0.299, 0.587, 0.114])
    x, y = ((p.float() @ weights).unsqueeze(1) for p in (a, b))
    taps = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    taps = taps / taps.sum()
    window = (taps[:, None] * taps[None])[None, None]

    def blur(p: Tensor) -> Tensor:
        return F.conv2d(p, window)

    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return score.flatten(1).mean(1)


def spearman(a: Tensor, b: Tensor) -> float:
    """Rank correlation of two vectors; tied values share their mean rank."""
    ra, rb = _ranks(a), _ranks(b)
    ra, rb = ra - ra.mean(), rb - rb.mean()
    return float((ra * rb).sum() / (ra.norm() * rb.norm()).clamp_min(1e-12))


def _ranks(values: Tensor) -> Tensor:
    _, inverse, counts = torch.unique(values.double(), return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    return (last - (counts.double() - 1) / 2)[inverse]


def patch_std(pictures: Tensor, side: int) -> Tensor:
    """Standard deviation of the pixels of each ``side`` x ``side`` patch, [B, H, W, 3] -> [B, N] in raster order."""
    b, h, w, c = pictures.shape
    blocks = pictures.float().reshape(b, h // side, side, w // side, side, c).permute(0, 1, 3, 2, 4, 5)
    return blocks.reshape(b, -1, side * side, c).std(dim=2).mean(-1)


def gradient_energy(pictures: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels of each picture, [B, H, W, 3] in 0..255 -> [B]."""
    p = pictures.float()
    return (p[:, 1:] - p[:, :-1]).square().flatten(1).mean(1) + (p[:, :, 1:] - p[:, :, :-1]).square().flatten(1).mean(1)
