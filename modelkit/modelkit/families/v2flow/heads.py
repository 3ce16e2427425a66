"""The CondOT head: integrates dx/dt = net(x, t) from t = 0 (noise) to t = 1 (patches). Can be scripted."""

import torch
from torch import Tensor, nn

from ..adaln_mlp import PackedAdaLnMlp
from .dopri5 import (
    error_ratio,
    error_weights,
    first_step,
    first_trial,
    interpolate,
    next_stride,
    nodes,
    stage_weights,
    weighed,
)


class CondOtHead(nn.Module):
    """Adaptive integration of packed rows; groups of rows control their own steps."""

    def __init__(self, net: PackedAdaLnMlp) -> None:
        super().__init__()
        self.net = net
        self.most_steps = 1000

    @torch.jit.export
    def velocity(self, x: Tensor, conditions: Tensor, guidance: Tensor, times: Tensor, owner: Tensor) -> Tensor:
        """The guided velocity [M, C]. conditions [M or 2 M, width] of the network, unconditional ones last; guidance
        [M, 1]; times float32 [G] of the groups that ``owner`` int64 [M] names.
        """
        embedded = self.net.time(times)[owner]
        rows = x.shape[0]
        if conditions.shape[0] == rows:
            return self.net(x, embedded + conditions)
        output = self.net(torch.cat([x, x]), torch.cat([embedded, embedded]) + conditions)
        uncond = output[rows:]
        return uncond + guidance * (output[:rows] - uncond)

    @torch.jit.export
    def integrate(self, x: Tensor, contexts: Tensor, guidance: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor]:
        """Noise [M, C] -> patches [M, C], and the times of all evaluations, float32 [evaluations, G].

        contexts [M or 2 M, D]; ``sizes``: rows of each of G groups. A group that is done stands still.
        """
        device = x.device
        owner = torch.repeat_interleave(
            torch.arange(len(sizes), device=device), torch.tensor(sizes, device=device), output_size=x.shape[0]
        )
        conditions = self.net.condition(contexts)
        begin = torch.zeros(len(sizes), dtype=torch.float64, device=device)
        seen = [begin.float()]
        slope = self.velocity(x, conditions, guidance, seen[0], owner)
        trial = first_trial(x, slope, sizes)
        seen.append((begin + trial).float())
        probe = self.velocity(x + trial[owner].unsqueeze(1) * slope, conditions, guidance, seen[1], owner)
        length = first_step(x, slope, probe, trial, sizes)
        result = x
        done = torch.zeros_like(begin, dtype=torch.bool)
        steps = 0
        while not bool(done.all()):
            if steps == self.most_steps or not bool(torch.isfinite(length).all()):
                raise RuntimeError("the flow could not be integrated: its velocity is not finite or not smooth")
            steps += 1
            end = begin + length
            stride = length.float()
            row_stride = stride[owner].unsqueeze(1)
            slopes = [slope]
            following = x
            for stage in range(1, 7):
                share = nodes()[stage - 1]
                time = begin.float() + share * stride
                if share == 1.0:
                    time = torch.nextafter(end.float(), end.float() - 1)  # just before the end, as torchdiffeq does
                following = x + weighed(slopes, stage_weights(stage), row_stride)
                seen.append(time)
                slopes.append(self.velocity(following, conditions, guidance, time, owner))
            ratio = error_ratio(x, following, weighed(slopes, error_weights(), row_stride), sizes)
            accepted = ratio <= 1
            arrived = accepted & (end >= 1) & ~done
            if bool(arrived.any()):
                share = ((1 - begin) / (end - begin)).float()
                inside = interpolate(x, following, slopes, row_stride, share[owner].unsqueeze(1))
                result = torch.where(arrived[owner].unsqueeze(1), inside, result)
            done = done | arrived
            row_accepted = accepted[owner].unsqueeze(1)
            x, slope = torch.where(row_accepted, following, x), torch.where(row_accepted, slopes[6], slope)
            begin = torch.where(accepted, end, begin)
            length = next_stride(length, ratio)
        return result, torch.stack(seen)
