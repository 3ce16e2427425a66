"""Missing ids filled in through the served module, as a server does it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .sampler import MaskGilSampling, reveal_counts


def complete(
    module: nn.Module, ids: Tensor, conditions: Sequence[Tensor], sampling: MaskGilSampling, seeds: Sequence[int]
) -> Tensor:
    """Ids int64 [B, N], -1 where missing and as many in every row -> all ids [B, N]; the requests share all rounds."""
    order = torch.empty(0, dtype=torch.int64)
    canvases = [module.canvas(row, order) for row in ids]
    missing = int((ids[0] < 0).sum())
    planned = sampling.planned(missing)
    scales = [sampling.guidance, sampling.choice_temperature, sampling.temperature, 1.0]
    begin = ids.shape[1] - missing
    for index, count in enumerate(reveal_counts(planned, missing)):
        budget = torch.tensor([[begin, begin + count, index + 1, len(planned), seed, 0] for seed in seeds])
        every = torch.tensor([scales] * len(ids), dtype=torch.float64)
        module.round(list(conditions), canvases, [order] * len(ids), budget, every)
        begin += count
    return torch.stack([module.picture_tokens(canvas, order) for canvas in canvases])
