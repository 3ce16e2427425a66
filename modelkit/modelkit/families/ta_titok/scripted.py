"""TA-TiTok as servers run it: the entry points of :class:`modelkit.scripted.ScriptedMadit`, and plans of one round.

A canvas [N, P] holds the decoder's patches before its last convolution, which :meth:`ScriptedTaTitok.decode` applies: row,
column, colour inside a patch, colour fastest. The "latents" are the same numbers as a picture [3, H, W]. Requests have text
of different lengths; they are packed as in :mod:`modelkit.scripted`. There is no noise: seeds have no effect.
"""

from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...scripted import PackedBlock
from ..text_towers import NoTower
from .model import Backbone, TaTitok


def _packed(part: Backbone) -> list[PackedBlock]:
    """The authors' blocks as packed ones with the same weights."""
    packed = []
    for block in part.transformer:
        attention, mlp = block.attn, block.mlp
        qkv = SimpleNamespace(weight=attention.in_proj_weight, bias=attention.in_proj_bias)
        layers = {"qkv": qkv, "proj": attention.out_proj, "fc1": mlp.c_fc, "fc2": mlp.c_proj}
        norms = {"norm1": block.ln_1, "norm2": block.ln_2}
        packed.append(PackedBlock(SimpleNamespace(heads=attention.heads, **norms, **layers)))
    return packed


