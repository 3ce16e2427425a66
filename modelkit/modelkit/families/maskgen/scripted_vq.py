"""The VQ variant as servers run it: rounds that turn masked ids into ids.

All requests have the same number of rows in every round, so that a pack is a batch. A request's state is its ids int64 [N]
in raster order, -1 where masked; the tokens of a round are chosen by their certainty, so that there is no order.
Equal to :mod:`.reference` up to the order of float additions, with noise of :mod:`modelkit.philox`.
"""

import torch
from torch import Tensor, nn

from ...philox import philox, philox_rows, uniform
from ..text_towers import NoTower
from .joint import stacked_halves
from .model import MaskGenVq, spread_waves
from .vq_sampler import VqSampling, guidance_weight, gumbel_of, softmax_temperature


def gumbel_rows(seeds: Tensor, places: Tensor, channels: int, purpose: int, rounds: Tensor) -> Tensor:
    """Gumbel noise float32 [M, channels] for rows with own seeds, places and rounds, each int64 [M].

    Counter: (place, channel // 4, purpose, round), one word per channel.
    """
    blocks = (channels + 3) // 4
    block = torch.arange(blocks, device=places.device).expand(places.shape[0], blocks)
    place, step = places.unsqueeze(1).expand_as(block), rounds.unsqueeze(1).expand_as(block)
    counters = torch.stack([place, block, torch.full_like(block, purpose), step], 2).view(-1, 4)
    words = philox_rows(seeds.repeat_interleave(blocks), counters).view(places.shape[0], -1)
    return gumbel_of(uniform(words))[:, :channels].float()


