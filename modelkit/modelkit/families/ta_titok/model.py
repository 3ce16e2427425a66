"""TA-TiTok: a picture as a short list of tokens, read back with the caption's help.

Names of parameters are the authors'. Symbols: B pictures, N patches of a grid, L latent tokens, S text slots, D width,
C token channels. Pictures are float32 [B, 3, H, W] in [0, 1]; the decoder's output is not clamped.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..attention import Attention
from .config import TaTitokConfig, ViT


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class Backbone(nn.Module):
    """What encoder and decoder share: patch positions with one extra slot, latent positions, norms, blocks."""

    def __init__(self, vit: ViT, image_size: int, tokens: int) -> None:
        super().__init__()
        self.grid, scale = image_size // vit.patch, vit.width**-0.5
        self.class_embedding = nn.Parameter(scale * torch.randn(1, vit.width))
        self.positional_embedding = nn.Parameter(scale * torch.randn(self.grid**2 + 1, vit.width))
        self.latent_token_positional_embedding = nn.Parameter(scale * torch.randn(tokens, vit.width))
        self.ln_pre, self.ln_post = nn.LayerNorm(vit.width), nn.LayerNorm(vit.width)
        self.transformer = nn.ModuleList([Block(vit.width, vit.heads) for _ in range(vit.layers)])

    def with_class(self, patches: Tensor) -> Tensor:
        """Patches [B, N, D] -> [B, 1 + N, D] with positions, the class slot first."""
        return torch.cat([self.class_embedding.expand(len(patches), 1, -1), patches], 1) + self.positional_embedding

    def run(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for block in self.transformer:
            x = block(x, mask)
        return x


class Encoder(Backbone):
    """Picture -> one vector of ``channels`` per latent token."""

    def __init__(self, config: TaTitokConfig) -> None:
        vit = config.encoder
        super().__init__(vit, config.image_size, config.tokens)
        self.patch_embed = nn.Conv2d(3, vit.width, vit.patch, stride=vit.patch)
        self.conv_out = nn.Conv2d(vit.width, config.token_size * (1 if config.discrete else 2), 1)

    def embed(self, pictures: Tensor, latent_tokens: Tensor) -> Tensor:
        """What enters the first block: [B, 1 + N + L, D]."""
        return self.embed_patches(self.patch_embed(pictures).flatten(2).transpose(1, 2), latent_tokens)

    def embed_patches(self, patches: Tensor, latent_tokens: Tensor) -> Tensor:
        """:meth:`embed` of patches [B, N, D] that have been embedded already."""
        latents = (latent_tokens + self.latent_token_positional_embedding).expand(len(patches), -1, -1)
        return self.ln_pre(torch.cat([self.with_class(patches), latents], 1))

    def read(self, x: Tensor) -> Tensor:
        """Rows after the last block -> latent vectors [B, channels, 1, L]."""
        latents = self.ln_post(x[:, 1 + self.grid**2 :])
        return self.conv_out(latents.transpose(1, 2).unsqueeze(2))


class Decoder(Backbone):
    """Latent tokens and text -> picture."""

    def __init__(self, config: TaTitokConfig) -> None:
        vit = config.decoder
        super().__init__(vit, config.image_size, config.tokens)
        self.patch = vit.patch
        self.decoder_embed = nn.Linear(config.token_size, vit.width)
        self.mask_token = nn.Parameter(vit.width**-0.5 * torch.randn(1, 1, vit.width))
        self.text_guidance_proj = nn.Linear(config.text_dim, vit.width)
        self.text_guidance_positional_embedding = nn.Parameter(
            vit.width**-0.5 * torch.randn(config.text_length, vit.width)
        )
        # A list, because the authors' key is "ffn.0".
        self.ffn = nn.ModuleList([nn.Conv2d(vit.width, config.patch_dim, 1)])
        self.conv_out = nn.Conv2d(3, 3, 3, padding=1)

    def latent_slots(self, codes: Tensor) -> Tensor:
        """Codes [B, L, C] -> [B, L, D]."""
        return self.decoder_embed(codes) + self.latent_token_positional_embedding

    def text_slots(self, text: Tensor) -> Tensor:
        """Text features [B, S, E] -> [B, S, D]; S up to the number of text positions."""
        return self.text_guidance_proj(text) + self.text_guidance_positional_embedding[: text.shape[1]]

    def embed(self, codes: Tensor, text: Tensor) -> Tensor:
        """What enters the first block: class, patches, latents, text [B, 1 + N + L + S, D]."""
        patches = self.with_class(self.mask_token.expand(len(codes), self.grid**2, -1))
        return self.ln_pre(torch.cat([patches, self.latent_slots(codes), self.text_slots(text)], 1))

    def patches(self, x: Tensor) -> Tensor:
        """Rows after the last block -> normed patch rows [B, N, D]."""
        return self.ln_post(x[:, 1 : 1 + self.grid**2])

    def pixels(self, rows: Tensor) -> Tensor:
        """Normed patch rows [B, N, D] -> pixels before the last convolution [B, 3, H, W].

        Inside a patch the order is row, column, colour, with the colour fastest.
        """
        b, p, g = len(rows), self.patch, self.grid
        values = self.ffn[0](rows.transpose(1, 2).unsqueeze(3)).view(b, p, p, 3, g, g)
        return values.permute(0, 3, 4, 1, 5, 2).reshape(b, 3, g * p, g * p)

    def forward(self, codes: Tensor, text: Tensor, mask: Tensor | None = None) -> Tensor:
        """Codes [B, L, C], text [B, S, E] -> pictures [B, 3, H, W]."""
        return self.conv_out(self.pixels(self.patches(self.run(self.embed(codes, text), mask))))


class Quantizer(nn.Module):
    """Nearest codeword by Euclidean distance; unit vectors on both sides when ``unit_codes``."""

    def __init__(self, config: TaTitokConfig) -> None:
        super().__init__()
        self.unit_codes = config.unit_codes
        self.embedding = nn.Embedding(config.codebook_size, config.token_size)
        if config.usage_buffer:
            self.register_buffer("embed_prob", torch.zeros(config.codebook_size))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Vectors [..., C] -> ids int64 [...]."""
        words = self.embedding.weight
        if self.unit_codes:
            vectors, words = F.normalize(vectors, dim=-1), F.normalize(words, dim=-1)
        squares = vectors.square().sum(-1, keepdim=True) + words.square().sum(1)
        return (squares - 2 * vectors @ words.t()).argmin(-1)

    def lookup(self, ids: Tensor) -> Tensor:
        """Ids int64 [...] -> codewords [..., C]."""
        words = self.embedding(ids)
        return F.normalize(words, dim=-1) if self.unit_codes else words


class TaTitok(nn.Module):
    """The whole tokenizer. The KL variant has no ``quantize``."""

    def __init__(self, config: TaTitokConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.latent_tokens = nn.Parameter(config.encoder.width**-0.5 * torch.randn(config.tokens, config.encoder.width))
        if config.discrete:
            self.quantize = Quantizer(config)

    def latents(self, pictures: Tensor) -> Tensor:
        """Pictures -> latent vectors [B, L, C]; of the KL variant [B, L, 2 C], mean and log variance."""
        x = self.encoder.run(self.encoder.embed(pictures, self.latent_tokens))
        return self.encoder.read(x).flatten(2).transpose(1, 2)


def moments(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Latents of the KL variant [B, L, 2 C] -> mean and log variance in [-30, 20], each [B, L, C]."""
    mean, log_variance = latents.chunk(2, -1)
    return mean, log_variance.clamp(-30.0, 20.0)
