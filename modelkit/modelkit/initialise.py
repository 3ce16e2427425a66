"""Random-weight models of any preset: for load, leak and golden tests, which need shapes and work but no pictures."""

from dataclasses import replace

import torch
from torch import nn

from .madit import PRESETS, MaditConfig, MaditModel


def sized(base: str, /, patches: int | None = None, **changes: object) -> MaditConfig:
    """A preset whose picture is resized to hold ``patches`` patches (a square number), with fields replaced."""
    config = replace(PRESETS[base], **changes)
    if patches is None:
        return config
    side = round(patches**0.5)
    if side * side != patches:
        raise ValueError(f"patches must be a square number, is {patches}")
    return replace(config, image_size=side * config.tokenizer.patch * config.vae.stride)


@torch.no_grad()
def random_model(config: MaditConfig, seed: int = 0) -> MaditModel:
    """A model whose output depends visibly on everything: ids, text, seed, guidance scale and order.

    Weights keep the variance of their inputs, and embeddings that training starts near zero are of order 1.
    """
    torch.manual_seed(seed)
    model = MaditModel(config).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.weight.normal_(std=module.weight[0].numel() ** -0.5)
            module.bias.normal_(std=0.1)
        elif isinstance(module, nn.LayerNorm | nn.GroupNorm) and module.weight is not None:
            module.weight.normal_(1.0, 0.1)
            module.bias.normal_(std=0.1)
    madit = model.madit
    for parameter in (madit.uncond, madit.uncond_c, madit.mask_token, madit.type_visual, madit.type_text):
        parameter.normal_(std=0.5)
    for parameter in (madit.type_patch, madit.decoder_type_condition, madit.diffusion_positions):
        parameter.normal_(std=0.5)
    model.words.normal_().copy_(model.words.half())
    model.tokenizer.codeword_kl.uniform_(5.0, 100.0)
    model.tokenizer.kl_seen.fill_(True)
    return model
