"""How a bundle turns caption token ids into text features, if it can.

``forward``: ids int64 [S] -> features [S', E]; ``pooled``: ids -> one vector [P] of the whole caption.
"""

import torch
from torch import Tensor, nn

from .clip_text import ClipText


class NoTower(nn.Module):
    """Text comes as features only."""

    def forward(self, ids: Tensor) -> Tensor:
        raise ValueError("this model takes text as features only")

    @torch.jit.export
    def pooled(self, ids: Tensor) -> Tensor:
        raise ValueError("this model takes text as features only")


class WordTable(nn.Module):
    """One feature per word, stored as float16: ``words`` [V, E]."""

    def __init__(self, words: Tensor) -> None:
        super().__init__()
        self.register_buffer("words", words.half())

    def forward(self, ids: Tensor) -> Tensor:
        return self.words[ids].float()

    @torch.jit.export
    def pooled(self, ids: Tensor) -> Tensor:
        raise ValueError("this model has no vector for a whole caption")


class ClipTower(nn.Module):
    """CLIP's features at all positions: after the last block, or before it when ``penultimate``."""

    def __init__(self, clip: ClipText, penultimate: bool) -> None:
        super().__init__()
        self.clip, self.penultimate = clip, penultimate

    def forward(self, ids: Tensor) -> Tensor:
        before, last, _ = self.clip(ids)
        return before if self.penultimate else last

    @torch.jit.export
    def pooled(self, ids: Tensor) -> Tensor:
        return self.clip(ids)[2]
