"""Frequency-weighted token selection (GtR + FTS): which patches of a round deserve more solver steps. Can be scripted."""

import torch
from torch import Tensor


def detail_scores(contexts: Tensor) -> Tensor:
    """How much detail the contexts [M, D] announce, [M]: their amplitude spectra, weighted from 0 (mean) to 1 (fastest)."""
    spectrum = torch.fft.rfft(contexts.float(), dim=1).abs()
    return spectrum @ torch.linspace(0.0, 1.0, spectrum.shape[1], device=contexts.device)


def detailed(contexts: Tensor, fraction: float) -> Tensor:
    """Marks the ``fraction`` of rows with the highest scores, rounded to a whole number: bool [M]."""
    count = int(fraction * contexts.shape[0] + 0.5)
    marks = torch.zeros([contexts.shape[0]], dtype=torch.bool, device=contexts.device)
    if count > 0:
        marks[detail_scores(contexts).topk(min(count, contexts.shape[0]))[1]] = True
    return marks
