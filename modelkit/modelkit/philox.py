"""Counter-based noise: Philox-4x32-10 (Salmon et al. 2011, Random123) in int64 arithmetic, and Gaussians from it.

Key: the 64-bit seed, low word first. Counter: (patch raster index, channel // 4, purpose, solver step). So a draw
depends on nothing but its own coordinates: not on the batch, the round or the device. The functions can be scripted.
"""

import math

import torch
from torch import Tensor

FLOW_NOISE = 0
SOLVER_NOISE = 1
ORDER_SHUFFLE = 2
CATEGORICAL = 3
GUMBEL = 4


def philox_rows(seeds: Tensor, counters: Tensor) -> Tensor:
    """Ten rounds of Philox-4x32 per row: seeds int64 [M] (their 64 bits), counters int64 [M, 4] -> words int64 [M, 4].

    Words are in 0..2^32-1. Products wrap modulo 2^64 in int64, which leaves both of their 32-bit halves intact.
    """
    mask = 0xFFFFFFFF
    key0, key1 = seeds & mask, (seeds >> 32) & mask
    c0, c1, c2, c3 = counters.unbind(1)
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = ((p1 >> 32) & mask) ^ c1 ^ key0, p1 & mask, ((p0 >> 32) & mask) ^ c3 ^ key1, p0 & mask
        key0, key1 = (key0 + 0x9E3779B9) & mask, (key1 + 0xBB67AE85) & mask
    return torch.stack([c0, c1, c2, c3], 1)


def philox(seed: int, counters: Tensor) -> Tensor:
    """Philox-4x32-10 under one key: counters int64 [M, 4] -> words int64 [M, 4]."""
    return philox_rows(torch.full([counters.shape[0]], seed, dtype=torch.int64, device=counters.device), counters)


def uniform(words: Tensor) -> Tensor:
    """Words int64 -> float64 in (0, 1): (w + 0.5) 2^-32."""
    return (words.double() + 0.5) * 2.0**-32


def gaussian_rows(seeds: Tensor, patches: Tensor, channels: int, purpose: int, step: int) -> Tensor:
    """Standard normal draws float32 [M, channels] for rows with own seeds int64 [M] and patches int64 [M] (raster).

    Box-Muller in float64 on the word pairs (0, 1) and (2, 3), cosine then sine; cast last.
    """
    count, blocks = patches.shape[0], (channels + 3) // 4
    block = torch.arange(blocks, device=patches.device)
    place = patches.unsqueeze(1).expand(count, blocks)
    counters = torch.stack(
        [place, block.expand(count, blocks), torch.full_like(place, purpose), torch.full_like(place, step)], 2
    )
    u = uniform(philox_rows(seeds.repeat_interleave(blocks), counters.reshape(-1, 4))).reshape(-1, 2, 2)
    radius, angle = torch.sqrt(-2.0 * torch.log(u[:, :, 0])), (2.0 * math.pi) * u[:, :, 1]
    draws = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 2)
    return draws.reshape(count, blocks * 4)[:, :channels].float()


def gaussian(seed: int, patches: Tensor, channels: int, purpose: int, step: int) -> Tensor:
    """Standard normal draws float32 [M, channels] of one seed for patches int64 [M] (raster indices)."""
    seeds = torch.full([patches.shape[0]], seed, dtype=torch.int64, device=patches.device)
    return gaussian_rows(seeds, patches, channels, purpose, step)


def shuffle(seed: int, count: int) -> list[int]:
    """Fisher-Yates permutation of 0..count-1: for i = count-1..1 swap i, floor(u (i+1)); u of counter (i, 0, 2, 0)."""
    counters = torch.zeros(count, 4, dtype=torch.int64)
    counters[:, 0] = torch.arange(count)
    counters[:, 2] = ORDER_SHUFFLE
    draws = uniform(philox(seed, counters)[:, 0]).tolist()
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = math.floor(draws[i] * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order
