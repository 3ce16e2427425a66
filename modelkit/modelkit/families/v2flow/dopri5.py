"""Dormand and Prince's adaptive Runge-Kutta method of order 5 with the step control of torchdiffeq 0.2.5.

Rows belong to groups (contiguous, ``sizes`` rows each) and every group controls its own steps, so that a request's result
does not depend on its company. One group of all rows is the authors' joint mode. State is float32, time float64.
All functions can be scripted.
"""

import torch
from torch import Tensor

TOLERANCE = 1e-5


def nodes() -> list[float]:
    """Times of stages 1 to 6 as shares of the step."""
    return [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0]


def stage_weights(stage: int) -> list[float]:
    """Weights of the slopes before ``stage`` 1 to 6; stage 6 is the solution itself."""
    table = [
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
    return table[stage - 1]


def error_weights() -> list[float]:
    """Difference of the solutions of order 5 and 4."""
    return [
        35 / 384 - 1951 / 21600,
        0.0,
        500 / 1113 - 22642 / 50085,
        125 / 192 - 451 / 720,
        -2187 / 6784 + 12231 / 42400,
        11 / 84 - 649 / 6300,
        -1.0 / 60.0,
    ]


def middle_weights() -> list[float]:
    """The solution in the middle of a step."""
    return [
        6025192743 / 30085553152 / 2,
        0.0,
        51252292925 / 65400821598 / 2,
        -2691868925 / 45128329728 / 2,
        187940372067 / 1594534317056 / 2,
        -1776094331 / 19743644256 / 2,
        11237099 / 235043384 / 2,
    ]


def rms(values: Tensor, sizes: list[int]) -> Tensor:
    """Root mean square of each group's rows: [M, C] -> [G]."""
    return torch.stack([part.pow(2).mean().sqrt() for part in values.split_with_sizes(sizes)])


def weighed(slopes: list[Tensor], weights: list[float], stride: Tensor) -> Tensor:
    """Sum of slopes [M, C], each times its weight times the row's stride [M, 1]."""
    stacked = torch.stack(slopes, 2)
    factors = torch.tensor(weights, dtype=torch.float32, device=stride.device)
    return (stacked * (stride.unsqueeze(2) * factors)).sum(2)


def first_trial(y: Tensor, slope: Tensor, sizes: list[int], tolerance: float = TOLERANCE) -> Tensor:
    """Length [G] float32 of the probe step from which :func:`first_step` is found."""
    scale = tolerance + y.abs() * tolerance
    size, speed = rms(y / scale, sizes), rms(slope / scale, sizes)
    tiny = (size < 1e-5) | (speed < 1e-5)
    return torch.where(tiny, 1e-6, 0.01 * size / speed)


def first_step(
    y: Tensor, slope: Tensor, probe: Tensor, trial: Tensor, sizes: list[int], tolerance: float = TOLERANCE
) -> Tensor:
    """Length [G] float64 of the first step, by Hairer's rule; ``probe``: the slope after the trial step [G]."""
    scale = tolerance + y.abs() * tolerance
    speed = rms(slope / scale, sizes)
    bend = rms((probe - slope) / scale, sizes) / trial
    flat = (speed <= 1e-15) & (bend <= 1e-15)
    length = torch.where(flat, (trial * 1e-3).clamp_min(1e-6), (0.01 / torch.maximum(speed, bend)) ** (1.0 / 5))
    return torch.minimum(100 * trial, length).double()


def error_ratio(y: Tensor, following: Tensor, error: Tensor, sizes: list[int], tolerance: float = TOLERANCE) -> Tensor:
    """Error of a step in units of the tolerance, [G]: at most 1 is accepted."""
    return rms(error / (tolerance + tolerance * torch.maximum(y.abs(), following.abs())), sizes)


def next_stride(stride: Tensor, ratio: Tensor) -> Tensor:
    """The next step's length float64 [G]: at most 10 times, after a rejection at least 0.2 times the last one."""
    smallest = 0.2 + 0.8 * (ratio < 1).double()
    factor = torch.maximum(0.9 / ratio.double() ** (1.0 / 5), smallest).clamp_max(10.0)
    return stride * torch.where(ratio == 0, 10.0, factor)


def interpolate(y: Tensor, following: Tensor, slopes: list[Tensor], stride: Tensor, share: Tensor) -> Tensor:
    """The solution inside a step, at ``share`` [M, 1] of it: the quartic through both ends, their slopes, the middle."""
    middle = y + weighed(slopes, middle_weights(), stride)
    begin, end = slopes[0], slopes[6]
    a = 2 * stride * (end - begin) - 8 * (following + y) + 16 * middle
    b = stride * (5 * begin - 3 * end) + 18 * y + 14 * following - 32 * middle
    c = stride * (end - 4 * begin) - 11 * y - 5 * following + 16 * middle
    square = share * share
    cube = square * share
    return y + share * (stride * begin) + square * c + cube * b + cube * share * a
