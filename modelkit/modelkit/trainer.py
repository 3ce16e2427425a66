"""The training loop all stages share: AdamW, warm-up and cosine decay, EMA weights, resumable checkpoints, a loss log."""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from .data import cache_dir

Losses = dict[str, Tensor]


def run_dir(name: str) -> Path:
    """Folder of a training run: checkpoints ``STAGE.pt`` and logs ``STAGE.jsonl``."""
    path = cache_dir() / "runs" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True)
class Schedule:
    """Length and learning rate of one stage."""

    steps: int
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.01
    clip: float = 1.0
    checkpoint_minutes: float = 5.0

    def rate(self, step: int) -> float:
        """Linear warm-up, then cosine decay to 2 % of ``learning_rate``."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        return self.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def ema_decay(step: int) -> float:
    """Warmed-up decay: follows the weights closely at first, 0.999 in the end."""
    return min(0.999, (1 + step) / (10 + step))


def train(
    module: nn.Module,
    stage: str,
    run: Path,
    schedule: Schedule,
    loss: Callable[[nn.Module, int], Losses],
    report: Callable[[nn.Module], dict[str, float]],
    report_every: int = 500,
) -> nn.Module:
    """Runs ``stage`` to its end, resuming from ``run/stage.pt`` if that exists; returns the EMA weights.

    ``loss(module, step)`` returns named scalar losses of which ``total`` is minimised. ``report`` is called with the EMA
    module every ``report_every`` steps; what it returns goes to ``run/stage.jsonl``.
    """
    ema = copy.deepcopy(module).requires_grad_(False).eval()
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=schedule.learning_rate, betas=(0.9, 0.98), weight_decay=schedule.weight_decay, fused=True
    )
    file, start, seconds = run / f"{stage}.pt", 0, 0.0
    if file.exists():
        state = torch.load(file, map_location="cpu", weights_only=True)
        module.load_state_dict(state["module"])
        ema.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        start, seconds = state["step"], state["seconds"]
    module.train()
    began = saved = time.monotonic()
    sums: dict[str, float] = {}
    count = 0
    bar = tqdm(range(start, schedule.steps), initial=start, total=schedule.steps, desc=stage, mininterval=5)
    with open(run / f"{stage}.jsonl", "a") as log:
        for step in bar:
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            losses = loss(module, step)
            optimizer.zero_grad(set_to_none=True)
            losses["total"].backward()
            torch.nn.utils.clip_grad_norm_(trained, schedule.clip)
            optimizer.step()
            _blend(ema, module, ema_decay(step))
            for key, value in losses.items():
                sums[key] = sums.get(key, 0.0) + float(value.detach())
            count += 1
            done = step + 1
            spent = seconds + time.monotonic() - began
            if done % report_every == 0 or done == schedule.steps:
                row = {"step": done, "seconds": round(spent)} | {k: v / count for k, v in sums.items()} | report(ema)
                sums, count = {}, 0
                log.write(json.dumps(row) + "\n")
                log.flush()
                bar.write(stage + " " + " ".join(f"{k}={v:.5g}" for k, v in row.items()))
            if done == schedule.steps or time.monotonic() - saved > 60 * schedule.checkpoint_minutes:
                saved = time.monotonic()
                _save(file, module, ema, optimizer, done, spent)
    return ema


@torch.no_grad()
def _blend(ema: nn.Module, module: nn.Module, decay: float) -> None:
    for average, value in zip(ema.parameters(), module.parameters()):
        average.lerp_(value, 1 - decay)
    for average, value in zip(ema.buffers(), module.buffers()):
        average.copy_(value)


def _save(
    file: Path, module: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer, step: int, seconds: float
) -> None:
    state = {
        "module": module.state_dict(),
        "ema": ema.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": torch.get_rng_state(),
        "step": step,
        "seconds": seconds,
    }
    partial = file.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(file)
