"""Packed rounds of families whose patches a solver draws from contexts: what they have in common, as TorchScript."""

import torch
from torch import Tensor, nn

from ..detail import detailed
from ..philox import gaussian, gaussian_rows, philox
from .adaln_mlp import AdaLnMlp, PackedAdaLnMlp
from .ddpm import ddpm_step, ddpm_table


class PackedRounds(nn.Module):
    """A subclass has ``_contexts``, which runs the transformer, and ``_sample``, the solver.

    ``buffer_guidance``: the unconditional branch runs through the transformer as a twin of its request; else ``uncond``
    [1, D] enters in place of contexts.
    """

    def __init__(self, net: AdaLnMlp, patch_dim: int, buffer_guidance: bool, uncond: Tensor) -> None:
        super().__init__()
        self.patch_dim, self.buffer_guidance = patch_dim, buffer_guidance
        self.adaptive = False  # True where the solver chooses its steps
        self.head = PackedAdaLnMlp(net)
        self.register_buffer("uncond", uncond)

    def draws(self, steps: int) -> int:
        """Normal draws per value of a patch: one, and one more per step of a stochastic solver."""
        return 1

    @torch.jit.export
    def round(
        self, conds: list[Tensor], canvases: list[Tensor], orders: list[Tensor], budget: Tensor, scales: Tensor
    ) -> Tensor:
        """One round of each of B requests; writes the new patches into ``canvases`` and returns them packed.

        conds: [S, D] from ``condition``. canvases: [N, P] in reveal order, rows before ``begin`` final. orders: int64
        [N], raster index of each row. budget: int64 [B, 6] = begin, end, flow_steps, boosted_steps, seed (64 bits),
        flags (not used). scales: float64 [B, 4] = guidance, boost_fraction, temperature, noise_scale. That fraction of
        the new patches, those with most detail, gets boosted_steps instead of flow_steps.
        """
        plan: list[list[int]] = budget.tolist()
        places: list[Tensor] = []
        seeds: list[Tensor] = []
        most = 1
        for i in range(len(plan)):
            begin, end, steps, boosted_steps, seed, _ = plan[i]
            places.append(orders[i][begin:end])
            seeds.append(torch.full_like(places[i], seed))
            most = max(most, self.draws(max(steps, boosted_steps)))
        place, key = torch.cat(places), torch.cat(seeds)
        noise = [gaussian_rows(key, place, self.patch_dim, 0, 0)]  # purpose 0: flow noise, 1: solver noise
        for step in range(most - 1):
            noise.append(gaussian_rows(key, place, self.patch_dim, 1, step))
        return self.round_with_noise(conds, canvases, orders, budget, scales, torch.stack(noise, 1))

    @torch.jit.export
    def round_with_noise(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        budget: Tensor,
        scales: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """:meth:`round` with the standard normal draws given, for tests: [sum(end - begin), draws, P].

        Draw 0 is what a patch starts from, draw 1 + k is added by step k of a stochastic solver.
        """
        plan: list[list[int]] = budget.tolist()
        scale: list[list[float]] = scales.tolist()
        begins: list[int] = []
        ends: list[int] = []
        guided: list[int] = []
        starts: list[int] = []  # first packed row of each request, and of its unconditional twin
        twins: list[int] = []
        total = 0
        for i in range(len(plan)):
            begins.append(plan[i][0])
            ends.append(plan[i][1])
            starts.append(total)
            total += plan[i][1] - plan[i][0]
            if scale[i][0] != 1.0:
                guided.append(i)
        twin = total
        for i in range(len(plan)):
            twins.append(twin)
            if self.buffer_guidance and i in guided:
                twin += ends[i] - begins[i]
        segments: list[int] = []
        for i in range(len(plan)):
            segments.append(i)
        if self.buffer_guidance:
            segments = segments + guided
        contexts = self._contexts(conds, canvases, orders, begins, ends, segments)
        patches = self._draw(contexts, plan, scales, starts, twins, noise)
        for i in range(len(plan)):
            canvases[i][begins[i] : ends[i]] = patches[starts[i] : starts[i] + ends[i] - begins[i]]
        return patches

    def _draw(
        self,
        contexts: Tensor,
        plan: list[list[int]],
        scales: Tensor,
        starts: list[int],
        twins: list[int],
        noise: Tensor,
    ) -> Tensor:
        """Runs the solver on all requests' rows; those with as many steps together. Patches, packed."""
        scale: list[list[float]] = scales.tolist()
        owners, portions, steps = self._portions(contexts, plan, scale, starts)
        patches = torch.empty([noise.shape[0], self.patch_dim], dtype=torch.float32, device=contexts.device)
        for group in self._groups(owners, steps, scale):
            index: list[Tensor] = []
            uncond: list[Tensor] = [contexts[:0]]
            settings: list[Tensor] = []
            sizes: list[int] = []
            for portion in group:
                i, rows = owners[portion], portions[portion]
                index.append(rows + starts[i])
                if scale[i][0] != 1.0 and self.buffer_guidance:
                    uncond.append(contexts[rows + twins[i]])
                elif scale[i][0] != 1.0:
                    uncond.append(self.uncond.expand(rows.shape[0], contexts.shape[1]))
                settings.append(scales[i].float().to(contexts.device).expand(rows.shape[0], 4))
                sizes.append(rows.shape[0])
            chosen, setting = torch.cat(index), torch.cat(settings)
            both = torch.cat([contexts[chosen], torch.cat(uncond)])
            draws = noise[chosen]
            x = draws[:, 0] * setting[:, 3:4]
            added = draws[:, 1:] * setting[:, 2:3].unsqueeze(2)
            sampled = self._sample(x, both, setting[:, 0:1], added, steps[group[0]], sizes)
            patches.index_copy_(0, chosen, sampled)
        return patches

    def _portions(
        self, contexts: Tensor, plan: list[list[int]], scale: list[list[float]], starts: list[int]
    ) -> tuple[list[int], list[Tensor], list[int]]:
        """Rows of a request that get as many steps: all, or the boosted ones apart. Their request, rows in it, steps."""
        owners: list[int] = []
        portions: list[Tensor] = []
        steps: list[int] = []
        for i in range(len(plan)):
            begin, end, usual, boosted, _, _ = plan[i]
            fraction = 0.0 if self.adaptive or usual == boosted else scale[i][1]
            if fraction <= 0.0:
                owners.append(i)
                portions.append(torch.arange(end - begin, device=contexts.device))
                steps.append(usual)
                continue
            marks = detailed(contexts[starts[i] : starts[i] + end - begin], fraction)
            for rows, count in [((~marks).nonzero()[:, 0], usual), (marks.nonzero()[:, 0], boosted)]:
                if rows.shape[0] > 0:
                    owners.append(i)
                    portions.append(rows)
                    steps.append(count)
        return owners, portions, steps

    def _groups(self, owners: list[int], steps: list[int], scale: list[list[float]]) -> list[list[int]]:
        """Portions that can share the solver's steps: as many of them, and all guided or none."""
        groups: list[list[int]] = []
        for portion in range(len(owners)):
            guided = scale[owners[portion]][0] != 1.0
            found = False
            for group in groups:
                other = group[0]
                if not found and steps[other] == steps[portion] and (scale[owners[other]][0] != 1.0) == guided:
                    group.append(portion)
                    found = True
            if not found:
                groups.append([portion])
        return groups

    @torch.jit.export
    def gaussian(self, seed: int, patches: Tensor, channels: int, purpose: int, step: int) -> Tensor:
        """Noise of :func:`modelkit.philox.gaussian`: patches int64 [M] -> [M, channels]."""
        return gaussian(seed, patches, channels, purpose, step)

    @torch.jit.export
    def philox(self, seed: int, counters: Tensor) -> Tensor:
        """Random words of :func:`modelkit.philox.philox`: counters int64 [M, 4] -> int64 [M, 4]."""
        return philox(seed, counters)


class DdpmRounds:
    """The solver of MAR's head, for subclasses of :class:`PackedRounds`."""

    def add_ddpm(self, alphas: Tensor, sections: list[int]) -> None:
        """``alphas``: of all trained steps; ``sections``: how many sampling steps each section of them gets."""
        self.sections = sections
        self.register_buffer("alphas", alphas)

    def draws(self, steps: int) -> int:
        return 1 + steps

    def _sample(
        self, x: Tensor, contexts: Tensor, guidance: Tensor, noise: Tensor, steps: int, sizes: list[int]
    ) -> Tensor:
        """Denoises x [M, P] in ``steps``; contexts [M or 2 M, D], noise [M, at least steps, P], temperature included."""
        total = 0
        for count in self.sections:
            total += count
        table = ddpm_table(self.alphas, self.sections if steps == total else [steps])
        rows: list[list[float]] = table.tolist()
        times = self.head.time(table[:, 0].float().to(x.device))
        conditions = self.head.condition(contexts)
        twice = contexts.shape[0] > x.shape[0]
        for step in range(len(rows)):
            output = self.head(torch.cat([x, x]) if twice else x, times[step] + conditions)
            x = ddpm_step(x, output, rows[step], guidance, noise[:, step])
        return x
