"""MAR as a bundle."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ..export import Export, Names, masked_flow_manifest
from ..masked_sampler import masked_sampling
from .model import Mar
from .scripted import ScriptedMar


def export(model: Mar, settings: Mapping[str, Any], names: Names, vae: nn.Module | None = None) -> Export:
    """A bundle of ``model``; ``settings["sample"]`` are the authors' sampling arguments, here the defaults."""
    sample = masked_sampling(settings.get("sample", {}))
    sampling = {
        "rounds": sample.rounds,
        "flow_steps": sum(model.config.steps),
        "guidance_scale": sample.guidance,
        "guidance_schedule": sample.schedule,
        "reveal_order": "random",
        "reveal_schedule": "cosine",
        "temperature": sample.temperature,
        "noise_scale": 1.0,
    }
    own = {
        "family": "mar",
        "guidance_placement": "buffer",
        "codebook": None,
        "tokens": None,
        "classes": {"count": model.config.classes},
    }
    image_size = settings["ctor"].get("img_size", 256)
    content = masked_flow_manifest(model.masked, names, image_size, sampling, [model, vae], own)
    return Export(ScriptedMar(model, vae), content)
