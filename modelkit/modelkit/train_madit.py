"""Stages 3 and 4: the decoder, first as a regression of masked patches, then with the rectified flow on top.

What is masked varies as at sampling time: the masked share follows the cosine schedule (so nearly complete canvases occur),
the visible patches are a random set or the flattest ones by codeword KL. Conditions are dropped at both places where the D
token can go, captions half of the time, and sometimes a suffix of the visual tokens.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .latents import LatentSet
from .madit import MaditModel
from .metrics import psnr
from .text import token_ids
from .tokenizer import patchify, unpatchify
from .train_vae import to_uint8
from .trainer import Losses, Schedule, train

CONDITION_DROPOUT = 0.1
CAPTION_DROPOUT = 0.5
SUFFIX_DROPOUT = 0.1


@dataclass(frozen=True)
class DecoderStage:
    """One stage: its schedule, batch size, and whether the flow is trained (``times`` draws of t for ``rows`` patches)."""

    name: str
    schedule: Schedule
    batch: int
    flow: bool
    rows: int = 48
    times: int = 2
    flow_weight: float = 0.3


@dataclass(frozen=True)
class DecoderData:
    """Training set of the decoder: target patches and weights of their errors [M, N, P], ids int64 [M, N], caption word ids per scene (none: no text)."""

    patches: Tensor
    weights: Tensor
    ids: Tensor
    words: list[list[int]]


@torch.no_grad()
def decoder_data(model: MaditModel, data: LatentSet) -> DecoderData:
    """Tokenizes an encoded set with the frozen tokenizer."""
    ids = torch.cat([model.tokenizer.encode(chunk) for chunk in data.latents.split(64)])
    words = []
    if model.config.text:
        words = [token_ids(caption, model.config.text.max_tokens) for caption in data.captions]
    patch = model.config.tokenizer.patch
    return DecoderData(patchify(data.latents, patch), patchify(data.weights, patch), ids, words)


def train_decoder(
    model: MaditModel,
    data: DecoderData,
    held: LatentSet,
    run: Path,
    stage: DecoderStage,
    bf16: bool,
    device: str = "cpu",
) -> None:
    """Runs one stage and leaves the EMA weights in ``model.madit``."""
    torch.manual_seed(2)
    model.to(device).requires_grad_(False)
    model.madit.requires_grad_(True)
    if not stage.flow:
        model.madit.flow.requires_grad_(False)
        model.madit.uncond_c.requires_grad_(False)

    def loss(madit: torch.nn.Module, step: int) -> Losses:
        torch.manual_seed(1000 + step)
        pick = torch.randint(len(data.ids), (stage.batch,))
        target = data.patches[pick].to(device)
        ids = _drop_suffix(data.ids[pick].to(device))
        captioned = bool(data.words) and float(torch.rand(())) >= CAPTION_DROPOUT
        words = [data.words[int(i)] for i in pick] if captioned else []
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            condition, known = _condition(model, madit, ids, words, device)
            order = _reveal_order(model, ids)
            masked = max(1, math.floor(ids.shape[1] * math.cos(math.pi / 2 * float(torch.rand(())))))
            places, hidden = order[:, : ids.shape[1] - masked], order[:, ids.shape[1] - masked :]
            c = _forward(madit, condition, known, _gather(target, places), places)
            c = _gather(c, hidden)
            coarse = madit.coarse(c).float()
        goal = _gather(target, hidden)
        weight = _gather(data.weights[pick].to(device), hidden)
        regression = (weight * (coarse - goal).square()).mean()
        if not stage.flow:
            return {"total": regression, "regression": regression}
        flow = _flow_loss(model, madit, c, coarse.detach(), goal, stage, bf16, device)
        return {"total": regression + stage.flow_weight * flow, "regression": regression, "flow": flow}

    def report(madit: torch.nn.Module) -> dict[str, float]:
        return {"psnr_one_pass": one_pass_psnr(model, madit, held, device)}

    average = train(model.madit, stage.name, run, stage.schedule, loss, report, report_every=100)
    model.madit.load_state_dict(average.state_dict())


def _drop_suffix(ids: Tensor) -> Tensor:
    batch, count = ids.shape
    first = torch.where(torch.rand(batch) < SUFFIX_DROPOUT, torch.randint(1, count, (batch,)), count)
    return torch.where(torch.arange(count)[None].to(ids.device) < first[:, None].to(ids.device), ids, -1)


def _condition(
    model: MaditModel, madit: torch.nn.Module, ids: Tensor, words: list[list[int]], device: str
) -> tuple[Tensor, Tensor | None]:
    """Slots [B, L + S, D] with dropout, and which of them are real (None: all)."""
    with torch.no_grad():
        codes = model.tokenizer.lookup(ids)
        features, _ = model.tokenizer.readout(codes, model.config.grid)
    condition, known = madit.visual_slots(codes, features, ids >= 0), None
    if words:
        longest = max(1, max(len(w) for w in words))
        padded = torch.tensor([w + [-1] * (longest - len(w)) for w in words], device=device)
        condition = torch.cat([condition, madit.text_slots(model.words[padded.clamp_min(0)])], 1)
        known = torch.cat([torch.ones_like(ids, dtype=torch.bool), padded >= 0], 1)
    dropped = torch.rand(len(ids), 1, 1, device=device) < CONDITION_DROPOUT
    return torch.where(dropped, madit.uncond, condition), known


def _reveal_order(model: MaditModel, ids: Tensor) -> Tensor:
    """Per picture a random order or (half of the time) the KL order with some noise, int64 [B, N]."""
    kl = model.tokenizer.codeword_kl[ids.clamp_min(0)]
    rank = kl.argsort(1).argsort(1).float() / kl.shape[1]
    noise = torch.rand_like(rank)
    by_kl = torch.rand(len(ids), 1, device=ids.device) < 0.5
    return torch.where(by_kl, rank + 0.1 * noise, noise).argsort(1)


def _gather(rows: Tensor, places: Tensor) -> Tensor:
    return rows.gather(1, places.unsqueeze(-1).expand(-1, -1, rows.shape[-1]))


def _forward(
    madit: torch.nn.Module, condition: Tensor, known: Tensor | None, visible: Tensor, places: Tensor
) -> Tensor:
    if known is None:
        return madit(condition, visible, places)
    count = madit.positions.shape[0]
    slots = condition.shape[1] if madit.text_in_encoder else count
    kept = slots if madit.text_in_decoder else count
    real = torch.ones_like(places, dtype=torch.bool)
    mask = torch.cat([known[:, :slots], real], 1)[:, None, None]
    encoded = madit.encode(condition[:, :slots], visible, places, mask)
    mask = torch.cat([known[:, :kept], known.new_ones(len(known), count)], 1)[:, None, None]
    return madit.decode(encoded, slots, kept, places, mask)


def _flow_loss(
    model: MaditModel,
    madit: torch.nn.Module,
    c: Tensor,
    coarse: Tensor,
    goal: Tensor,
    stage: DecoderStage,
    bf16: bool,
    device: str,
) -> Tensor:
    rows = min(stage.rows, c.shape[1])
    pick = torch.randperm(c.shape[1], device=device)[:rows]
    c, coarse, goal = (v[:, pick].repeat(1, stage.times, 1) for v in (c, coarse, goal))
    dropped = torch.rand(len(c), 1, 1, device=device) < CONDITION_DROPOUT
    with torch.autocast(device, torch.bfloat16, enabled=bf16):
        c = torch.where(dropped, madit.uncond_c.to(c.dtype), c)
        dummy = madit.coarse(madit.uncond_c).float().detach()
        start = goal - coarse if model.config.flow_target == "residual" else goal
        coarse = torch.where(dropped, dummy, coarse)
        t = torch.sigmoid(torch.randn(c.shape[:2], device=device)).flatten()
        noise = torch.randn_like(start)
        x = (1 - t.view(*c.shape[:2], 1)) * start + t.view(*c.shape[:2], 1) * noise
        velocity = madit.flow(x.flatten(0, 1), coarse.flatten(0, 1), c.flatten(0, 1), t)
    return (velocity.float() - (noise - start).flatten(0, 1)).square().mean()


@torch.no_grad()
def one_pass_psnr(model: MaditModel, madit: torch.nn.Module, held: LatentSet, device: str, count: int = 24) -> float:
    """Held-out PSNR of the coarse head when all patches are predicted at once, without captions."""
    scores = []
    for start in range(0, min(count, len(held.latents)), 8):
        latents = held.latents[start : start + 8].to(device)
        ids = model.tokenizer.encode(latents)
        codes = model.tokenizer.lookup(ids)
        features, _ = model.tokenizer.readout(codes, model.config.grid)
        none = latents.new_zeros(len(latents), 0, model.config.tokenizer.patch_dim)
        c = madit(madit.visual_slots(codes, features, ids >= 0), none, ids.new_zeros(len(latents), 0))
        patches = unpatchify(madit.coarse(c), model.config.tokenizer.patch, model.config.grid)
        decoded = to_uint8(model.vae.decode(patches)).cpu()
        scores.append(psnr(decoded, torch.from_numpy(held.pictures[start : start + 8])))
    return float(torch.cat(scores).mean())
