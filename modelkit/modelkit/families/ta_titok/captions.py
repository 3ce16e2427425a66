"""Captions as word features for training."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...text import token_ids


@dataclass(frozen=True)
class Captions:
    """Word ids int64 [M, S], 0 where ``seen`` bool [M, S] is false, and the words' features [V, E]."""

    ids: Tensor
    seen: Tensor
    words: Tensor

    def text(self, pick: Tensor) -> Tensor:
        """Features [B, S, E] of chosen captions."""
        return self.words[self.ids[pick]]


def read_captions(captions: list[str], words: Tensor, length: int) -> Captions:
    """Captions as at most ``length`` words each."""
    ids = torch.zeros(len(captions), length, dtype=torch.int64)
    seen = torch.zeros(len(captions), length, dtype=torch.bool)
    for row, caption in enumerate(captions):
        found = token_ids(caption, length)
        ids[row, : len(found)] = torch.tensor(found, dtype=torch.int64)
        seen[row, : len(found)] = True
    return Captions(ids, seen, words)
