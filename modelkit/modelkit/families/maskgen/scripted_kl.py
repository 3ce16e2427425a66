"""The KL variant as servers run it: masked autoregression over N continuous tokens, with text in every block.

All requests have the same number of rows in every round, so that a pack is a batch. A canvas [N, C] is in reveal order, as
in :mod:`modelkit.scripted`. Equal to :mod:`.reference` up to the order of float additions.
"""

import torch
from torch import Tensor, nn

from ..rounds import DdpmRounds, PackedRounds
from ..text_towers import NoTower
from .joint import stacked_halves
from .model import MaskGenKl, woven_waves


class ScriptedMaskGenKl(DdpmRounds, PackedRounds):
    """Rounds as in :class:`PackedRounds`. Shares its weights with ``model``.

    ``tower`` gives features of text token ids; without one, text comes as features.
    """

    def __init__(self, model: MaskGenKl, text_length: int, tower: nn.Module | None = None) -> None:
        config = model.config
        super().__init__(model.diffloss.net, config.token_size, True, torch.zeros(1, config.width))
        self.add_ddpm(model.diffloss.alphas, list(config.diffusion_steps))
        self.text_length, self.tokens, self.scale = text_length, config.tokens, config.scale
        self.aesthetic_dim = config.aesthetic_dim
        self.tower = NoTower() if tower is None else tower
        self.text, self.pooled = model.text_emb, model.text_pooled_emb
        self.token, self.token_norm = model.z_proj, model.z_proj_ln
        self.blocks, self.norm = model.decoder_blocks, model.decoder_norm
        self.register_buffer("mask_token", model.mask_token.detach()[0])
        self.register_buffer("positions", model.decoder_pos_embed_learned.detach()[0])
        self.register_buffer("diffusion_positions", model.diffusion_pos_embed_learned.detach()[0])

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
            vectors = torch.cat([vectors, woven_waves(score.float().expand(2), self.aesthetic_dim)], 1)
        slots = self.pooled(vectors).unsqueeze(1)
        return torch.cat([self.text(torch.stack([text, null_text])), slots], 1).flatten(0, 1)

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial canvas: zeros [N, C]. ``ids`` has no meaning here."""
        return torch.zeros([order.shape[0], self.patch_dim], dtype=torch.float32, device=order.device)

    def _contexts(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        begins: list[int],
        ends: list[int],
        segments: list[int],
    ) -> Tensor:
        """Contexts of the predicted tokens of all segments, packed: [sum(end - begin), D].

        A segment is the index of its request; its unconditional twin comes after all requests.
        """
        slots = stacked_halves(conds)
        requests = len(conds)
        canvas, order = torch.stack(canvases), torch.stack(orders)
        rows = torch.arange(self.tokens, device=canvas.device)
        known = rows < torch.tensor(begins, device=canvas.device).unsqueeze(1)
        x = torch.where(known.unsqueeze(2), self.token_norm(self.token(canvas)), self.mask_token)
        request = torch.tensor(segments, device=canvas.device)
        x = (x + self.positions[order])[request]
        half = [s if s < requests else requests + segments[s] for s in range(len(segments))]
        slots = slots[torch.tensor(half, device=canvas.device)]
        text, pooled = slots[:, :-1], slots[:, -1]
        for block in self.blocks:
            x, text = block(x, text, pooled)
        x = self.norm(x, pooled) + self.diffusion_positions[order[request]]
        predicted: list[Tensor] = []
        for s in range(len(segments)):
            predicted.append(x[s, begins[segments[s]] : ends[segments[s]]])
        return torch.cat(predicted)

    @torch.jit.export
    def picture_tokens(self, canvas: Tensor, order: Tensor) -> Tensor:
        """What TA-TiTok decodes: tokens [N, C] in raster order, without the scale."""
        return torch.zeros_like(canvas).index_copy(0, order, canvas) / self.scale

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`picture_tokens`."""
        return self.picture_tokens(canvas, order)
