"""The plain sampler: one picture at a time, straight from the equations. Everything else is measured against it.

It runs the training modules with indices in raster order and saves no work: the transformer sees every patch in every
layer, and the unconditional branch is a second pass where the equations say so.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from .detail import detailed
from .madit import MaditModel
from .philox import FLOW_NOISE, gaussian
from .reveal import RevealPlan, Round
from .tokenizer import unpatchify


@dataclass(frozen=True)
class Request:
    """ids int64 [L] (-1 = missing), text embeddings float32 [S, E] (S may be 0), and what fixes the draw."""

    ids: Tensor
    text: Tensor
    plan: RevealPlan
    seed: int
    noise_scale: float = 1.0
    regression_only: bool = False


@torch.no_grad()
def sample(model: MaditModel, request: Request) -> Tensor:
    """Draws one picture: scaled latents float32 [C, h, w]."""
    condition = model.condition(request.ids[None], request.text[None])
    order = torch.tensor(request.plan.order)
    canvas = torch.zeros(len(order), model.madit.patch_dim)
    for one in request.plan.rounds:
        hidden = order[one.begin : one.end]
        noise = gaussian(request.seed, hidden, model.madit.patch_dim, FLOW_NOISE, 0) * request.noise_scale
        canvas[hidden] = predict(model, condition, canvas, order, one, noise, request.regression_only)
    return to_latents(model, canvas)


def predict(
    model: MaditModel,
    condition: Tensor,
    canvas: Tensor,
    order: Tensor,
    one: Round,
    noise: Tensor,
    regression_only: bool,
) -> Tensor:
    """The patches [end - begin, P] of one round, from condition [1, C, D] and canvas [N, P] in raster order."""
    madit, config = model.madit, model.config
    visible, hidden = order[: one.begin], order[one.begin : one.end]
    c = madit(condition, canvas[visible][None], visible[None])[0, hidden]
    h = madit.coarse(c)
    if regression_only:
        return h
    c_uncond = c
    if one.guidance != 1 and config.guidance_placement == "buffer":
        c_uncond = madit(model.unconditional(condition), canvas[visible][None], visible[None])[0, hidden]
    elif one.guidance != 1:
        c_uncond = madit.uncond_c.expand_as(c)
    h_uncond = madit.coarse(c_uncond)
    x = _integrate(model, noise, h, c, h_uncond, c_uncond, one.guidance, one.flow_steps)
    if one.boost_fraction > 0:
        boosted = _integrate(model, noise, h, c, h_uncond, c_uncond, one.guidance, one.boosted_steps)
        x = torch.where(detailed(c, one.boost_fraction).unsqueeze(1), boosted, x)
    return x + h if config.flow_target == "residual" else x


def _integrate(
    model: MaditModel, x: Tensor, h: Tensor, c: Tensor, h_uncond: Tensor, c_uncond: Tensor, guidance: float, steps: int
) -> Tensor:
    """Euler's method from the noise x [M, P] at time 1 to time 0."""
    for now, following in pairwise(flow_times(steps, model.config.time_shift)):
        t = now.float().expand(len(x))
        v = model.madit.flow(x, h, c, t)
        if guidance != 1:
            v = guidance * v + (1 - guidance) * model.madit.flow(x, h_uncond, c_uncond, t)
        x = x - float(now - following) * v
    return x


def flow_times(steps: int, shift: float) -> Tensor:
    """The solver's grid float64 [steps + 1] from 1 to 0: s t / (1 + (s - 1) t) at t = 1 - i / steps."""
    t = 1 - torch.arange(steps + 1, dtype=torch.float64) / steps
    return shift * t / (1 + (shift - 1) * t)


def to_latents(model: MaditModel, canvas: Tensor) -> Tensor:
    """Patches [N, P] in raster order -> scaled latents [C, h, w]."""
    return unpatchify(canvas[None], model.config.tokenizer.patch, model.config.grid)[0]


@torch.no_grad()
def to_rgb(model: MaditModel, latents: Tensor) -> Tensor:
    """Scaled latents [C, h, w] -> uint8 [H, W, 3]: decode, clamp to [-1, 1], round((x + 1) 127.5)."""
    pixels = model.vae.decode(latents[None])[0].clamp(-1, 1)
    return ((pixels + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)


@torch.no_grad()
def read_out(model: MaditModel, ids: Tensor) -> Tensor:
    """The tokenizer's first guess of the patches, float32 [N, P] in raster order; zeros where ids int64 [N] are -1."""
    _, patches = model.tokenizer.readout(model.tokenizer.lookup(ids[None]), model.config.grid)
    return patches[0] * (ids >= 0).unsqueeze(-1)
