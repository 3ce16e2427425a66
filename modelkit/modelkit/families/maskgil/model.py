"""MaskGIL from an authors' state dict: ids of a picture, some masked, to all ids."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..weights import ConversionError, take
from .config import read_llama, read_mha
from .llama import Llama
from .mha import Mha, key_names

MaskGil = Llama | Mha


def convert(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> MaskGil:
    """The model of ``settings["net"]``: gpt (the default) or mha. Raises :class:`ConversionError`."""
    net = settings.get("net", "gpt")
    if net == "gpt":
        model: MaskGil = Llama(read_llama(settings))
        names: Mapping[str, str] = {}
    elif net == "mha":
        model = Mha(read_mha(settings))
        names = key_names(model.config.depth)
    else:
        raise ConversionError(f"net must be gpt or mha, is {net}")
    take(state, model.eval().requires_grad_(False), names)
    return model
