"""Where a reference sampler's random numbers come from: a recorded run of the authors' code, or our generator."""

from typing import Protocol

import torch
from torch import Tensor

from ..philox import FLOW_NOISE, GUMBEL, SOLVER_NOISE, gaussian_rows, philox_rows, shuffle, uniform
from .case import Case
from .weights import ConversionError


class Draws(Protocol):
    """``rows`` int64 [n, 2]: sample and place of each patch."""

    def orders(self, samples: int, places: int) -> Tensor:
        """A permutation per sample, int64 [samples, places]."""

    def flow_noise(self, rows: Tensor, channels: int) -> Tensor:
        """Standard normal [n, channels], what a round starts from."""

    def solver_noise(self, rows: Tensor, channels: int, step: int) -> Tensor:
        """Standard normal [n, channels], what a stochastic solver adds in a step."""

    def gumbel(self, samples: int, places: int, classes: int) -> Tensor:
        """Gumbel noise [samples, places, classes]."""


class RecordedDraws:
    """The draws of a case, in the order in which the authors' code made them. Later rows of a draw may not matter."""

    def __init__(self, case: Case) -> None:
        self._draws = case.draws
        self._kinds = [str(draw.get("kind", "")) for draw in case.config.get("draws", [])]
        self._next = 0

    @property
    def rest(self) -> list[Tensor]:
        """The draws that have not been taken yet."""
        return self._draws[self._next :]

    def _take(self, rows: int, *rest: int) -> Tensor:
        index = self._next
        self._next += 1
        if index >= len(self._draws):
            raise ConversionError(f"case.safetensors: draw {index} is needed, has {len(self._draws)}")
        draw = self._draws[index]
        if draw.shape[1:] != rest or len(draw) < rows:
            raise ConversionError(f"draw.{index:04d}: shape {list(draw.shape)}, must be {[rows, *rest]}")
        return draw[:rows]

    def orders(self, samples: int, places: int) -> Tensor:
        return torch.stack([self._take(places) for _ in range(samples)])

    def flow_noise(self, rows: Tensor, channels: int) -> Tensor:
        return self._take(len(rows), channels)

    def solver_noise(self, rows: Tensor, channels: int, step: int) -> Tensor:
        return self._take(len(rows), channels)

    def gumbel(self, samples: int, places: int, classes: int) -> Tensor:
        kind = self._kinds[self._next] if self._next < len(self._kinds) else ""
        draw = self._take(samples, places, classes)
        if "uniform" in kind or "rand" in kind:
            return -torch.log(-torch.log(draw))
        return -draw.log() if "exponential" in kind else draw


class SeededDraws:
    """Our own noise: what a served request with that seed draws. ``seeds``: one per sample."""

    def __init__(self, seeds: list[int]) -> None:
        self._seeds = torch.tensor(seeds, dtype=torch.int64)

    def orders(self, samples: int, places: int) -> Tensor:
        """The authors reveal from the end of their order, plans from the beginning: so this is a plan's, reversed."""
        return torch.tensor([shuffle(int(seed), places)[::-1] for seed in self._seeds])

    def flow_noise(self, rows: Tensor, channels: int) -> Tensor:
        return gaussian_rows(self._seeds[rows[:, 0]], rows[:, 1], channels, FLOW_NOISE, 0)

    def solver_noise(self, rows: Tensor, channels: int, step: int) -> Tensor:
        return gaussian_rows(self._seeds[rows[:, 0]], rows[:, 1], channels, SOLVER_NOISE, step)

    def gumbel(self, samples: int, places: int, classes: int) -> Tensor:
        return torch.stack([gumbel_noise(int(seed), places, classes) for seed in self._seeds])


def gumbel_noise(seed: int, places: int, classes: int) -> Tensor:
    """Gumbel noise float32 [places, classes] of one seed: -ln(-ln u), four classes per counter."""
    blocks = (classes + 3) // 4
    counters = torch.zeros(places, blocks, 4, dtype=torch.int64)
    counters[:, :, 0] = torch.arange(places).unsqueeze(1)
    counters[:, :, 1] = torch.arange(blocks)
    counters[:, :, 2] = GUMBEL
    words = philox_rows(torch.full([places * blocks], seed, dtype=torch.int64), counters.view(-1, 4))
    return -torch.log(-torch.log(uniform(words))).view(places, blocks * 4)[:, :classes].float()
