"""What a family hands over to become a bundle, and the parts of the manifest that masked-flow families share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ..bundle import SCHEMA_VERSION, usual_presets
from .masked import MaskedConfig
from .weights import ConversionError


@dataclass(frozen=True)
class Names:
    """What the weights do not tell. ``licence``: SPDX identifier of the weights'."""

    name: str
    version: str = "1"
    licence: str = "NOASSERTION"
    provenance: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """A bundle before it is written: ``module`` can be scripted; ``files`` lie beside it."""

    module: nn.Module
    manifest: dict[str, object]
    files: dict[str, bytes] = field(default_factory=dict)


def check_autoencoder(vae: nn.Module | None, channels: int, stride: int) -> None:
    """Raises :class:`ConversionError` when ``vae`` has other latents than the model."""
    if vae is not None and (vae.channels, vae.stride) != (channels, stride):
        raise ConversionError(
            f"vae: must have {channels} channels and a stride of {stride}, has {vae.channels} and {vae.stride}"
        )


def masked_flow_manifest(
    config: MaskedConfig,
    names: Names,
    image_size: int,
    sampling: Mapping[str, Any],
    parts: Sequence[nn.Module | None],
    own: Mapping[str, object],
) -> dict[str, object]:
    """The manifest of a masked-flow family other than MaDiT.

    ``parts``: the model and its autoencoder, whose scale and shift are 1 and 0 where there is none. ``own``: the
    family's own fields: ``family``, ``guidance_placement``, and what pictures are drawn from.
    """
    side = config.grid * config.patch_size
    vae = parts[-1]
    check_autoencoder(vae, config.channels, image_size // side)
    rounds, steps = sampling["rounds"], sampling["flow_steps"]
    return {
        "schema_version": SCHEMA_VERSION,
        "name": names.name,
        "version": names.version,
        "image": {"height": image_size, "width": image_size},
        "grid": {"rows": config.grid, "columns": config.grid},
        "patch_dim": config.patch_dim,
        "latent": {
            "channels": config.channels,
            "height": side,
            "width": side,
            "scale": float(getattr(vae, "scale", 1.0)),
            "shift": float(getattr(vae, "shift", 0.0)),
        },
        "text": None,
        "hidden_dim": config.encoder_dim,
        "slots": config.slots,
        "autoencoder": vae is not None,
        **own,
        "sampling": dict(sampling),
        "bounds": {
            "max_rounds": max(128, 2 * config.patches),
            "max_flow_steps": 1000,
            "max_boosted_flow_steps": 0 if own.get("adaptive_steps") else 1000,
            "max_guidance_scale": max(20.0, sampling["guidance_scale"]),
        },
        "presets": usual_presets(rounds, steps),
        "parameter_count": sum(value.numel() for part in parts if part is not None for value in part.parameters()),
        "licence": names.licence,
        "provenance": dict(names.provenance),
        "metrics": {},
    }
