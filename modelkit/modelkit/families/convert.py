"""From an authors' checkpoint to a bundle or, for a family that cannot be served yet, to converted weights."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from ..bundle import write_folder
from .autoencoder import load_autoencoder
from .export import Names
from .registry import family
from .weights import ConversionError, read_state

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def convert_file(name: str, weights: Path, config: Path, out: Path, names: Names) -> None:
    """Converts ``weights`` of the family ``name`` under the settings in ``config`` and writes the folder ``out``.

    A family with ``export`` gives a bundle; another one ``weights.safetensors`` (the model's state dict) and
    ``config.json`` (family and settings). Raises :class:`ConversionError` before anything is written.
    """
    settings = read_settings(config)
    module = family(name)
    state = read_state(weights, wanted=getattr(module, "WANTED", ("*",)))
    model = module.convert(state, settings)
    if not hasattr(module, "export"):
        write_eager(model, {"family": name, **settings}, out)
        return
    export = module.export(model, settings, names, load_autoencoder(settings, config.parent))
    kept = {key: settings[key] for key in ("ctor", "sample", "vae") if key in settings}
    write_folder(out, export.module, {"family": name, **kept}, export.manifest, export.files)


def write_eager(model: nn.Module, settings: dict[str, Any], out: Path) -> None:
    """The model's own weights and the settings that rebuild it."""
    out.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    save_file(
        {key: value.detach().clone(memory_format=torch.contiguous_format) for key, value in state.items()},
        out / WEIGHTS,
    )
    (out / CONFIG).write_text(json.dumps(settings, indent=2) + "\n")


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a configuration file; files of ``clip`` are relative to it.

    Raises :class:`ConversionError` when it is not a JSON object.
    """
    try:
        settings = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConversionError(f"{file}: {error}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("ctor"), dict):
        raise ConversionError(f'{file}: must be a JSON object with "ctor", the constructor arguments')
    clip = settings.get("clip")
    if isinstance(clip, dict):
        files = {key: str(file.parent / clip[key]) for key in ("weights", "tokenizer") if key in clip}
        settings["clip"] = {**clip, **files}
    return settings
