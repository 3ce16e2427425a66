"""More solver steps for the patches with most detail."""

import math

import torch

from modelkit.detail import detail_scores, detailed


def _wave(cycles: int, width: int = 32) -> torch.Tensor:
    return torch.cos(2 * math.pi * cycles * torch.arange(width) / width)


def test_faster_waves_score_higher():
    scores = detail_scores(torch.stack([torch.full((32,), 5.0), _wave(1), _wave(4), _wave(9), _wave(16)]))
    assert torch.equal(scores.argsort(), torch.arange(5))
    assert float(scores[0]) < 1e-4


def test_a_wave_scores_its_amplitude_times_its_place_in_the_spectrum():
    assert torch.allclose(detail_scores(torch.stack([_wave(4), 2 * _wave(4)])), torch.tensor([4.0, 8.0]), atol=1e-4)


def test_fraction_is_rounded_to_whole_patches():
    contexts = torch.stack([_wave(k) for k in (3, 9, 1, 12)])
    assert detailed(contexts, 0.0).tolist() == [False] * 4
    assert detailed(contexts, 0.1).tolist() == [False] * 4
    assert detailed(contexts, 0.25).tolist() == [False, False, False, True]
    assert detailed(contexts, 0.6).tolist() == [False, True, False, True]
    assert detailed(contexts, 1.0).tolist() == [True] * 4
    assert torch.equal(torch.jit.script(detailed)(contexts, 0.6), detailed(contexts, 0.6))
