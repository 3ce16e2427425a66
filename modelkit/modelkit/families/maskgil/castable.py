"""Linear layers whose precision can be changed after loading."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...scripted import dense


class Matrix(nn.Module):
    """A linear layer without bias; its output has the precision of its weight."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())

    @torch.jit.export
    def cast(self, dtype: torch.dtype) -> None:
        self.weight = self.weight.to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.to(self.weight.dtype), self.weight)


def make_castable(layers: nn.ModuleList) -> None:
    """Replaces every linear layer in ``layers`` by one of the same weights and key names that can be cast."""
    for module in list(layers.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, Matrix(child.weight) if child.bias is None else dense(child))
