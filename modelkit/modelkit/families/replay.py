"""A recorded case through the served module: one request per sample, recorded draws, the plan a server would make."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ..reveal import guidance_at
from .masked_sampler import MaskedSampling, masked_counts


@dataclass(frozen=True)
class ReplayPlan:
    """``order`` int64 [N] in reveal order, inside a round by raster index; ``edges``: begin of each round, and N."""

    order: Tensor
    edges: tuple[int, ...]
    guidance: tuple[float, ...]

    @property
    def rounds(self) -> int:
        return len(self.guidance)


def replay_plan(authors_order: Tensor, sampling: MaskedSampling) -> ReplayPlan:
    """The plan that reveals what the authors' code does: from the end of its order. Rounds that reveal nothing are left
    out.
    """
    patches = len(authors_order)
    counts = masked_counts(patches, sampling.rounds)
    rounds = [(before, after) for before, after in pairwise(counts) if before > after]
    edges = tuple(patches - after for after in [patches, *(after for _, after in rounds)])
    reveal = authors_order.flip(0)
    order = torch.cat([reveal[begin:end].sort().values for begin, end in pairwise(edges)])
    guidance = [guidance_at(sampling.schedule, sampling.guidance, patches, after) for _, after in rounds]
    return ReplayPlan(order, edges, tuple(guidance))


def replay(
    script: torch.nn.Module,
    condition: Tensor,
    plan: ReplayPlan,
    steps: int,
    temperature: float,
    noise: Sequence[Tensor],
) -> Tensor:
    """Runs all rounds of one request: latents [C, h, w]. ``noise``: per round [revealed, draws, P]."""
    order = plan.order
    canvas = script.canvas(torch.empty(0, dtype=torch.int64), order)
    for k in range(plan.rounds):
        budget = torch.tensor([[plan.edges[k], plan.edges[k + 1], steps, steps, 0, 0]])
        scales = torch.tensor([[plan.guidance[k], 0.0, temperature, 1.0]], dtype=torch.float64)
        script.round_with_noise([condition], [canvas], [order], budget, scales, noise[k])
    return script.latents(canvas, order)


def sample_noise(draws: Sequence[Tensor], plan: ReplayPlan, sample: int, per_round: int) -> list[Tensor]:
    """The rows of one sample in recorded draws, ``per_round`` of them in each round: [revealed, per_round, P] each.

    A draw [n, P] or [2 n, P] holds the samples one after another, each with its revealed patches by raster index.
    """
    noise = []
    for k, (begin, end) in enumerate(pairwise(plan.edges)):
        rows = slice(sample * (end - begin), (sample + 1) * (end - begin))
        noise.append(torch.stack([draw[rows] for draw in draws[k * per_round : (k + 1) * per_round]], 1))
    return noise
