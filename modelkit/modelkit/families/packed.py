"""The served form of a masked encoder-decoder: packed ragged rounds as TorchScript, like :mod:`modelkit.scripted`.

Requests at different rounds lie in one list of rows; linear layers see all rows, attention sees each request's own. A
family adds its condition and its head. Every entry point takes and returns tensors only. Symbols: B requests, S
condition slots, N patches of P values, D width. Equal to the family's reference up to the order of float additions.
"""

from types import SimpleNamespace

import torch
from torch import Tensor, nn

from ..scripted import PackedBlock
from ..tokenizer import patchify, unpatchify
from .adaln_mlp import AdaLnMlp
from .masked import Block, MaskedTransformer
from .rounds import PackedRounds


class NoVae(nn.Module):
    """Stands in for an autoencoder in bundles without one: they give latents, not pictures."""

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        raise ValueError("this bundle has no autoencoder")

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        raise ValueError("this bundle has no autoencoder")


def packed_block(block: Block) -> PackedBlock:
    """The authors' block as a packed one with the same weights."""
    attention, mlp = block.attn, block.mlp
    parts = SimpleNamespace(heads=attention.heads, norm1=block.norm1, norm2=block.norm2)
    return PackedBlock(SimpleNamespace(**vars(parts), qkv=attention.qkv, proj=attention.proj, fc1=mlp.fc1, fc2=mlp.fc2))


