"""From an authors' checkpoint to a folder that modelkit can use.

The folder has ``weights.safetensors`` (the converted model's state dict) and ``config.json`` (family and settings).
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from .registry import family
from .weights import ConversionError, read_state

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def convert_file(name: str, weights: Path, config: Path, out: Path) -> None:
    """Converts ``weights`` of the family ``name`` under the settings in ``config`` and writes the folder ``out``.

    Raises :class:`ConversionError` before anything is written.
    """
    settings = read_settings(config)
    model = family(name).convert(read_state(weights), settings)
    out.mkdir(parents=True, exist_ok=True)
    state = {
        key: value.detach().clone(memory_format=torch.contiguous_format) for key, value in model.state_dict().items()
    }
    save_file(state, out / WEIGHTS)
    (out / CONFIG).write_text(json.dumps({"family": name, **settings}, indent=2) + "\n")


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a configuration file; raises :class:`ConversionError` when it is not a JSON object."""
    try:
        settings = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConversionError(f"{file}: {error}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("ctor"), dict):
        raise ConversionError(f'{file}: must be a JSON object with "ctor", the constructor arguments')
    return settings
