"""The draws of a recorded run as the noise that the served module takes."""

import torch
from torch import Tensor

from ..case import Case
from .sampler import MaskGilSampling


def recorded_noise(
    case: Case, settings: MaskGilSampling, samples: int, tokens: int, rounds: int
) -> tuple[Tensor, Tensor]:
    """Gumbel noise of the choices [samples, rounds, tokens, V + 1], and what certainty has of chance [samples, rounds, tokens].

    A round draws its choices, and then, if chance has a part in its certainty, one number per place; 0 where it has not.
    """
    draws = iter(case.draws)
    choices, certainties = [], []
    for index in range(rounds):
        choices.append(-next(draws).view(samples, tokens, -1).log())
        drawn = settings.noisy or index < settings.random_rounds
        certainties.append(
            next(draws).view(samples, tokens).double() if drawn else torch.zeros(samples, tokens, dtype=torch.float64)
        )
    return torch.stack(choices, 1), torch.stack(certainties, 1)