class ScriptedMaskGenVq(nn.Module):
    """All entry points. Shares its weights with ``model``; ``sampling`` fixes how guidance and temperatures run.

    ``tower`` gives features of text token ids; without one, text comes as features.
    """

    def __init__(
        self, model: MaskGenVq, text_length: int, sampling: VqSampling, tower: nn.Module | None = None
    ) -> None:
        super().__init__()
        config = model.config
        self.text_length, self.tokens, self.codes = text_length, config.tokens, config.codebook_size
        self.aesthetic_dim = config.aesthetic_dim
        self.tower = NoTower() if tower is None else tower
        self.decay, self.decay_power = sampling.decay, sampling.decay_power
        self.anneal_softmax, self.noisy_order = sampling.anneal_softmax, sampling.noisy_order
        self.text, self.pooled = model.text_embed_proj, model.cond_pooled_proj
        self.blocks, self.norm = model.blocks, model.norm
        self.register_buffer("embeddings", model.embeddings.weight.detach()[: self.codes + 1])
        self.register_buffer("positions", model.pos_embed.detach())
        tied = config.tied_head
        self.register_buffer("head", self.embeddings[: self.codes] if tied else model.lm_head.weight)
        self.register_buffer("head_bias", torch.zeros(self.codes) if tied else model.lm_head.bias)

    @torch.jit.export
    def use_precision(self, name: str) -> str:
        """Converts the blocks' weights in place to ``float32`` or ``bfloat16``; see ScriptedMadit."""
        if name == "float32":
            dtype = torch.float32
        elif name == "bfloat16":
            dtype = torch.bfloat16
        else:
            raise ValueError("precision must be float32 or bfloat16")
        for block in self.blocks:
            block.cast(dtype)
        return name

    @torch.jit.export
    def embed_text(self, text_ids: Tensor) -> Tensor:
        """Caption token ids int64 [S'] -> text features [S, E]; CLIP's begin and end alone give those of no text."""
        return self.tower(text_ids)

    @torch.jit.export
    def pool_text(self, text_ids: Tensor) -> Tensor:
        """Caption token ids int64 [S'] -> pooled text [E]."""
        return self.tower.pooled(text_ids)

    @torch.jit.export
    def condition(self, text: Tensor, pooled: Tensor, null_text: Tensor, null_pooled: Tensor, score: Tensor) -> Tensor:
        """Everything a request is conditioned on, [2 (S + 1), D]: text slots, the pooled slot, and both for no text.

        text, null_text [S, E] with the model's S; pooled, null_pooled [E]; score [1], the aesthetic score.
        """
        if text.shape[0] != self.text_length or null_text.shape[0] != self.text_length:
            raise ValueError("text must fill all slots of the model")
        vectors = torch.stack([pooled, null_pooled])
        if self.aesthetic_dim > 0:
            vectors = torch.cat([vectors, spread_waves(score.float().expand(2), self.aesthetic_dim)], 1)
        slots = self.pooled(vectors).unsqueeze(1)
        return torch.cat([self.text(torch.stack([text, null_text])), slots], 1).flatten(0, 1)

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial state: ids int64 [N], -1 where a token is to be generated. ``order`` has no meaning here."""
        return ids.clone()

    @torch.jit.export
    def round(
        self, conds: list[Tensor], canvases: list[Tensor], orders: list[Tensor], budget: Tensor, scales: Tensor
    ) -> Tensor:
        """One round of each of B requests; writes ids into ``canvases`` and returns these, packed [B N].

        conds from :meth:`condition`; orders have no meaning. budget: int64 [B, 6] = begin and end, the numbers of known
        tokens before and after; this round, counted from 1; all rounds; seed (64 bits); flags, unused. scales: float64
        [B, 4] = guidance (the last round's), temperature of the noise (the first round's), unused, unused.
        """
        plan: list[list[int]] = budget.tolist()
        places = self.masked(canvases)
        seeds: list[Tensor] = []
        rounds: list[Tensor] = []
        for i in range(len(plan)):
            seeds.append(torch.full_like(places[i], plan[i][4]))
            rounds.append(torch.full_like(places[i], plan[i][2] - 1))
        seed, place, index = torch.cat(seeds), torch.cat(places), torch.cat(rounds)
        choice = gumbel_rows(seed, place, self.codes, 3, index)  # purpose 3: categorical, 4: Gumbel
        order = gumbel_rows(seed, place, 1, 4, index)[:, 0]
        return self.round_with_noise(conds, canvases, orders, budget, scales, choice, order)

    @torch.jit.export
    def masked(self, canvases: list[Tensor]) -> list[Tensor]:
        """Places int64 of the masked tokens of each request."""
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
        """:meth:`round` with Gumbel noise given, for tests: M masked tokens of all requests, choice [M, V], order [M]."""
        plan: list[list[int]] = budget.tolist()
        scale: list[list[float]] = scales.tolist()
        places = self.masked(canvases)
        weights: list[float] = []
        divisors: list[float] = []
        noise: list[float] = []
        counts: list[int] = []
        rows: list[Tensor] = []
        for i in range(len(plan)):
            ratio = float(plan[i][2]) / float(plan[i][3])
            weights.append(guidance_weight(scale[i][0], self.decay, self.decay_power, ratio))
            divisors.append(softmax_temperature(self.anneal_softmax, scale[i][1], ratio))
            noise.append(scale[i][1] * (1.0 - ratio))
            counts.append(places[i].shape[0])
            if counts[i] != self.tokens - plan[i][0]:
                raise ValueError("begin must be the number of known ids")
            rows.append(places[i] + i * self.tokens)
        row = torch.cat(rows)
        logits = self.logits(conds, canvases, row)
        device = logits.device
        repeats = torch.tensor(counts)
        weight, divisor, spread = [
            torch.tensor(values).repeat_interleave(repeats).to(device) for values in (weights, divisors, noise)
        ]
        cond, uncond = logits.chunk(2)
        guided = (cond + (cond - uncond) * weight.unsqueeze(1)) / divisor.unsqueeze(1)
        chosen = (guided + spread.unsqueeze(1) * choice).argmax(1)
        certainty = guided.gather(1, chosen.unsqueeze(1))[:, 0]
        if self.noisy_order:
            certainty = certainty + spread * order
        start = 0
        for i in range(len(plan)):
            end = start + counts[i]
            kept = certainty[start:end].argsort()[self.tokens - plan[i][1] :]
            canvases[i].index_copy_(0, places[i][kept], chosen[start:end][kept])
            start = end
        return torch.cat(canvases)

    @torch.jit.export
    def logits(self, conds: list[Tensor], canvases: list[Tensor], rows: Tensor) -> Tensor:
        """Logits [2 M, V] of ``rows`` int64 [M] among all B N tokens, the unconditional ones last."""
        ids = torch.stack(canvases)
        ids = torch.where(ids < 0, self.codes, ids)
        x = (self.embeddings[ids] + self.positions).repeat(2, 1, 1)
        slots = stacked_halves(conds)
        text, pooled = slots[:, :-1], slots[:, -1]
        for block in self.blocks:
            x, text = block(x, text, pooled)
        hidden = self.norm(x, pooled).flatten(0, 1)
        wanted = hidden[torch.cat([rows, rows + ids.numel()])]
        return torch.nn.functional.linear(wanted, self.head, self.head_bias)

    @torch.jit.export
    def picture_tokens(self, canvas: Tensor, order: Tensor) -> Tensor:
        """What TA-TiTok decodes: the ids int64 [N]."""
        return canvas.clone()

    @torch.jit.export
    def philox(self, seed: int, counters: Tensor) -> Tensor:
        """Random words of :func:`modelkit.philox.philox`: counters int64 [M, 4] -> int64 [M, 4]."""
        return philox(seed, counters)

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`picture_tokens`."""
        return self.picture_tokens(canvas, order)
