"""Scenes encoded once by the trained autoencoder: what the tokenizer and the decoder train on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .train_vae import to_pixels
from .vae import Vae, kl_per_element


@dataclass(frozen=True)
class LatentSet:
    """latents float [M, C, h, w] (scaled means), patch_kl float [M, N] nats, captions [M], pictures uint8 [M, H, W, 3].

    weights float [M, C, h, w], mean 1: how much an error of a latent element matters, the inverse of its posterior's
    standard deviation. The autoencoder tells a value precisely where the decoder's picture depends on it.
    """

    latents: Tensor
    weights: Tensor
    patch_kl: Tensor
    captions: list[str]
    pictures: np.ndarray


@torch.no_grad()
def encode_scenes(
    vae: Vae, pictures: np.ndarray, captions: list[str], patch: int, bf16: bool = False, device: str = "cpu"
) -> LatentSet:
    """Encodes pictures uint8 [M, H, W, 3]; KL is summed over a patch's ``patch`` x ``patch`` cells and all channels."""
    latents, weights, kls = [], [], []
    for start in tqdm(range(0, len(pictures), 16), desc="encode scenes", mininterval=5):
        chunk = torch.from_numpy(np.ascontiguousarray(pictures[start : start + 16]))
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            mean, log_var = vae.moments(to_pixels(chunk).to(device))
        mean, log_var = mean.float(), log_var.float()
        kl = kl_per_element(mean, log_var).sum(1, keepdim=True)
        kls.append(torch.nn.functional.avg_pool2d(kl, patch).flatten(1) * patch**2)
        latents.append((mean - vae.shift) * vae.scale)
        weights.append((-0.5 * log_var).exp())
    weight = torch.cat(weights)
    return LatentSet(torch.cat(latents), weight / weight.mean(), torch.cat(kls), captions, pictures)