class ScriptedTaTitok(nn.Module):
    """All entry points. Shares its weights with ``model``.

    ``tower`` gives features of text token ids; without one, text comes as features.
    """

    def __init__(self, model: TaTitok, tower: nn.Module | None = None) -> None:
        super().__init__()
        config, encoder, decoder = model.config, model.encoder, model.decoder
        self.discrete, self.unit_codes = config.discrete, config.unit_codes
        self.grid, self.side, self.tokens = config.grid, config.decoder.patch, config.tokens
        self.tower = NoTower() if tower is None else tower
        self.text_length, self.image_size = config.text_length, config.image_size
        self.encoder_grid = encoder.grid
        self.patch_embed, self.encoder_in, self.encoder_out = encoder.patch_embed, encoder.ln_pre, encoder.ln_post
        self.to_latents = encoder.conv_out
        self.latent, self.text = decoder.decoder_embed, decoder.text_guidance_proj
        self.decoder_in, self.decoder_out = decoder.ln_pre, decoder.ln_post
        self.to_pixels, self.smooth = decoder.ffn[0], decoder.conv_out
        self.encoder = nn.ModuleList(_packed(encoder))
        blocks = _packed(decoder)
        self.decoder, self.last = nn.ModuleList(blocks[:-1]), blocks[-1]
        with torch.no_grad():
            self.register_buffer("encoder_class", encoder.class_embedding + encoder.positional_embedding[:1])
            self.register_buffer("encoder_positions", encoder.positional_embedding[1:])
            self.register_buffer("queries", model.latent_tokens + encoder.latent_token_positional_embedding)
            # Class slot and mask tokens with their positions: the same rows begin every decoder input.
            mask = decoder.mask_token[0].expand(self.grid**2, -1)
            start = torch.cat([decoder.class_embedding, mask]) + decoder.positional_embedding
            self.register_buffer("decoder_start", start)
            self.register_buffer("latent_positions", decoder.latent_token_positional_embedding.detach())
            self.register_buffer("text_positions", decoder.text_guidance_positional_embedding.detach())
            codes = model.quantize.lookup(torch.arange(config.codebook_size)) if config.discrete else torch.zeros(0, 0)
            self.register_buffer("codebook", codes)

    @torch.jit.export
    def use_precision(self, name: str) -> str:
        """Converts the transformers' weights in place to ``float32`` or ``bfloat16``; see ScriptedMadit."""
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
        x = self.decoder_start[:1].expand(rows, -1)
        w1, w2 = self.last.fc1.weight.to(dtype), self.last.fc2.weight.to(dtype)
        for _ in range(repeats):
            x = F.linear(F.gelu(F.linear(x.to(dtype), w1)), w2).float()
        return x

    @torch.jit.export
    def embed_text(self, text_ids: Tensor) -> Tensor:
        """Caption token ids int64 [S] -> features [S', E]."""
        return self.tower(text_ids)

    @torch.jit.export
    def nearest(self, tokens: Tensor) -> Tensor:
        """Continuous tokens [L, C] -> ids int64 [L]."""
        if self.unit_codes:
            tokens = F.normalize(tokens, dim=-1)
        squares = tokens.square().sum(1, keepdim=True) + self.codebook.square().sum(1)
        return (squares - 2.0 * tokens @ self.codebook.t()).argmin(1)

    @torch.jit.export
    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """ids int64 [L] (-1 = missing: a zero code), text features [S, E], S may be 0 -> slots [L + S, D]."""
        if not self.discrete:
            raise ValueError("this model takes continuous tokens, not ids")
        return self.condition_tokens(self.codebook[ids.clamp_min(0)] * (ids >= 0).unsqueeze(1), text)

    @torch.jit.export
    def condition_tokens(self, tokens: Tensor, text: Tensor) -> Tensor:
        """Like :meth:`condition`, from continuous tokens [L, C]."""
        slots = self.latent(tokens) + self.latent_positions
        if text.shape[0] == 0:
            return slots
        if text.shape[0] > self.text_length:
            raise ValueError("text has more slots than the model")
        return torch.cat([slots, self.text(text) + self.text_positions[: text.shape[0]]])

    @torch.jit.export
    def canvas(self, ids: Tensor, order: Tensor) -> Tensor:
        """The initial canvas [N, P]: nothing is known before the round."""
        return torch.zeros([order.shape[0], 3 * self.side * self.side], device=order.device)

    @torch.jit.export
    def round(
        self,
        conds: list[Tensor],
        canvases: list[Tensor],
        orders: list[Tensor],
        budget: Tensor,
        scales: Tensor,
    ) -> Tensor:
        """Decodes each request and writes the rows begin..end of its canvas; returns them packed.

        Arguments as in ScriptedMadit; only begin and end of the budget (its first two columns) have a meaning. All
        patches are predicted independently of the canvas, so plans have one round.
        """
        plan: list[list[int]] = budget.tolist()
        rows: list[Tensor] = []
        lengths: list[int] = []
        for cond in conds:
            rows.append(self.decoder_start)
            rows.append(cond)
            lengths.append(self.decoder_start.shape[0] + cond.shape[0])
        x = self.decoder_in(torch.cat(rows))
        for block in self.decoder:
            x = block(x, lengths)
        wanted: list[Tensor] = []
        counts: list[int] = []
        start = 0
        for i in range(len(conds)):
            wanted.append(orders[i][plan[i][0] : plan[i][1]] + (start + 1))  # behind the class slot
            counts.append(plan[i][1] - plan[i][0])
            start += lengths[i]
        x = self.decoder_out(self.last.predicted(x, lengths, torch.cat(wanted), counts))
        patches = F.linear(x, self.to_pixels.weight.flatten(1), self.to_pixels.bias)
        start = 0
        for i in range(len(conds)):
            end = start + counts[i]
            canvases[i][plan[i][0] : plan[i][1]] = patches[start:end]
            start = end
        return patches

    @torch.jit.export
    def latents(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> picture before the last convolution [3, H, W]."""
        raster = torch.zeros_like(canvas).index_copy(0, order, canvas)
        tiles = raster.view(self.grid, self.grid, self.side, self.side, 3).permute(4, 0, 2, 1, 3)
        return tiles.reshape(3, self.image_size, self.image_size)

    @torch.jit.export
    def canvas_of(self, latents: Tensor, order: Tensor) -> Tensor:
        """Inverse of :meth:`latents`."""
        tiles = latents.view(3, self.grid, self.side, self.grid, self.side).permute(1, 3, 2, 4, 0)
        return tiles.reshape(self.grid * self.grid, -1)[order]

    @torch.jit.export
    def decode(self, canvas: Tensor, order: Tensor) -> Tensor:
        """Canvas [N, P] in reveal ``order`` int64 [N] -> picture uint8 [H, W, 3]."""
        return self.decode_latents(self.latents(canvas, order))

    @torch.jit.export
    def pixels(self, latents: Tensor) -> Tensor:
        """Latents [3, H, W] -> the authors' unclamped picture [3, H, W], 0 black and 1 white."""
        return self.smooth(latents.unsqueeze(0))[0]

    @torch.jit.export
    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents [3, H, W] -> picture uint8 [H, W, 3]: clamp to [0, 1], round(255 x)."""
        levels = (self.pixels(latents).clamp(0.0, 1.0) * 255.0).round()
        return levels.to(torch.uint8).permute(1, 2, 0).contiguous()

    @torch.jit.export
    def encode(self, rgb: Tensor) -> Tensor:
        """Picture uint8 [H, W, 3] -> ids int64 [L]; of the KL variant its tokens' means float32 [L, C]."""
        latents = self.encode_pixels(rgb.permute(2, 0, 1).float() / 255.0)
        return self.nearest(latents) if self.discrete else latents.chunk(2, 1)[0].contiguous()

    @torch.jit.export
    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """Picture float32 [3, H, W] in [0, 1] -> latent vectors [L, C], of the KL variant [L, 2 C] (mean, log variance)."""
        patches = self.patch_embed(pixels.unsqueeze(0))[0].flatten(1).t() + self.encoder_positions
        x = self.encoder_in(torch.cat([self.encoder_class, patches, self.queries]))
        lengths = [x.shape[0]]
        for block in self.encoder:
            x = block(x, lengths)
        x = self.encoder_out(x[-self.tokens :])
        return F.linear(x, self.to_latents.weight.flatten(1), self.to_latents.bias)

    def forward(self, canvas: Tensor, order: Tensor) -> Tensor:
        """:meth:`decode`."""
        return self.decode(canvas, order)
