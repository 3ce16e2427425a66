"""Tokens to a picture through the served module, as a server does it."""

import torch
from torch import Tensor, nn


def decode(decoder: nn.Module, tokens: Tensor, text: Tensor) -> Tensor:
    """Ids int64 [L] or tokens [L, C], and text [S, E] (CLIP's last features) -> picture uint8 [H, W, 3]."""
    cond = decoder.condition(tokens, text) if tokens.dim() == 1 else decoder.condition_tokens(tokens, text)
    order = torch.arange(decoder.grid**2)
    canvas = decoder.canvas(torch.zeros(0, dtype=torch.int64), order)
    budget, scales = torch.tensor([[0, len(order), 1, 0, 0, 0]]), torch.ones(1, 4, dtype=torch.float64)
    decoder.round([cond], [canvas], [order], budget, scales)
    return decoder.decode(canvas, order)
