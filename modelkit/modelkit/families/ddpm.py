"""Denoising diffusion as MAR samples it: cosine schedule, predicted noise, learned variance, fewer steps than trained.

A network's output is [M, 2 C]: the noise eps, and the place of the variance between its two bounds.
"""

import math

import torch
from torch import Tensor, nn

from .adaln_mlp import AdaLnMlp

TRAINED_STEPS = 1000
LARGEST_BETA = 0.999


def chosen_steps(sections: list[int], trained: int = TRAINED_STEPS) -> list[int]:
    """The trained steps that are kept, ascending: the trained range is cut into sections, ``sections`` steps in each.

    One section of T steps: round(i (trained - 1) / (T - 1)), summed up as the authors do it, halves to even.
    """
    kept, start = [], 0
    for index, count in enumerate(sections):
        size = trained // len(sections) + (1 if index < trained % len(sections) else 0)
        if not 1 <= count <= size:
            raise ValueError(f"steps of a section must be 1 to {size}, is {count}")
        stride = 1.0 if count == 1 else (size - 1) / (count - 1)
        place = 0.0
        for _ in range(count):
            kept.append(start + round(place))
            place += stride
        start += size
    return sorted(set(kept))


def cosine_alphas(trained: int = TRAINED_STEPS) -> Tensor:
    """Signal power left after each trained step, float64 [trained]; a step's beta is at most 0.999."""

    def power(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - power((i + 1) / trained) / power(i / trained), LARGEST_BETA) for i in range(trained)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)


def ddpm_table(sections: list[int]) -> Tensor:
    """What a step needs, float64 [T, 8], first step of the sampler (the noisiest) first.

    Columns: time for the network; 1 / sqrt(a) and sqrt(1 / a - 1) (x_0 from eps); weights of x_0 and x in the mean;
    smallest and largest log-variance; 1 where noise is added, 0 in the last step.
    """
    times = chosen_steps(sections)
    alpha = cosine_alphas()[times]
    before = torch.cat([torch.ones(1, dtype=torch.float64), alpha[:-1]])
    beta = 1 - alpha / before
    variance = beta * (1 - before) / (1 - alpha)
    variance[0] = variance[1] if len(times) > 1 else beta[0]  # the true one is 0, and has no logarithm
    mean_x0 = beta * before.sqrt() / (1 - alpha)
    mean_x = (1 - before) * (1 - beta).sqrt() / (1 - alpha)
    noisy = torch.ones_like(alpha)
    noisy[0] = 0.0
    time = torch.tensor(times, dtype=torch.float64)
    columns = [time, (1 / alpha).sqrt(), (1 / alpha - 1).sqrt(), mean_x0, mean_x, variance.log(), beta.log(), noisy]
    return torch.stack(columns, 1).flip(0)


class DdpmHead(nn.Module):
    """The network and one step of its sampler. Rows: x [M, C]; contexts [M + G, Z], the G unconditional ones last."""

    def __init__(self, channels: int, context: int, width: int, depth: int) -> None:
        super().__init__()
        self.channels = channels
        self.net = AdaLnMlp(channels, context, width, depth, 2 * channels)

    @torch.jit.export
    def output(self, x: Tensor, context: Tensor, time: float) -> Tensor:
        """Network output [M or 2 M, 2 C]; with twice as many contexts as rows, x is used twice."""
        if context.shape[0] > x.shape[0]:
            x = torch.cat([x, x])
        return self.net(x, torch.full([x.shape[0]], time, dtype=x.dtype, device=x.device), context)

    @torch.jit.export
    def step(self, x: Tensor, output: Tensor, row: list[float], guidance: Tensor, noise: Tensor) -> Tensor:
        """The next, less noisy x [M, C]. ``row``: of the table; guidance [M, 1]; noise [M, C], temperature included.

        Only eps is guided; the variance is the conditional one.
        """
        _, recip, recip_minus, mean_x0, mean_x, log_small, log_large, noisy = row
        rows = x.shape[0]
        eps, place = output[:rows, : self.channels], output[:rows, self.channels :]
        if output.shape[0] > rows:
            uncond = output[rows:, : self.channels]
            eps = uncond + guidance * (eps - uncond)
        x0 = recip * x - recip_minus * eps
        mean = mean_x0 * x0 + mean_x * x
        share = (place + 1) / 2
        log_variance = share * log_large + (1 - share) * log_small
        return mean + noisy * torch.exp(0.5 * log_variance) * noise
