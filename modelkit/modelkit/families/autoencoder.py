"""Autoencoders by configuration: KL (SDXL's kind) and DC-AE, from diffusers' or latent-diffusion weight files.

A configuration's ``vae`` says which: ``{"kind": "kl" | "dc-ae", "weights": FILE, "config": diffusers' config.json or a path
to it, "scale": ..., "shift": ...}``. Latents in the model's units are ``(latent - shift) * scale``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..vae import Vae, VaeConfig
from .dc_ae import DcAe, DcAeConfig
from .weights import ConversionError, StateDict, read_state, take


def load_autoencoder(settings: Mapping[str, Any], folder: Path) -> nn.Module | None:
    """The autoencoder that ``settings["vae"]`` names, None where there is none; paths are relative to ``folder``."""
    chosen = settings.get("vae")
    if chosen is None:
        return None
    if not isinstance(chosen, Mapping) or "kind" not in chosen or "weights" not in chosen:
        raise ConversionError('config: vae must have "kind" and "weights"')
    config = _config(chosen.get("config", {}), folder)
    state = read_state(folder / chosen["weights"])
    if chosen["kind"] == "kl":
        return kl_autoencoder(state, config, chosen)
    if chosen["kind"] == "dc-ae":
        return dc_autoencoder(state, config, chosen)
    raise ConversionError(f"config: vae.kind must be kl or dc-ae, is {chosen['kind']!r}")


def _config(given: object, folder: Path) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    try:
        return json.loads((folder / str(given)).read_text())
    except (OSError, ValueError) as error:
        raise ConversionError(f"config: vae.config {given}: {error}") from error


def kl_autoencoder(state: StateDict, config: Mapping[str, Any], units: Mapping[str, Any]) -> Vae:
    """A KL autoencoder under diffusers' configuration; key names are diffusers' or latent diffusion's."""
    latent_diffusion = any(name.startswith("encoder.down.") for name in state)
    vae = Vae(
        VaeConfig(
            block_out_channels=tuple(config.get("block_out_channels", (128, 256, 512, 512))),
            layers_per_block=config.get("layers_per_block", 2),
            latent_channels=config.get("latent_channels", 4),
            norm_groups=config.get("norm_num_groups", 32),
            mid_attention=config.get("mid_block_add_attention", True),
            last_attention=config.get("down_block_types", [""])[-1] == "AttnDownEncoderBlock2D",
            scale=float(units.get("scale", config.get("scaling_factor", 1.0))),
            shift=float(units.get("shift", config.get("shift_factor") or 0.0)),
        )
    )
    # latent diffusion's training adds a discriminator ("loss") and statistics of the averaged weights
    take(diffusers_names(state) if latent_diffusion else state, vae, ignored=("loss.*", "model_ema.*"))
    return vae.eval().requires_grad_(False)


def dc_autoencoder(state: StateDict, config: Mapping[str, Any], units: Mapping[str, Any]) -> DcAe:
    """A DC-AE under diffusers' configuration and key names."""
    known = {field.name for field in fields(DcAeConfig)}
    given = {name: _tuples(value) for name, value in config.items() if name in known}
    scale = float(units.get("scale", config.get("scaling_factor", 1.0)))
    vae = DcAe(DcAeConfig(**{**given, "scale": scale, "shift": float(units.get("shift", 0.0))}))
    take(state, vae)
    return vae.eval().requires_grad_(False)


def _tuples(value: object) -> object:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


ATTENTION = {"norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0"}


def diffusers_names(state: Mapping[str, Tensor]) -> StateDict:
    """Latent diffusion's key names as diffusers'; 1x1 convolutions of attentions become linear layers."""
    levels = 1 + max((int(m[1]) for name in state if (m := re.match(r"decoder\.up\.(\d+)\.", name))), default=0)
    return {_diffusers_name(name, levels): _as_linear(name, value) for name, value in state.items()}


def _as_linear(name: str, value: Tensor) -> Tensor:
    return value.flatten(1) if ".attn" in name and value.dim() == 4 else value


def _diffusers_name(name: str, levels: int) -> str:
    """``decoder.up`` counts from the picture's resolution, ``up_blocks`` from the latents'."""

    def up(match: re.Match[str]) -> str:
        return f".up_blocks.{levels - 1 - int(match[1])}."

    name = re.sub(r"\.mid\.block_(\d)\.", lambda m: f".mid_block.resnets.{int(m[1]) - 1}.", name)
    name = name.replace(".mid.attn_1.", ".mid_block.attn.0.")
    name = re.sub(r"\.down\.(\d+)\.", r".down_blocks.\1.", name)
    name = re.sub(r"\.up\.(\d+)\.", up, name)
    name = name.replace(".block.", ".resnets.").replace(".nin_shortcut.", ".conv_shortcut.")
    name = name.replace(".downsample.", ".downsamplers.0.").replace(".upsample.", ".upsamplers.0.")
    name = re.sub(r"\.attn\.(\d+)\.(\w+)\.", lambda m: f".attentions.{m[1]}.{ATTENTION.get(m[2], m[2])}.", name)
    return re.sub(r"coder\.norm_out\.", "coder.conv_norm_out.", name)
