"""DPM-Solver++ 2M for a rectified flow, as V2Flow runs it: x_t = (1 - t) z + t eps, the network gives eps - z.

Works in float32 like the authors' code: the first division, by about 3e-4, magnifies rounding.
"""

import torch
from torch import Tensor

STEPS, SHIFT, GUIDANCE = 20, 3.0, 4.5
LAST_TIME = 0.001


def solver_times(steps: int, shift: float = SHIFT, last: float = LAST_TIME) -> Tensor:
    """Times float32 [steps + 1] from almost 1 to 0: s u / (1 + (s - 1) u), u from 0.999 to 0."""
    u = 1 - torch.linspace(1.0, last, steps + 1, dtype=torch.float32)
    return (shift * u / (1 + (shift - 1) * u)).flip(0)


def data_prediction(x: Tensor, velocity: Tensor, uncond: Tensor, guidance: Tensor, time: Tensor) -> Tensor:
    """The patch z that two velocities [M, C] point at, guided by guidance [M, 1], at time (0-dim)."""
    noise, noise_uncond = (1 - time) * velocity + x, (1 - time) * uncond + x
    guided = noise_uncond + guidance * (noise - noise_uncond)
    return (x - time * guided) / (1 - time)


def multistep(x: Tensor, data: Tensor, before: Tensor, times: Tensor, step: int) -> Tensor:
    """x at times[step + 1] from x at times[step], the prediction there, and the one ``before`` it.

    First order in the first and last step, else second.
    """
    last = times.shape[0] - 2
    alpha, sigma = 1 - times, times
    log_snr = torch.log(alpha) - torch.log(sigma)
    stride = log_snr[step + 1] - log_snr[step]
    weight = torch.exp(torch.log(alpha[step + 1])) * torch.expm1(-stride)
    result = sigma[step + 1] / sigma[step] * x - weight * data
    if step == 0 or step == last:
        return result
    ratio = (log_snr[step] - log_snr[step - 1]) / stride
    return result - 0.5 * weight * ((1.0 / ratio) * (data - before))
