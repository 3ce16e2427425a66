"""The served MAR module."""

import torch
from torch import Tensor, nn

from ..packed import PackedMasked
from ..rounds import DdpmRounds
from .model import Mar


class ScriptedMar(DdpmRounds, PackedMasked):
    """Entry points of :class:`PackedMasked`, with a class label as the condition and the DDPM head."""

    def __init__(self, model: Mar, vae: nn.Module | None = None) -> None:
        super().__init__(model, model.diffloss.net, True, vae)
        self.add_ddpm(model.diffloss.alphas, list(model.config.steps))
        self.register_buffer("classes", model.class_emb.weight.detach())

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """A class label int64 [1] (-1: of no class) -> condition slots [S, D]; ``text`` is not used."""
        slot = torch.where(ids.unsqueeze(1) >= 0, self.classes[ids.clamp_min(0)], self.uncond)
        return slot.expand(self.slot_count, slot.shape[1]).contiguous()
