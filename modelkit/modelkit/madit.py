"""The MaDiT decoder: masked encoder-decoder over condition slots and patches, coarse head, flow MLP.

Symbols: N patches, P patch dim, L visual slots (= N), S text slots, C = L + S, D hidden width. See docs/ARCHITECTURE.md
for the equations' sources (MaDiT sections 2.2 and 2.3).
"""

import math
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .gtr import GtrOptions
from .tokenizer import Tokenizer, TokenizerConfig
from .vae import Vae, VaeConfig


@dataclass(frozen=True)
class TextConfig:
    """Caption tokens looked up in a word-embedding table, then projected to D.

    slots: where text enters: ``none``, ``encoder`` or ``both`` (MaDiT Table 2b).
    """

    vocabulary_size: int
    embed_dim: int
    max_tokens: int
    slots: str = "both"


@dataclass(frozen=True)
class FrequencySteps:
    """The share ``fraction`` of patches, those with most detail, gets ``boosted_flow_steps``."""

    fraction: float
    boosted_flow_steps: int


@dataclass(frozen=True)
class SamplingDefaults:
    """What a request gets that names nothing. ``gtr`` has effect with that order only."""

    rounds: int = 64
    flow_steps: int = 10
    guidance_scale: float = 3.0
    guidance_schedule: str = "linear"
    reveal_order: str = "kl"
    reveal_schedule: str = "cosine"
    temperature: float = 1.0
    noise_scale: float = 1.0
    gtr: GtrOptions | None = None
    frequency_steps: FrequencySteps | None = None


@dataclass(frozen=True)
class MaditConfig:
    """Everything that fixes the shapes and the mathematics of one model.

    guidance_placement: ``buffer`` runs the transformer a second time on D tokens (eq. 8 literally); ``velocity`` replaces
    c_j at the flow MLP only. flow_target: ``latent`` (z) or ``residual`` (z - h_j).
    """

    name: str
    image_size: int
    vae: VaeConfig
    tokenizer: TokenizerConfig
    text: TextConfig | None
    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    flow_width: int
    flow_blocks: int
    guidance_placement: str = "buffer"
    flow_target: str = "latent"
    time_shift: float = 1.0
    mlp_ratio: int = 4
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)

    @property
    def latent_side(self) -> int:
        return self.image_size // self.vae.stride

    @property
    def grid(self) -> int:
        """Patches along one axis."""
        return self.latent_side // self.tokenizer.patch

    @property
    def patches(self) -> int:
        """N."""
        return self.grid**2


PRESETS = {
    "madit-512": MaditConfig(
        name="madit-512",
        image_size=512,
        vae=VaeConfig(),
        tokenizer=TokenizerConfig(codebook_size=65536, code_dim=16, width=512),
        text=TextConfig(vocabulary_size=151936, embed_dim=896, max_tokens=128),
        width=1536,
        heads=24,
        encoder_layers=20,
        decoder_layers=20,
        flow_width=1536,
        flow_blocks=12,
    ),
    "madit-nano": MaditConfig(
        name="madit-nano",
        image_size=256,
        vae=VaeConfig((64, 128), 1, norm_groups=16, pixel_unshuffle=4, mid_attention=False, scale=1.0),
        tokenizer=TokenizerConfig(codebook_size=8192, width=160, adapter_blocks=2, readout_blocks=3),
        text=TextConfig(vocabulary_size=30522, embed_dim=64, max_tokens=32),
        width=192,
        heads=6,
        encoder_layers=3,
        decoder_layers=3,
        flow_width=192,
        flow_blocks=4,
        guidance_placement="velocity",
        flow_target="residual",
        sampling=SamplingDefaults(guidance_scale=1.5),
    ),
    "madit-pico": MaditConfig(
        name="madit-pico",
        image_size=64,
        vae=VaeConfig((8, 16), 1, norm_groups=4, pixel_unshuffle=4, mid_attention=False, scale=1.0),
        tokenizer=TokenizerConfig(
            codebook_size=64, code_dim=8, width=16, adapter_blocks=1, readout_blocks=1, norm_groups=4
        ),
        text=TextConfig(vocabulary_size=128, embed_dim=16, max_tokens=8),
        width=32,
        heads=2,
        encoder_layers=2,
        decoder_layers=2,
        flow_width=32,
        flow_blocks=2,
        sampling=SamplingDefaults(rounds=8, flow_steps=4, guidance_scale=2.0),
    ),
}


def preset(name: str, **changes: object) -> MaditConfig:
    """A named configuration, with top-level fields replaced by ``changes``."""
    return replace(PRESETS[name], **changes)


