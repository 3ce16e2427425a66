"""The served MAR module."""

import torch
from torch import Tensor, nn

from ..ddpm import ddpm_step, ddpm_table
from ..packed import PackedMasked
from .model import Mar


class ScriptedMar(PackedMasked):
    """Entry points of :class:`PackedMasked`, with a class label as the condition and the DDPM head."""

    def __init__(self, model: Mar, vae: nn.Module | None = None) -> None:
        super().__init__(model, model.diffloss.net, True, vae)
        self.sections = list(model.config.steps)
        self.register_buffer("alphas", model.diffloss.alphas)
        self.register_buffer("classes", model.class_emb.weight.detach())

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """A class label int64 [1] (-1: of no class) -> condition slots [S, D]; ``text`` is not used."""
        slot = torch.where(ids.unsqueeze(1) >= 0, self.classes[ids.clamp_min(0)], self.uncond)
        return slot.expand(self.slot_count, slot.shape[1]).contiguous()

    def draws(self, steps: int) -> int:
        return 1 + steps

    def _sample(
        self, x: Tensor, contexts: Tensor, guidance: Tensor, noise: Tensor, steps: int, sizes: list[int]
    ) -> Tensor:
        """Denoises x [M, P] in ``steps``; contexts [M or 2 M, D], noise [M, at least steps, P], temperature included."""
        total = 0
        for count in self.sections:
            total += count
        table = ddpm_table(self.alphas, self.sections if steps == total else [steps])
        rows: list[list[float]] = table.tolist()
        times = self.head.time(table[:, 0].float().to(x.device))
        conditions = self.head.condition(contexts)
        twice = contexts.shape[0] > x.shape[0]
        for step in range(len(rows)):
            output = self.head(torch.cat([x, x]) if twice else x, times[step] + conditions)
            x = ddpm_step(x, output, rows[step], guidance, noise[:, step])
        return x
