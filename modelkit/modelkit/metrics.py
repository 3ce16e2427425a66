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


TILE = 64


def tile_features(pictures: Tensor) -> Tensor:
    """Features of the 64 x 64 tiles of pictures, [B, H, W, 3] in 0..255 -> float64 [B * tiles, 64].

    The extractor is fixed and needs no download: three 5 x 5 convolutions of stride 2 with ReLU and orthogonal weights
    drawn from seed 0 (16, 32 and 32 channels); the mean and the deviation of each of the last 32 channels over the tile.
    Random features compare textures and edges, not meanings; distances are comparable only with each other.
    """
    generator = torch.Generator().manual_seed(0)
    x = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
    x = x.unfold(2, TILE, TILE).unfold(3, TILE, TILE).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, TILE, TILE)
    for c_in, c_out in ((3, 16), (16, 32), (32, 32)):
        weight = torch.empty(c_out, c_in * 25)
        torch.nn.init.orthogonal_(weight, gain=1.7, generator=generator)
        x = F.relu(F.conv2d(x, weight.reshape(c_out, c_in, 5, 5), stride=2, padding=2))
    x = x.flatten(2).double()
    return torch.cat([x.mean(-1), x.std(-1)], -1)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Fréchet distance between Gaussians fitted to two feature sets [M, 64] (Heusel et al. 2017)."""
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    # tr sqrt(ca cb) = sum of the square roots of the eigenvalues of the product, which are real and not negative.
    roots = torch.linalg.eigvals(ca @ cb).real.clamp_min(0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * roots)
