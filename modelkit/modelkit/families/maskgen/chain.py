"""Text to picture: the tokens of a MaskGen bundle decoded by a TA-TiTok bundle, both as scripted modules."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def check_fit(generator: Mapping[str, Any], decoder: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` naming the manifest field in which the two do not fit."""
    if generator.get("decoder") != decoder["family"]:
        raise ValueError(f"family must be {generator.get('decoder')}, is {decoder['family']}")
    for field, part in (("tokens", "count"), ("codebook", "size")):
        ours, theirs = ((side[field] or {}).get(part) for side in (generator, decoder))
        if ours != theirs:
            raise ValueError(f"{field}.{part} must be {ours}, is {theirs}")
    if generator["codebook"] is None and generator["tokens"]["dim"] != decoder["tokens"]["dim"]:
        raise ValueError(f"tokens.dim must be {generator['tokens']['dim']}, is {decoder['tokens']['dim']}")


def decode(decoder: nn.Module, tokens: Tensor, text: Tensor) -> Tensor:
    """Ids int64 [L] or tokens [L, C], and text [S, E] (CLIP's last features) -> picture uint8 [H, W, 3]."""
    cond = decoder.condition(tokens, text) if tokens.dim() == 1 else decoder.condition_tokens(tokens, text)
    order = torch.arange(decoder.grid**2)
    canvas = decoder.canvas(torch.zeros(0, dtype=torch.int64), order)
    budget, scales = torch.tensor([[0, len(order), 1, 0, 0, 0]]), torch.ones(1, 4, dtype=torch.float64)
    decoder.round([cond], [canvas], [order], budget, scales)
    return decoder.decode(canvas, order)
