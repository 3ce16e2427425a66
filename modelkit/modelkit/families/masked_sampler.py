"""The authors' sampling loop for masked encoder-decoders, plainly: all samples together, guidance as a second half batch.

Everything random comes from :class:`.draws.Draws`; intermediates of chosen rounds can be kept for comparison.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ..reveal import guidance_at
from .draws import Draws
from .masked import MaskedTransformer, unpatchify
from .weights import ConversionError


@dataclass(frozen=True)
class MaskedSampling:
    """Settings of a run. ``guidance`` 1 leaves the unconditional half out."""

    rounds: int
    guidance: float
    schedule: str
    temperature: float


def masked_sampling(sample: Mapping[str, Any]) -> MaskedSampling:
    """From the authors' sampling arguments, with their defaults."""
    settings = MaskedSampling(
        rounds=sample.get("num_iter", 64),
        guidance=float(sample.get("cfg", 1.0)),
        schedule=sample.get("cfg_schedule", "linear"),
        temperature=float(sample.get("temperature", 1.0)),
    )
    if settings.rounds < 1:
        raise ConversionError(f"sample.num_iter: must be at least 1, is {settings.rounds}")
    if settings.schedule not in ("linear", "constant"):
        raise ConversionError(f"sample.cfg_schedule: must be linear or constant, is {settings.schedule!r}")
    return settings


@dataclass
class Trace:
    """What a run computed, under the names of recorded cases; of rounds in ``captured`` the intermediates, too."""

    captured: set[int] = field(default_factory=set)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def round(self, index: int, **values: Tensor) -> None:
        if index in self.captured:
            self.tensors.update({f"round{index:03d}.{name}": value.clone() for name, value in values.items()})


@dataclass(frozen=True)
class HeadResult:
    """``sampled`` [n, P]; ``times`` [evaluations] at which the network ran and its ``first_output``."""

    sampled: Tensor
    times: Tensor
    first_output: Tensor


# (contexts of the revealed patches [n or 2 n, D], unconditional ones last; rows [n, 2]; guidance scale) -> patches
Head = Callable[[Tensor, Tensor, float], HeadResult]


def masked_counts(patches: int, rounds: int) -> list[int]:
    """Masked patches before each round and, last, 0. With more rounds than patches some rounds reveal nothing."""
    counts = [patches]
    for k in range(rounds - 1):
        left = math.floor(patches * math.cos(math.pi / 2 * (k + 1) / rounds))
        counts.append(max(1, min(left, counts[-1] - 1)))
    return [*counts, 0]


@torch.no_grad()
def sample(
    model: MaskedTransformer, condition: Tensor, settings: MaskedSampling, draws: Draws, head: Head, trace: Trace
) -> Tensor:
    """Draws B pictures: latents [B, C, h, w]. ``condition``: [B, D] (the same in every slot) or [B, S, D]."""
    config = model.masked
    samples, patches = len(condition), config.patches
    orders = draws.orders(samples, patches)
    counts = masked_counts(patches, settings.rounds)
    guided = settings.guidance != 1
    if guided:
        nothing = model.fake_latent if condition.dim() == 2 else model.fake_latent.unsqueeze(1)
        condition = torch.cat([condition, nothing.expand_as(condition)])
    slots = condition if condition.dim() == 3 else condition.unsqueeze(1).expand(-1, config.slots, -1)
    tokens = torch.zeros(samples, patches, config.patch_dim)
    mask = torch.ones(samples, patches, dtype=torch.bool)
    scales, times = [], []
    for k in range(settings.rounds):
        after = counts[k + 1]
        following = torch.zeros_like(mask).scatter(1, orders[:, :after], True)
        revealed = mask ^ following
        scale = guidance_at(settings.schedule, settings.guidance, patches, after)
        both = [2, 1] if guided else [1, 1]
        tokens_in, mask_in = tokens.repeat(*both, 1), mask.repeat(both)
        encoded = model.encode(tokens_in, mask_in, slots)
        contexts = model.decode(encoded, mask_in)
        chosen = contexts[revealed.repeat(both)]
        result = head(chosen, revealed.nonzero(), scale)
        trace.round(
            k,
            mask_in=mask.to(torch.uint8),
            to_pred=revealed.to(torch.uint8),
            tokens_in=tokens_in,
            cond=condition,
            enc_out=encoded,
            z_all=contexts,
            z_pred=chosen,
            sampled=result.sampled,
            cfg_iter=torch.tensor(scale),
            ode_t=result.times,
            ode_v0=result.first_output,
        )
        tokens[revealed] = result.sampled
        mask = following
        scales.append(scale)
        times.append(len(result.times))
    latents = unpatchify(tokens, config)
    trace.tensors.update(
        orders=orders,
        reveal_counts=torch.tensor([before - after for before, after in pairwise(counts)]),
        cfg_iters=torch.tensor(scales),
        nfe_per_round=torch.tensor(times),
        final=latents,
    )
    return latents
