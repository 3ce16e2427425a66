"""One round of the VQ variant: guided logits to ids, of which the least certain are masked again.

B samples, N tokens, V codewords. ``ratio`` is the share of rounds that will be done after this one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..weights import ConversionError

DECAYS = ("cosine", "flippedcosine", "linear", "none")
SCHEDULES = ("arccos", "cosine", "linear", "root", "square")


@dataclass(frozen=True)
class VqSampling:
    """Settings of a run.

    ``guidance``: weight of cond - uncond in the last round; 0 with decay ``none`` leaves the unconditional half out.
    ``temperature``: of the noise in the first round. ``anneal_softmax``: whether logits have a temperature of their own.
    ``noisy_order``: whether noise decides with the logits which tokens stay.
    """

    rounds: int = 16
    guidance: float = 12.0
    decay: str = "cosine"
    decay_power: float = 1.0
    temperature: float = 1.5
    anneal_softmax: bool = True
    noisy_order: bool = True


def vq_sampling(sample: Mapping[str, Any]) -> VqSampling:
    """From the authors' sampling arguments, with their defaults."""
    default = VqSampling()
    settings = VqSampling(
        rounds=int(sample.get("num_sample_steps", default.rounds)),
        guidance=float(sample.get("guidance_scale", default.guidance)),
        decay=str(sample.get("guidance_decay", default.decay)),
        decay_power=float(sample.get("guidance_decay_scale_pow", default.decay_power)),
        temperature=float(sample.get("randomize_temperature", default.temperature)),
        anneal_softmax=bool(sample.get("softmax_temperature_annealing", default.anneal_softmax)),
        noisy_order=bool(sample.get("prob_sorting", default.noisy_order)),
    )
    if settings.rounds < 1:
        raise ConversionError(f"sample.num_sample_steps must be at least 1, is {settings.rounds}")
    if settings.decay not in DECAYS:
        raise ConversionError(f"sample.guidance_decay must be one of {', '.join(DECAYS)}, is {settings.decay}")
    return settings


def guidance_weight(guidance: float, decay: str, power: float, ratio: float) -> float:
    """Weight of cond - uncond, which is added to cond: the usual guidance scale is one more. Can be scripted."""
    if decay == "none":
        return guidance
    share = ratio
    if decay == "cosine":
        share = 0.5 - 0.5 * math.cos(ratio**power * math.pi)
    elif decay == "flippedcosine":
        share = 0.5 * math.cos(ratio**power * math.pi)
    return (guidance - 1.0) * share + 1.0


def masked_after(schedule: str, tokens: int, ratio: float, masked: int) -> int:
    """Tokens that stay masked after a round that began with ``masked``; the rule is computed in float32.

    Before the last round at least one token stays masked, and at least one does not.
    """
    r = torch.tensor(ratio)
    share = {
        "arccos": lambda: torch.acos(r) / (math.pi * 0.5),
        "cosine": lambda: torch.cos(r * math.pi * 0.5),
        "linear": lambda: 1 - r,
        "root": lambda: 1 - r**0.5,
        "square": lambda: 1 - r**2,
    }
    if schedule not in share:
        raise ConversionError(f"mask_schedule_strategy must be one of {', '.join(SCHEDULES)}, is {schedule}")
    return max(1, min(masked - 1, int(torch.floor(tokens * share[schedule]()))))


def masked_counts(schedule: str, tokens: int, rounds: int) -> list[int]:
    """Masked tokens before each round and, last, 0."""
    counts = [tokens]
    for k in range(rounds - 1):
        counts.append(masked_after(schedule, tokens, (k + 1) / rounds, counts[-1]))
    return [*counts, 0]


def softmax_temperature(anneal: bool, temperature: float, ratio: float) -> float:
    """What logits are divided by. Can be scripted."""
    return 0.5 + 0.8 * (1.0 - ratio) if anneal else temperature * (1.0 - ratio)


def gumbel_of(uniforms: Tensor) -> Tensor:
    """Gumbel noise of uniform numbers, with the authors' guard against logarithms of zero."""
    return -torch.log((-torch.log(uniforms.clamp_min(1e-20))).clamp_min(1e-20))
