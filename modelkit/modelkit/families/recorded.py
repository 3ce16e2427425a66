"""Modules whose rounds use recorded draws in place of noise from seeds: how a case enters a server.

A request's seed is the index of its sample. Seeds beyond the samples, such as a server's own at start-up, take any sample's.
Such a bundle is for verification only; nothing else of it differs from the one that is served.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .replay import ReplayPlan


class RecordedFlow:
    """Put before a subclass of :class:`.rounds.PackedRounds`. ``recorded`` [samples, N, draws, P] by raster index."""

    @torch.jit.export
    def round(
        self, conds: list[Tensor], canvases: list[Tensor], orders: list[Tensor], budget: Tensor, scales: Tensor
    ) -> Tensor:
        """The round of a served module, with recorded noise."""
        plan: list[list[int]] = budget.tolist()
        noise: list[Tensor] = []
        for i in range(len(plan)):
            places = orders[i][plan[i][0] : plan[i][1]]
            noise.append(self.recorded[plan[i][4] % self.recorded.shape[0]][places])
        return self.round_with_noise(conds, canvases, orders, budget, scales, torch.cat(noise))


class RecordedChoice:
    """Put before a module that draws ids: ``choices`` [samples, rounds, N, V], ``certainties`` [samples, rounds, N]."""

    @torch.jit.export
    def round(
        self, conds: list[Tensor], canvases: list[Tensor], orders: list[Tensor], budget: Tensor, scales: Tensor
    ) -> Tensor:
        """The round of a served module, with recorded Gumbel noise."""
        plan: list[list[int]] = budget.tolist()
        places = self.masked(canvases)
        choice: list[Tensor] = []
        certainty: list[Tensor] = []
        for i in range(len(plan)):
            sample = plan[i][4] % self.choices.shape[0]
            index = (plan[i][2] - 1) % self.choices.shape[1]
            choice.append(self.choices[sample, index][places[i]])
            certainty.append(self.certainties[sample, index][places[i]])
        return self.round_with_noise(conds, canvases, orders, budget, scales, torch.cat(choice), torch.cat(certainty))


def with_flow_draws(module: nn.Module, recorded: Tensor) -> nn.Module:
    """``module`` itself, from now on with recorded noise [samples, N, draws, P]."""
    module.register_buffer("recorded", recorded)
    return _before(RecordedFlow, module)


def with_choice_draws(module: nn.Module, choices: Tensor, certainties: Tensor) -> nn.Module:
    """``module`` itself, from now on with recorded Gumbel noise [samples, rounds, N, V] and [samples, rounds, N]."""
    module.register_buffer("choices", choices)
    module.register_buffer("certainties", certainties)
    return _before(RecordedChoice, module)


def _before(mixin: type, module: nn.Module) -> nn.Module:
    theirs = type(module)
    module.__class__ = type(f"{mixin.__name__}{theirs.__name__}", (mixin, theirs), {"__module__": theirs.__module__})
    return module


def by_place(plans: Sequence[ReplayPlan], noise: Sequence[Sequence[Tensor]]) -> Tensor:
    """Noise of :func:`.replay.sample_noise`, per sample and round [revealed, draws, P], as [samples, N, draws, P]."""
    tables = []
    for plan, rounds in zip(plans, noise):
        rows = torch.cat(list(rounds))
        tables.append(torch.empty_like(rows).index_copy_(0, plan.order, rows))
    return torch.stack(tables)
