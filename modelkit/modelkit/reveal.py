"""Reveal plans: which patches each round predicts, with which flow-step budget and guidance scale.

A plan is fixed before round 0. Canvases are stored in reveal order, so a round predicts the range begin..end of the
order and what is visible to it is the prefix 0..begin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from .gtr import GtrOptions, GtrSettings, gtr_counts, gtr_flow_steps, gtr_order, gtr_settings
from .halton import halton_order
from .madit import MaditModel, SamplingDefaults
from .philox import shuffle


@dataclass(frozen=True)
class Round:
    """Predicts ``order[begin:end]`` in ``flow_steps`` solver steps under the guidance scale ``guidance``.

    The share ``boost_fraction`` of these patches, those with most detail, gets ``boosted_steps``; 0 is none.
    """

    begin: int
    end: int
    flow_steps: int
    guidance: float
    boosted_steps: int = 0
    boost_fraction: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end:
            raise ValueError(f"round range must not be empty, is {self.begin}..{self.end}")
        if self.flow_steps < 1:
            raise ValueError(f"flow_steps must be at least 1, is {self.flow_steps}")
        if not 0 <= self.boost_fraction <= 1:
            raise ValueError(f"boost_fraction must be within 0 and 1, is {self.boost_fraction}")
        if self.boost_fraction > 0 and self.boosted_steps < self.flow_steps:
            raise ValueError(f"boosted_steps must be at least flow_steps {self.flow_steps}, is {self.boosted_steps}")


@dataclass(frozen=True)
class RevealPlan:
    """``order``: a permutation of the raster indices; ``rounds`` cover it without a gap."""

    order: tuple[int, ...]
    rounds: tuple[Round, ...]

    def __post_init__(self) -> None:
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError("order must be a permutation of 0..N-1")
        edges = [0, *(r.end for r in self.rounds)]
        if [r.begin for r in self.rounds] != edges[:-1] or edges[-1] != len(self.order):
            raise ValueError("rounds must cover the order without gap or overlap")


def kl_order(codeword_kl: Tensor, ids: Tensor) -> list[int]:
    """Raster indices by ascending KL of their codeword; ties by raster index; slots without an id (-1) come last."""
    kl = torch.where(ids >= 0, codeword_kl[ids.clamp_min(0)], torch.inf)
    return torch.argsort(kl, stable=True).tolist()


def reveal_order(
    sampling: SamplingDefaults,
    grid: tuple[int, int],
    seed: int,
    codeword_kl: Tensor | None = None,
    ids: Tensor | None = None,
) -> list[int]:
    """The order that ``sampling`` names on ``grid`` (rows, columns).

    ``kl`` needs ``codeword_kl`` [codebook] and ``ids`` int64 [N]; ``random`` is a shuffle keyed by the seed, and orders the
    stages of ``gtr`` inside where there are no ids.
    """
    name, patches = sampling.reveal_order, grid[0] * grid[1]
    if name == "random":
        return shuffle(seed, patches)
    if name == "raster":
        return list(range(patches))
    if name == "halton":
        return halton_order(*grid)
    if name not in ("kl", "gtr"):
        raise ValueError(f"unknown reveal order {name!r}")
    known = codeword_kl is not None and ids is not None
    if name == "gtr":
        inside = kl_order(codeword_kl, ids) if known else shuffle(seed, patches)
        return gtr_order(*grid, _gtr(sampling, grid).stages, inside)
    if not known:
        raise ValueError("the reveal order kl needs ids")
    return kl_order(codeword_kl, ids)


def _gtr(sampling: SamplingDefaults, grid: tuple[int, int]) -> GtrSettings:
    return gtr_settings(sampling.gtr or GtrOptions(), *grid, sampling.rounds, sampling.flow_steps)


def masked_counts(schedule: str, patches: int, rounds: int) -> list[int]:
    """Masked patches before each round and, last, after the end: N = masked_0 > masked_1 > ... > masked_K = 0.

    ``cosine``: floor(N cos(pi/2 (k+1)/K)); ``linear``: floor(N (1 - (k+1)/K)), in integers; both clamped so that every
    round predicts at least one patch. More rounds than patches give N rounds of one patch.
    """
    rounds = min(rounds, patches)
    counts = [patches]
    for k in range(rounds - 1):
        if schedule == "cosine":
            left = math.floor(patches * math.cos(math.pi / 2 * (k + 1) / rounds))
        elif schedule == "linear":
            left = patches * (rounds - k - 1) // rounds
        else:
            raise ValueError(f"unknown reveal schedule {schedule!r}")
        counts.append(max(1, min(left, counts[-1] - 1)))
    return [*counts, 0]


def guidance_at(schedule: str, scale: float, patches: int, masked_after: int) -> float:
    """``constant``: w; ``linear``: 1 + (w - 1) (N - max(1, masked after the round)) / N, which never reaches w."""
    if schedule == "constant":
        return scale
    if schedule == "linear":
        return 1 + (scale - 1) * (patches - max(1, masked_after)) / patches
    raise ValueError(f"unknown guidance schedule {schedule!r}")


def compile_plan(order: Sequence[int], sampling: SamplingDefaults, grid: tuple[int, int] | None = None) -> RevealPlan:
    """The plan that reveals ``order`` by the schedules named in ``sampling``; ``gtr`` needs the grid (rows, columns).

    Detailed patches get more steps in the reconstruction stage of ``gtr``, in every round of another order.
    """
    patches, boosts = len(order), sampling.frequency_steps
    if sampling.reveal_order == "gtr":
        if grid is None:
            raise ValueError("the reveal order gtr needs the grid")
        settings = _gtr(sampling, grid)
        generation, reconstruction = gtr_counts(*grid, settings, sampling.rounds)
        counts, first_boosted = generation + reconstruction, len(generation)
        steps = gtr_flow_steps(settings, len(generation), len(reconstruction))
    else:
        masked = masked_counts(sampling.reveal_schedule, patches, sampling.rounds)
        counts, first_boosted = [before - after for before, after in pairwise(masked)], 0
        steps = [sampling.flow_steps] * len(counts)
    rounds, begin = [], 0
    for k, count in enumerate(counts):
        end = begin + count
        guidance = guidance_at(sampling.guidance_schedule, sampling.guidance_scale, patches, patches - end)
        one = Round(begin, end, steps[k], guidance)
        if boosts and k >= first_boosted:
            one = replace(one, boosted_steps=boosts.boosted_flow_steps, boost_fraction=boosts.fraction)
        rounds.append(one)
        begin = end
    return RevealPlan(tuple(order), tuple(rounds))


def user_plan(
    order: Sequence[int], counts: Sequence[int], flow_steps: Sequence[int], guidance: Sequence[float]
) -> RevealPlan:
    """A plan given round by round: patches revealed, solver steps, guidance scale."""
    if not len(counts) == len(flow_steps) == len(guidance):
        raise ValueError("counts, flow_steps and guidance must have one entry per round")
    ends = [sum(counts[: k + 1]) for k in range(len(counts))]
    rounds = [Round(e - c, e, t, w) for e, c, t, w in zip(ends, counts, flow_steps, guidance)]
    return RevealPlan(tuple(order), tuple(rounds))


def plan_for(model: MaditModel, ids: Tensor, sampling: SamplingDefaults, seed: int) -> RevealPlan:
    """The plan of one request: ids int64 [L] (-1 = missing)."""
    grid = (model.config.grid, model.config.grid)
    return compile_plan(reveal_order(sampling, grid, seed, model.tokenizer.codeword_kl, ids), sampling, grid)
