"""Rotary positions as tables [rows, d / 2, 2] of cosine and sine: N image tokens, then S condition slots."""

import torch
from torch import Tensor

from .config import LlamaConfig


def position_table(config: LlamaConfig) -> Tensor:
    """The table of a model [N + S, d / 2, 2]."""
    if config.rope == "grid":
        return grid_table(config.grid, config.slots, config.head_dim, config.rope_base)
    return line_table(config.tokens + config.slots, config.zero_rows, config.head_dim, config.rope_base)


def line_table(rows: int, zeros: int, head_dim: int, base: float) -> Tensor:
    """The public code's: ``zeros`` rows of zeros, then positions on a line.

    The authors put the condition last, but its zeros first. So the first image tokens lose query and key, and every
    other row has the position of the one ``zeros`` places before.
    """
    frequencies = 1.0 / base ** (torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(rows), frequencies)
    table = torch.stack([angles.cos(), angles.sin()], -1)
    return torch.cat([torch.zeros(zeros, head_dim // 2, 2), table])[:rows]


def grid_table(grid: int, slots: int, head_dim: int, base: float) -> Tensor:
    """The paper's: half of the channels turn with the row, half with the column; condition slots do not turn."""
    half = head_dim // 2
    frequencies = 1.0 / base ** (torch.arange(0, half, 2).float() / half)
    angles = torch.outer(torch.arange(grid), frequencies)
    rows, columns = angles[:, None].expand(grid, grid, -1), angles[None].expand(grid, grid, -1)
    angles = torch.cat([torch.cat([rows, columns], 2).flatten(0, 1), torch.zeros(slots, half)])
    return torch.stack([angles.cos(), angles.sin()], -1)


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turns neighbouring pairs of channels: x [B, T, H, d], table [T, d / 2, 2] -> [B, T, H, d]."""
    pairs = x.unflatten(3, [x.shape[3] // 2, 2])
    a, b = pairs[..., 0], pairs[..., 1]
    cosine, sine = table[:, :, 0].unsqueeze(1), table[:, :, 1].unsqueeze(1)
    return torch.stack([a * cosine - b * sine, b * cosine + a * sine], -1).flatten(3)
