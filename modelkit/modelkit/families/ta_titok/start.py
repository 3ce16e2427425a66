"""A start that saves training: every latent token looks at its own part of the picture first."""

import torch
from torch import Tensor

from .model import TaTitok


@torch.no_grad()
def near_start(model: TaTitok) -> TaTitok:
    """Positions are sines of row and column in encoder and decoder; a latent token has the mean position of its cells.

    Queries equal keys, so that like positions attract each other. Training is free to leave this start.
    """
    for part in (model.encoder, model.decoder):
        side, width = part.grid, part.ln_pre.normalized_shape[0]
        places = sines(side, width)
        part.positional_embedding[1:] = places
        tokens = len(part.latent_token_positional_embedding)
        part.latent_token_positional_embedding.copy_(places.view(tokens, -1, width).mean(1))
        for block in part.transformer:
            block.attn.in_proj_weight[:width].normal_(std=width**-0.5)
            block.attn.in_proj_weight[width : 2 * width] = block.attn.in_proj_weight[:width]
    model.latent_tokens.mul_(0.1)
    return model


def sines(side: int, width: int) -> Tensor:
    """Positions of a square grid [side * side, width]: sines and cosines of row and column."""
    frequency = torch.exp(torch.linspace(0, -4, width // 4))
    angle = torch.arange(side).unsqueeze(1) * frequency
    wave = torch.cat([angle.sin(), angle.cos()], 1)
    rows, columns = wave[:, None].expand(side, side, -1), wave[None].expand(side, side, -1)
    return torch.cat([rows, columns], 2).reshape(side * side, width)