def sincos_1d(positions: Tensor, dim: int) -> Tensor:
    """Sines then cosines of float ``positions`` [M] at dim/2 geometric frequencies from 1 down to 1/100 -> [M, dim].

    The grids have 4 to 32 rows: with the customary base of 10,000 half of the channels would be constant.
    """
    frequencies = torch.exp(-math.log(100.0) * torch.arange(dim // 2, dtype=torch.float64) / (dim // 2))
    angles = positions.double()[:, None] * frequencies[None]
    return torch.cat([angles.sin(), angles.cos()], -1).float()


def sincos_2d(grid: int, dim: int) -> Tensor:
    """Fixed position table [grid*grid, dim] in raster order: half the channels code the row, half the column."""
    axis = torch.arange(grid, dtype=torch.float32)
    table = sincos_1d(axis, dim // 2)
    rows = table[:, None].expand(grid, grid, dim // 2)
    columns = table[None].expand(grid, grid, dim // 2)
    return torch.cat([rows, columns], -1).reshape(grid * grid, dim)


class Block(nn.Module):
    """Pre-norm transformer block; [B, M, D] -> [B, M, D]."""

    def __init__(self, width: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, mlp_ratio * width)
        self.fc2 = nn.Linear(mlp_ratio * width, width)
        # Queries and keys start as one orthogonal map, so that a row first attends to rows at its own position: slots and
        # patches share one position table, and copying from slot to patch is the first thing to learn.
        with torch.no_grad():
            nn.init.orthogonal_(self.qkv.weight[:width], gain=1.3)
            self.qkv.weight[width : 2 * width].copy_(self.qkv.weight[:width])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """``mask``: bool, broadcastable to [B, 1, M, M], True where attention is allowed."""
        b, m, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(b, m, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.proj(attended.transpose(1, 2).reshape(b, m, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class FlowBlock(nn.Module):
    """x + gate * W2 silu(W1 (LN(x) (1 + scale) + shift)); shift, scale, gate come from the modulation vector."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.w1 = nn.Linear(width, width)
        self.w2 = nn.Linear(width, width)
        self.modulation = nn.Linear(width, 3 * width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        shift, scale, gate = self.modulation(F.silu(y)).chunk(3, dim=-1)
        return x + gate * self.w2(F.silu(self.w1(self.norm(x) * (1 + scale) + shift)))


class FlowMlp(nn.Module):
    """Velocity of a noisy patch: input [x_t ; h_j], modulated by time(t) + Linear(c_j)."""

    def __init__(self, patch_dim: int, condition_dim: int, width: int, blocks: int) -> None:
        super().__init__()
        self.input = nn.Linear(2 * patch_dim, width)
        self.condition = nn.Linear(condition_dim, width)
        self.time1 = nn.Linear(256, width)
        self.time2 = nn.Linear(width, width)
        self.blocks = nn.ModuleList([FlowBlock(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.final_modulation = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, patch_dim)
        self.register_buffer("frequencies", torch.exp(-math.log(10000.0) * torch.arange(128) / 128), persistent=False)

    @torch.jit.export
    def embed_time(self, t: Tensor) -> Tensor:
        """Times float [M] in 0..1 (fed as 1000 t) -> [M, width]."""
        angles = 1000.0 * t[:, None] * self.frequencies[None]
        return self.time2(F.silu(self.time1(torch.cat([angles.cos(), angles.sin()], -1))))

    @torch.jit.export
    def velocity(self, x: Tensor, h: Tensor, y: Tensor) -> Tensor:
        """x, h [M, P] and y = embed_time(t) + condition(c) [M, width] -> velocity [M, P]."""
        x = self.input(torch.cat([x, h], -1))
        for block in self.blocks:
            x = block(x, y)
        shift, scale = self.final_modulation(F.silu(y)).chunk(2, dim=-1)
        return self.output(self.norm(x) * (1 + scale) + shift)

    def forward(self, x: Tensor, h: Tensor, c: Tensor, t: Tensor) -> Tensor:
        """x, h [M, P]; c [M, D]; t [M] -> velocity [M, P]."""
        return self.velocity(x, h, self.embed_time(t) + self.condition(c))


class Madit(nn.Module):
    """Masked encoder-decoder, coarse head and flow MLP.

    Position table and patches are in raster order. ``uncond`` is the D token of the condition slots, ``uncond_c`` the
    learned dummy that replaces c_j under ``velocity`` guidance.
    """

    def __init__(self, config: MaditConfig) -> None:
        super().__init__()
        d, p = config.width, config.tokenizer.patch_dim
        self.patch_dim = p
        self.slot = nn.Linear(config.tokenizer.code_dim + config.tokenizer.width, d)
        self.text = nn.Linear(config.text.embed_dim if config.text else 1, d)
        self.text_in_encoder = config.text is not None and config.text.slots in ("encoder", "both")
        self.text_in_decoder = config.text is not None and config.text.slots == "both"
        self.uncond = nn.Parameter(torch.randn(d) * 0.02)
        self.uncond_c = nn.Parameter(torch.randn(d) * 0.02)
        self.patch = nn.Linear(p, d)
        self.type_visual = nn.Parameter(torch.randn(d) * 0.02)
        self.type_text = nn.Parameter(torch.randn(d) * 0.02)
        self.type_patch = nn.Parameter(torch.randn(d) * 0.02)
        self.mask_token = nn.Parameter(torch.randn(d) * 0.02)
        self.register_buffer("positions", sincos_2d(config.grid, d), persistent=False)
        max_text = config.text.max_tokens if config.text else 1
        self.register_buffer("text_positions", sincos_1d(torch.arange(max_text), d), persistent=False)
        self.encoder_in = nn.LayerNorm(d, eps=1e-6)
        self.encoder = nn.ModuleList([Block(d, config.heads, config.mlp_ratio) for _ in range(config.encoder_layers)])
        self.encoder_out = nn.LayerNorm(d, eps=1e-6)
        self.decoder_in = nn.Linear(d, d)
        self.decoder_type_condition = nn.Parameter(torch.randn(d) * 0.02)
        self.decoder = nn.ModuleList([Block(d, config.heads, config.mlp_ratio) for _ in range(config.decoder_layers)])
        self.decoder_out = nn.LayerNorm(d, eps=1e-6)
        self.diffusion_positions = nn.Parameter(torch.zeros(config.patches, d))
        self.coarse = nn.Linear(d, p)
        self.flow = FlowMlp(p, d, config.flow_width, config.flow_blocks)

    @torch.jit.export
    def visual_slots(self, codes: Tensor, features: Tensor, known: Tensor) -> Tensor:
        """Slots [B, L, D] from codewords [B, L, code_dim] and read-out features [B, L, width].

        ``known`` bool [B, L]: slots whose id is not known (yet) hold the D token.
        """
        slots = self.slot(torch.cat([codes, features], -1)) + self.positions + self.type_visual
        return torch.where(known.unsqueeze(-1), slots, self.uncond)

    @torch.jit.export
    def text_slots(self, embeddings: Tensor) -> Tensor:
        """Word embeddings [B, S, E] -> slots [B, S, D]."""
        return self.text(embeddings) + self.text_positions[: embeddings.shape[1]] + self.type_text

    def encode(self, condition: Tensor, visible: Tensor, places: Tensor, mask: Tensor | None = None) -> Tensor:
        """condition [B, C, D], visible patches [B, M, P] at raster ``places`` int64 [B, M] -> [B, C + M, D]."""
        patches = self.patch(visible) + self.positions[places] + self.type_patch
        x = self.encoder_in(torch.cat([condition, patches], 1))
        for block in self.encoder:
            x = block(x, mask)
        return self.encoder_out(x)

    def decode(self, encoded: Tensor, slots: int, visual: int, places: Tensor, mask: Tensor | None = None) -> Tensor:
        """Encoder output [B, slots + M, D] -> c for all N patches in raster order [B, N, D].

        Of the ``slots`` condition slots the first ``visual`` (all of them where text enters the decoder) are kept.
        """
        x = self.decoder_in(encoded)
        condition, seen = x[:, :visual], x[:, slots:]
        # Slots have the patches' positions; text slots, which come after them, have none in the decoder.
        count = self.positions.shape[0]
        condition = condition + self.decoder_type_condition
        condition = torch.cat([condition[:, :count] + self.positions, condition[:, count:]], 1)
        canvas = self.mask_token.to(x.dtype).expand(x.shape[0], count, x.shape[2])
        canvas = canvas.scatter(1, places.unsqueeze(-1).expand_as(seen), seen) + self.positions
        x = torch.cat([condition, canvas], 1)
        for block in self.decoder:
            x = block(x, mask)
        return self.decoder_out(x)[:, condition.shape[1] :] + self.diffusion_positions

    def forward(self, condition: Tensor, visible: Tensor, places: Tensor) -> Tensor:
        """One pass: condition [B, L + S, D], visible [B, M, P] at ``places`` [B, M] -> c [B, N, D] in raster order."""
        count = self.positions.shape[0]
        if not self.text_in_encoder:
            condition = condition[:, :count]
        slots = condition.shape[1]
        visual = slots if self.text_in_decoder else count
        return self.decode(self.encode(condition, visible, places), slots, visual, places)


class MaditModel(nn.Module):
    """The whole model: VAE, tokenizer, word-embedding table and decoder."""

    def __init__(self, config: MaditConfig) -> None:
        super().__init__()
        self.config = config
        self.vae = Vae(config.vae)
        self.tokenizer = Tokenizer(config.tokenizer)
        self.madit = Madit(config)
        words = (config.text.vocabulary_size, config.text.embed_dim) if config.text else (1, 1)
        self.register_buffer("words", torch.zeros(words))

    def condition(self, ids: Tensor, text: Tensor) -> Tensor:
        """ids int64 [B, L] (-1 = not known), text embeddings [B, S, E] -> condition slots [B, L + S, D]."""
        codes = self.tokenizer.lookup(ids)
        features, _ = self.tokenizer.readout(codes, self.config.grid)
        slots = self.madit.visual_slots(codes, features, ids >= 0)
        return torch.cat([slots, self.madit.text_slots(text)], 1) if text.shape[1] else slots

    def unconditional(self, condition: Tensor) -> Tensor:
        """D token in every slot, shaped like ``condition``."""
        return self.madit.uncond.expand_as(condition)
