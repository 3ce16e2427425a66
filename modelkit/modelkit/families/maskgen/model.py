"""MaskGen: text to the tokens of a picture, as ids (VQ) or continuous (KL), under the authors' key names.

B samples, N tokens, S text slots, E text channels, D width. Text features are those of CLIP's last layer but one, the
pooled vector is CLIP's projected one.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..ddpm import DdpmHead
from ..weights import ConversionError, take
from .config import MaskGenConfig, read_config
from .joint import ScaledNorm, dense, joint_blocks


def spread_waves(scores: Tensor, width: int) -> Tensor:
    """Aesthetic scores [B] as the VQ variant sees them: sines, then cosines, of 100 score / 1000^(i / half)."""
    half = width // 2
    exponents = -math.log(1000.0) * torch.arange(half, dtype=torch.float32, device=scores.device) / half
    angles = (scores * 100.0).unsqueeze(1) * torch.exp(exponents)
    return F.pad(torch.cat([angles.sin(), angles.cos()], 1), [0, width - 2 * half])


def woven_waves(scores: Tensor, width: int) -> Tensor:
    """Aesthetic scores [B] as the KL variant sees them: sine and cosine in turn, of 100 score / 10,000^(2 i / width)."""
    places = torch.arange(0, width, 2, dtype=torch.float32, device=scores.device)
    angles = (scores * 100.0).unsqueeze(1) * torch.pow(10000, -places / width)
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)


class MaskGenVq(nn.Module):
    """Ids in, logits out. The mask has the id behind the last codeword."""

    def __init__(self, config: MaskGenConfig) -> None:
        super().__init__()
        self.config = config
        self.text_embed_proj = dense(config.text_dim, config.width)
        self.cond_pooled_proj = dense(config.pooled_dim, config.width)
        self.blocks = joint_blocks(config.width, config.depth, config.heads)
        self.norm = ScaledNorm(config.width)
        # Behind the mask lie rows for classes and for "no class", which nothing uses.
        self.embeddings = nn.Embedding(config.codebook_size + config.classes + 2, config.width)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.tokens, config.width))
        if not config.tied_head:
            self.lm_head = dense(config.width, config.codebook_size)

    def pool(self, pooled: Tensor, scores: Tensor) -> Tensor:
        """Pooled text [B, E] and aesthetic scores [B] -> input of the pooled projection."""
        if self.config.aesthetic_dim == 0:
            return pooled
        return torch.cat([pooled, spread_waves(scores, self.config.aesthetic_dim)], 1)

    def hidden(self, ids: Tensor, text: Tensor, pooled: Tensor) -> Tensor:
        """Ids int64 [B, N], projected text [B, S, D] and pooled condition [B, D] -> [B, N, D]."""
        x = self.embeddings(ids) + self.pos_embed
        for block in self.blocks:
            x, text = block(x, text, pooled)
        return self.norm(x, pooled)

    def head(self, hidden: Tensor) -> Tensor:
        """[..., D] -> logits [..., V]."""
        if self.config.tied_head:
            return hidden @ self.embeddings.weight[: self.config.codebook_size].t()
        return self.lm_head(hidden)


class MaskGenKl(nn.Module):
    """Known tokens in, contexts for the diffusion head out. There is no encoder: masks stand where tokens are missing."""

    def __init__(self, config: MaskGenConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.text_emb = dense(config.text_dim, width)
        self.text_pooled_emb = dense(config.pooled_dim, width)
        self.decoder_blocks = joint_blocks(width, config.depth, config.heads)
        self.decoder_norm = ScaledNorm(width)
        self.z_proj = nn.Linear(config.token_size, width)
        self.z_proj_ln = nn.LayerNorm(width, eps=1e-6)
        self.decoder_pos_embed_learned = nn.Parameter(torch.zeros(1, config.tokens, width))
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.diffusion_pos_embed_learned = nn.Parameter(torch.zeros(1, config.tokens, width))
        self.diffloss = DdpmHead(config.token_size, width, config.head_width, config.head_depth)

    def pool(self, pooled: Tensor, scores: Tensor) -> Tensor:
        """Pooled text [B, E] and aesthetic scores [B] -> input of the pooled projection."""
        if self.config.aesthetic_dim == 0:
            return pooled
        return torch.cat([pooled, woven_waves(scores, self.config.aesthetic_dim)], 1)

    def contexts(self, tokens: Tensor, masked: Tensor, text: Tensor, pooled: Tensor) -> Tensor:
        """Tokens [B, N, C], masked bool [B, N], projected text [B, S, D], pooled condition [B, D] -> [B, N, D]."""
        known = self.z_proj_ln(self.z_proj(tokens))
        x = torch.where(masked.unsqueeze(2), self.mask_token, known) + self.decoder_pos_embed_learned
        for block in self.decoder_blocks:
            x, text = block(x, text, pooled)
        return self.decoder_norm(x, pooled) + self.diffusion_pos_embed_learned


MaskGen = MaskGenVq | MaskGenKl


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> MaskGen:
    """The authors' state dict, strictly loaded, but for what the last block computes and nobody reads."""
    config = read_config(settings)
    model = (MaskGenVq if config.discrete else MaskGenKl)(config).eval().requires_grad_(False)
    blocks = "blocks" if config.discrete else "decoder_blocks"
    ignored = [f"{blocks}.{config.depth - 1}.attn.add_q_proj.*"]
    if config.discrete and config.tied_head:
        _check_tied(state)
        ignored.append("lm_head.weight")
    take(state, model, ignored=tuple(ignored))
    return model


def _check_tied(state: Mapping[str, Tensor]) -> None:
    head, embeddings = state.get("lm_head.weight"), state.get("embeddings.weight")
    if head is not None and embeddings is not None and not torch.equal(head, embeddings):
        raise ConversionError("lm_head.weight differs from embeddings.weight, but weight_tying is on")