class PackedMasked(PackedRounds):
    """Shares its weights with ``model``; a subclass adds its solver.

    ``buffer_guidance``: the unconditional branch runs through the transformer; else it enters at the head only.
    """

    def __init__(self, model: MaskedTransformer, net: AdaLnMlp, buffer_guidance: bool, vae: nn.Module | None) -> None:
        config = model.masked
        super().__init__(net, config.patch_dim, buffer_guidance, model.fake_latent.detach())
        slots = config.slots
        self.slot_count, self.patches = slots, config.patches
        self.grid, self.patch_size = config.grid, config.patch_size
        self.patch, self.encoder_in, self.encoder_out = model.z_proj, model.z_proj_ln, model.encoder_norm
        self.decoder_in, self.decoder_out = model.decoder_embed, model.decoder_norm
        self.encoder = nn.ModuleList([packed_block(block) for block in model.encoder_blocks])
        decoder = [packed_block(block) for block in model.decoder_blocks]
        self.decoder, self.last = nn.ModuleList(decoder[:-1]), decoder[-1]
        self.vae = vae if vae is not None else NoVae()
        encoder_positions = model.encoder_pos_embed_learned.detach()[0]
        self.register_buffer("slot_table", encoder_positions[:slots])
        self.register_buffer("patch_table", encoder_positions[slots:])
        self.register_buffer("decoder_table", model.decoder_pos_embed_learned.detach()[0])
        self.register_buffer("diffusion_positions", model.diffusion_pos_embed_learned.detach()[0])
        self.register_buffer("mask_token", model.mask_token.detach()[0])

    @torch.jit.export
    def use_precision(self, name: str) -> str:
        """Converts the weights of the heavy layers in place to ``float32`` or ``bfloat16``; call it before a round.

        Everything else stays float32, the head too: its solvers divide by small numbers, or chase rounding errors.
        """
        if name == "float32":
            dtype = torch.float32
        elif name == "bfloat16":
            dtype = torch.bfloat16
        else:
            raise ValueError("precision must be float32 or bfloat16")
        for block in self.encoder:
            block.cast(dtype)
        for block in self.decoder:
            block.cast(dtype)
        self.last.cast(dtype)
        return name

    @torch.jit.export
    def probe_precision(self, name: str, rows: int, repeats: int) -> Tensor:
        """Work to time when choosing a precision: ``repeats`` MLPs of one block on ``rows`` rows; [rows, D]."""
        dtype = torch.bfloat16 if name == "bfloat16" else torch.float32
        w1, w2 = self.last.fc1.weight.to(dtype), self.last.fc2.weight.to(dtype)
        x = torch.ones([rows, w1.shape[1]], dtype=torch.float32, device=w1.device)
        for _ in range(repeats):
            x = nn.functional.linear(nn.functional.gelu(nn.functional.linear(x.to(dtype), w1)), w2).float()
        return x

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial canvas: zeros [N, P]."""
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
        """Contexts of the predicted patches of all segments, packed: [sum(end - begin), D].

        A segment is the index of its request; its unconditional twin comes after all requests.
        """
        slots = self.slot_count
        seen: list[Tensor] = []
        places: list[Tensor] = []
        sizes: list[int] = []
        for i in segments:
            seen.append(canvases[i][: begins[i]])
            places.append(orders[i][: begins[i]])
            sizes.append(begins[i])
        visible = (self.patch(torch.cat(seen)) + self.patch_table[torch.cat(places)]).split_with_sizes(sizes)
        rows: list[Tensor] = []
        lengths: list[int] = []
        for s in range(len(segments)):
            i = segments[s]
            condition = conds[i] if s < len(conds) else self.uncond.expand(slots, self.uncond.shape[1])
            rows.append(condition + self.slot_table)
            rows.append(visible[s])
            lengths.append(slots + begins[i])
        x = self.encoder_in(torch.cat(rows))
        for block in self.encoder:
            x = block(x, lengths)
        x = self.decoder_in(self.encoder_out(x))

        rows = []
        table: list[Tensor] = []
        full: list[int] = []
        targets: list[Tensor] = []
        predicted: list[Tensor] = []
        counts: list[int] = []
        start, top = 0, 0
        for s in range(len(segments)):
            i = segments[s]
            rows.append(x[start : start + lengths[s]])
            rows.append(self.mask_token.expand(self.patches - begins[i], x.shape[1]))
            table.append(torch.arange(slots, device=x.device))
            table.append(orders[i] + slots)
            full.append(slots + self.patches)
            predicted.append(orders[i][begins[i] : ends[i]])
            targets.append(torch.arange(top + slots + begins[i], top + slots + ends[i], device=x.device))
            counts.append(ends[i] - begins[i])
            start += lengths[s]
            top += slots + self.patches
        x = torch.cat(rows) + self.decoder_table[torch.cat(table)]
        for block in self.decoder:
            x = block(x, full)
        x = self.last.predicted(x, full, torch.cat(targets), counts)
        return self.decoder_out(x) + self.diffusion_positions[torch.cat(predicted)]

    @torch.jit.export
    def latents(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> scaled latents [C, h, w]."""
        raster = torch.zeros_like(canvas).index_copy(0, order, canvas)
        return unpatchify(raster.unsqueeze(0), self.patch_size, self.grid)[0]

    @torch.jit.export
    def canvas_of(self, latents: Tensor, order: Tensor) -> Tensor:
        """Inverse of :meth:`latents`."""
        return patchify(latents.unsqueeze(0), self.patch_size)[0][order]

    @torch.jit.export
    def decode(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> picture uint8 [H, W, 3]."""
        return self.decode_latents(self.latents(canvas, order))

    @torch.jit.export
    def decode_latents(self, latents: Tensor) -> Tensor:
        """Scaled latents [C, h, w] -> picture uint8 [H, W, 3]: clamp to [-1, 1], round((x + 1) 127.5)."""
        pixels = self.vae.decode(latents.unsqueeze(0))[0].clamp(-1.0, 1.0)
        return ((pixels + 1.0) * 127.5).round().to(torch.uint8).permute(1, 2, 0).contiguous()

    @torch.jit.export
    def encode_latents(self, rgb: Tensor) -> Tensor:
        """Picture uint8 [H, W, 3] -> scaled latents [C, h, w]."""
        pixels = rgb.permute(2, 0, 1).unsqueeze(0).float() / 127.5 - 1.0
        return self.vae.encode(pixels)[0]

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`decode`."""
        return self.decode(canvas, order)
