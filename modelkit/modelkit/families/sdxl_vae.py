"""SDXL's autoencoder, or another KL autoencoder, as a part: checked and written with our configuration.

``ctor`` is diffusers' ``config.json``; key names are diffusers' or latent diffusion's.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..vae import Vae
from .autoencoder import kl_autoencoder


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Vae:
    """The autoencoder; raises :class:`ConversionError` that names what does not fit."""
    return kl_autoencoder(dict(state), settings["ctor"], {})
