"""How many ids a round keeps, how sure it must be of them, and the settings of a run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..weights import ConversionError

SCHEDULES = ("arccos", "cosine", "linear", "root", "square")
RANDOMNESS = ("linear", "warm_up", "random", "no")
ALL_ROUNDS = 1 << 30


@dataclass(frozen=True)
class MaskGilSampling:
    """Settings of a run.

    ``guidance``: w, the weight s of cond - uncond in the last round; 0 leaves the unconditional half out.
    ``temperature`` multiplies logits. ``choice_temperature``: of the noise in the first round. ``randomize``: what the
    certainty is made of. ``counts``: ids per round in place of ``rounds`` and ``schedule``.
    """

    rounds: int = 12
    guidance: float = 3.0
    temperature: float = 1.0
    choice_temperature: float = 4.5
    schedule: str = "arccos"
    randomize: str = "linear"
    counts: tuple[int, ...] = ()

    @property
    def random_rounds(self) -> int:
        """Rounds, from the first, in which chance alone decides what is kept."""
        return {"random": ALL_ROUNDS, "warm_up": 2}.get(self.randomize, 0)

    @property
    def noisy(self) -> bool:
        """Whether certainty has noise that falls over the rounds."""
        return self.randomize == "linear"

    def planned(self, tokens: int) -> list[int]:
        """Ids per round as scheduled for ``tokens`` missing ones."""
        return list(self.counts) or scheduled_counts(self.schedule, tokens, self.rounds)


def maskgil_sampling(sample: Mapping[str, Any]) -> MaskGilSampling:
    """From the authors' sampling arguments, with their defaults; raises :class:`ConversionError` naming the field."""
    mode = sample.get("sched_mode", "arccos")
    counts: tuple[int, ...] = ()
    if not isinstance(mode, str):
        counts, mode = _counts(mode), "arccos"
    settings = MaskGilSampling(
        rounds=int(sample.get("step", 12)),
        guidance=float(sample.get("w", 3)),
        temperature=float(sample.get("sm_temp", 1)),
        choice_temperature=float(sample.get("r_temp", 4.5)),
        schedule=mode,
        randomize=str(sample.get("randomize", "linear")),
        counts=counts,
    )
    if settings.rounds < 1:
        raise ConversionError(f"sample.step must be at least 1, is {settings.rounds}")
    if settings.temperature <= 0:
        raise ConversionError(f"sample.sm_temp must be above 0, is {settings.temperature}")
    if mode not in SCHEDULES:
        raise ConversionError(f"sample.sched_mode must be one of {', '.join(SCHEDULES)}, is {mode}")
    if settings.randomize not in RANDOMNESS:
        raise ConversionError(f"sample.randomize must be one of {', '.join(RANDOMNESS)}, is {settings.randomize}")
    return settings


def _counts(given: Any) -> tuple[int, ...]:
    if not isinstance(given, Sequence) or not given or not all(isinstance(n, int) and n > 0 for n in given):
        raise ConversionError(f"sample.sched_mode must be a name or positive counts, is {given!r}")
    return tuple(given)


def scheduled_counts(schedule: str, tokens: int, rounds: int) -> list[int]:
    """Ids per round in proportion to v(r), r from 1 to 0; rounded, at least one, the rest in the last. In float32.

    The last one may be below 1 where the others have used up all tokens; see :func:`reveal_counts`.
    """
    if rounds == 1:
        return [tokens]
    r = torch.linspace(1, 0, rounds)
    shares = {
        "root": 1 - r**0.5,
        "linear": 1 - r,
        "square": 1 - r**2,
        "cosine": torch.cos(r * math.pi * 0.5),
        "arccos": torch.arccos(r) / (math.pi * 0.5),
    }
    counts = (shares[schedule] / shares[schedule].sum() * tokens).round().clamp_min(1)
    counts[-1] += tokens - counts.sum()
    return counts.int().tolist()


def reveal_counts(planned: Sequence[int], tokens: int) -> list[int]:
    """What is really revealed of ``tokens`` missing ids: never more than are left, and no round when none is."""
    counts: list[int] = []
    for count in planned:
        left = tokens - sum(counts)
        if left == 0:
            break
        counts.append(min(count, left))
    return counts


def progress(index: int, rounds: int) -> float:
    """Share of the way at round ``index``, from 0: of the guidance weight, and what noise has lost. Can be scripted."""
    return float(index) / float(rounds - 1) if rounds > 1 else 1.0
