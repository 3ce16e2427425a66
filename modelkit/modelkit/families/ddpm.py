"""Denoising diffusion as MAR samples it: cosine schedule, predicted noise, learned variance, fewer steps than trained.

A network's output is [M, 2 C]: the noise eps, and the place of the variance between its two bounds.
"""

import math

import torch
from torch import Tensor, nn

from .adaln_mlp import AdaLnMlp

TRAINED_STEPS = 1000
LARGEST_BETA = 0.999


def chosen_steps(sections: list[int], trained: int = TRAINED_STEPS) -> Tensor:
    """The trained steps that are kept, ascending, int64: the range is cut into sections, ``sections`` steps in each.

    One section of T steps: round(i 999 / (T - 1)), summed up as the authors do it, halves to even.
    """
    kept: list[Tensor] = []
    start = 0
    for index in range(len(sections)):
        size = trained // len(sections) + (1 if index < trained % len(sections) else 0)
        count = sections[index]
        if count < 1 or count > size:
            raise ValueError("steps of a section must be at least 1 and not exceed the trained ones")
        stride = 1.0 if count == 1 else float(size - 1) / float(count - 1)
        place = 0.0
        places: list[float] = []
        for _ in range(count):
            places.append(place)
            place += stride
        kept.append(start + torch.tensor(places, dtype=torch.float64).round().long())
        start += size
    return torch.unique(torch.cat(kept))


def cosine_alphas() -> Tensor:
    """Signal power left after each trained step, float64 [1000]; a step's beta is at most 0.999."""

    def power(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    steps = TRAINED_STEPS
    betas = [min(1 - power((i + 1) / steps) / power(i / steps), LARGEST_BETA) for i in range(steps)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)


def ddpm_table(alphas: Tensor, sections: list[int]) -> Tensor:
    """What a step needs, float64 [T, 8], first step of the sampler (the noisiest) first. ``alphas``: the trained ones.

    Columns: time for the network; 1 / sqrt(a) and sqrt(1 / a - 1) (x_0 from eps); weights of x_0 and x in the mean;
    smallest and largest log-variance; 1 where noise is added, 0 in the last step.
    """
    times = chosen_steps(sections)
    alpha = alphas.cpu()[times]
    before = torch.cat([torch.ones(1, dtype=torch.float64), alpha[:-1]])
    beta = 1 - alpha / before
    variance = beta * (1 - before) / (1 - alpha)
    variance[0] = variance[1] if times.shape[0] > 1 else beta[0]  # the true one is 0, and has no logarithm
    mean_x0 = beta * before.sqrt() / (1 - alpha)
    mean_x = (1 - before) * (1 - beta).sqrt() / (1 - alpha)
    noisy = torch.ones_like(alpha)
    noisy[0] = 0.0
    columns = [times.double(), (1 / alpha).sqrt(), (1 / alpha - 1).sqrt(), mean_x0, mean_x]
    columns += [variance.log(), beta.log(), noisy]
    return torch.stack(columns, 1).flip(0)


def ddpm_step(x: Tensor, output: Tensor, row: list[float], guidance: Tensor, noise: Tensor) -> Tensor:
    """The next, less noisy x [M, C], from the network's ``output`` [M or 2 M, 2 C], unconditional rows last.

    ``row``: of the table; guidance [M, 1]; noise [M, C], temperature included. Only eps is guided; the variance is the
    conditional one.
    """
    _, recip, recip_minus, mean_x0, mean_x, log_small, log_large, noisy = row
    rows, channels = x.shape
    eps, place = output[:rows, :channels], output[:rows, channels:]
    if output.shape[0] > rows:
        uncond = output[rows:, :channels]
        eps = uncond + guidance * (eps - uncond)
    x0 = recip * x - recip_minus * eps
    mean = mean_x0 * x0 + mean_x * x
    share = (place + 1) / 2
    log_variance = share * log_large + (1 - share) * log_small
    return mean + noisy * torch.exp(0.5 * log_variance) * noise


class DdpmHead(nn.Module):
    """The network under the authors' key names, and the trained noise schedule."""

    def __init__(self, channels: int, context: int, width: int, depth: int) -> None:
        super().__init__()
        self.net = AdaLnMlp(channels, context, width, depth, 2 * channels)
        self.register_buffer("alphas", cosine_alphas(), persistent=False)

    def output(self, x: Tensor, context: Tensor, time: float) -> Tensor:
        """Network output [M or 2 M, 2 C]; with twice as many contexts as rows, x is used twice."""
        if len(context) > len(x):
            x = torch.cat([x, x])
        return self.net(x, torch.full([len(x)], time), context)
