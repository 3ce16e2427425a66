"""Features (of a caption, of speech) as condition slots. E features per slot, S slots, D width."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FeatureSlots(nn.Module):
    """Two layers and a position; where there is no feature, a learned vector of that slot. All absent: no condition."""

    def __init__(self, feature_dim: int, slots: int, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(feature_dim, width, bias=False), nn.Linear(width, width, bias=False)
        self.positions = nn.Parameter(torch.zeros(slots, width))
        self.absent = nn.Parameter(torch.zeros(slots, width))

    def forward(self, features: Tensor, seen: Tensor) -> Tensor:
        """Features [B, S, E], seen bool [B, S] -> [B, S, D]."""
        present = self.fc2(F.gelu(self.fc1(features), approximate="tanh")) + self.positions
        return torch.where(seen.unsqueeze(2), present, self.absent)


class NoFeatures(nn.Module):
    """Of a model whose condition is a class."""

    def forward(self, features: Tensor, seen: Tensor) -> Tensor:
        raise ValueError("this model takes a class, not features")
