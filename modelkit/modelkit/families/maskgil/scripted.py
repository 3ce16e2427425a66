"""MaskGIL as servers run it: rounds that turn masked ids into ids.

All requests have the same number of rows in every round, so that a pack is a batch. A request's state is its ids int64 [N]
in raster order, -1 where one is to be drawn; which are kept is chosen by certainty, so that there is no order. Equal to
:mod:`.reference` up to the order of float additions, with noise of :mod:`modelkit.philox`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...philox import philox
from ..maskgen.scripted_vq import gumbel_rows
from ..text_towers import NoTower
from .castable import make_castable
from .model import MaskGil
from .sampler import progress


class ScriptedMaskGil(nn.Module):
    """All entry points. Takes ``model`` over: its layers can be cast afterwards, and no longer trained.

    ``tower`` gives features of text token ids; without one, text comes as features. In the first ``random_rounds`` rounds
    chance alone decides which ids are kept.
    """

    def __init__(self, model: MaskGil, tower: nn.Module | None = None, random_rounds: int = 0) -> None:
        super().__init__()
        self.random_rounds = random_rounds
        config = model.config
        self.tokens, self.codes = config.tokens, config.codes
        self.slot_count, self.feature_dim = config.slots, config.feature_dim
        self.tower = NoTower() if tower is None else tower
        make_castable(model.layers)
        self.net = model

    @torch.jit.export
    def use_precision(self, name: str) -> str:
        """Converts the blocks' weights in place to ``float32`` or ``bfloat16``; see ScriptedMadit."""
        if name == "float32":
            self.net.cast(torch.float32)
        elif name == "bfloat16":
            self.net.cast(torch.bfloat16)
        else:
            raise ValueError("precision must be float32 or bfloat16")
        return name

    @torch.jit.export
    def embed_text(self, text_ids: Tensor) -> Tensor:
        """Caption token ids int64 [S'] -> features [S', E]."""
        return self.tower(text_ids)

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """Condition slots [2 S, D], those of no condition last.

        ids: a class int64 [1] (-1 or [0]: of no class). text: features [S', E] of a caption or of speech, S' at most the
        model's S, 0 for none. A model reads one of them and ignores the other.
        """
        label = ids[:1] if ids.shape[0] > 0 else torch.full([1], -1, dtype=torch.int64, device=ids.device)
        features = torch.zeros([2, self.slot_count, self.feature_dim], device=label.device)
        seen = torch.zeros([2, self.slot_count], dtype=torch.bool, device=label.device)
        if self.feature_dim > 0 and text.shape[0] > 0:
            if text.shape[0] > self.slot_count:
                raise ValueError("text must have no more features than the model has slots")
            features[0, : text.shape[0]] = text
            seen[0, : text.shape[0]] = True
        return self.net.slots(torch.cat([label, torch.full_like(label, -1)]), features, seen).flatten(0, 1)

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial state: ids int64 [N], -1 where one is to be drawn. ``order`` has no meaning here."""
        return ids.clone()

    @torch.jit.export
    def round(
        self, conds: list[Tensor], canvases: list[Tensor], orders: list[Tensor], budget: Tensor, scales: Tensor
    ) -> Tensor:
        """One round of each of B requests; writes ids into ``canvases`` and returns these, packed [B N].

        conds from :meth:`condition`; orders have no meaning. budget: int64 [B, 6] = begin and end, the numbers of known
        ids before and after; this round, counted from 1; all rounds; seed (64 bits); flags, unused. scales: float64
        [B, 4] = guidance (the last round's), choice temperature, temperature (multiplies logits), unused.
        """
        plan: list[list[int]] = budget.tolist()
        places = self.masked(canvases)
        seeds: list[Tensor] = []
        rounds: list[Tensor] = []
        for i in range(len(plan)):
            seeds.append(torch.full_like(places[i], plan[i][4]))
            rounds.append(torch.full_like(places[i], plan[i][2] - 1))
        seed, place, index = torch.cat(seeds), torch.cat(places), torch.cat(rounds)
        choice = gumbel_rows(seed, place, self.codes + 1, 3, index)  # purpose 3: categorical, 4: Gumbel
        order = gumbel_rows(seed, place, 1, 4, index)[:, 0]
        return self.round_with_noise(conds, canvases, orders, budget, scales, choice, order)

    @torch.jit.export
    def masked(self, canvases: list[Tensor]) -> list[Tensor]:
        """Places int64 of the masked ids of each request."""
        places: list[Tensor] = []
        for ids in canvases:
            places.append((ids < 0).nonzero()[:, 0])
        return places

    @torch.jit.export
    def round_with_noise(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        budget: Tensor,
        scales: Tensor,
        choice: Tensor,
        order: Tensor,
    ) -> Tensor:
        """:meth:`round` with Gumbel noise given, for tests: M masked ids of all requests, choice [M, V + 1], order [M]."""
        plan: list[list[int]] = budget.tolist()
        scale: list[list[float]] = scales.tolist()
        places = self.masked(canvases)
        weights: list[float] = []
        for i in range(len(plan)):
            if places[i].shape[0] != self.tokens - plan[i][0]:
                raise ValueError("begin must be the number of known ids")
            if plan[i][1] <= plan[i][0] or plan[i][1] > self.tokens:
                raise ValueError("end must be above begin and at most the number of ids")
            weights.append(scale[i][0] * progress(plan[i][2] - 1, plan[i][3]))
        logits = self.logits(conds, canvases, places, weights)
        start = 0
        for i in range(len(plan)):
            end = start + places[i].shape[0]
            log_probability = F.log_softmax(logits[start:end] * scale[i][2], 1)
            chosen = (log_probability + choice[start:end]).argmax(1)
            certainty = log_probability.gather(1, chosen.unsqueeze(1))[:, 0].double()
            spread = scale[i][1] * (1.0 - progress(plan[i][2] - 1, plan[i][3]))
            certainty = certainty + spread * order[start:end].double()
            if plan[i][2] <= self.random_rounds:
                certainty = order[start:end].double()
            best = torch.argsort(certainty, dim=0, descending=True, stable=True)[: plan[i][1] - plan[i][0]]
            canvases[i].index_copy_(0, places[i][best], chosen[best])
            start = end
        return torch.cat(canvases)

    @torch.jit.export
    def logits(self, conds: list[Tensor], canvases: list[Tensor], places: list[Tensor], weights: list[float]) -> Tensor:
        """Guided logits [M, V + 1] of ``places``; requests of weight 0 have no unconditional half."""
        ids = torch.stack(canvases)
        ids = torch.where(ids < 0, self.codes, ids)
        half = self.slot_count
        slots: list[Tensor] = []
        rows: list[Tensor] = []
        guided: list[int] = []
        for i in range(len(conds)):
            slots.append(conds[i][:half])
            rows.append(places[i] + i * self.tokens)
            if weights[i] != 0.0:
                guided.append(i)
        wanted, parts = places + [places[i] for i in guided], [ids]
        for k in range(len(guided)):
            slots.append(conds[guided[k]][half:])
            parts.append(ids[guided[k]].unsqueeze(0))
            rows.append(places[guided[k]] + (len(conds) + k) * self.tokens)
        hidden = self.net.hidden(torch.cat(parts), torch.stack(slots)).flatten(0, 1)
        logits = self.net.head(hidden[torch.cat(rows)], torch.cat(wanted)).split([one.shape[0] for one in wanted])
        result: list[Tensor] = []
        k = len(conds)
        for i in range(len(conds)):
            if weights[i] == 0.0:
                result.append(logits[i])
            else:
                result.append((1.0 + weights[i]) * logits[i] - weights[i] * logits[k])
                k += 1
        return torch.cat(result)

    @torch.jit.export
    def picture_tokens(self, canvas: Tensor, order: Tensor) -> Tensor:
        """What the decoder draws: ids int64 [N] of codewords; where the mask itself was drawn, the last one."""
        return canvas.clamp(0, self.codes - 1)

    @torch.jit.export
    def philox(self, seed: int, counters: Tensor) -> Tensor:
        """Random words of :func:`modelkit.philox.philox`: counters int64 [M, 4] -> int64 [M, 4]."""
        return philox(seed, counters)

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`picture_tokens`."""
        return self.picture_tokens(canvas, order)
