"""V2Flow as a bundle."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ..export import Export, Names, masked_flow_manifest
from ..masked_sampler import masked_sampling
from .dpm_solver import GUIDANCE, STEPS
from .model import LINEAR, V2Flow
from .scripted import scripted


def export(model: V2Flow, settings: Mapping[str, Any], names: Names, vae: nn.Module | None = None) -> Export:
    """A bundle of ``model``; ``settings["sample"]`` are the authors' sampling arguments, here the defaults.

    The authors' code fixes steps and guidance of the linear head, which are defaults here.
    """
    config = model.config
    linear = config.flow_method == LINEAR
    sample = masked_sampling({"num_iter": 4, **settings.get("sample", {})})
    sampling = {
        "rounds": sample.rounds,
        "flow_steps": STEPS,
        "guidance_scale": GUIDANCE if linear else sample.guidance,
        "guidance_schedule": "constant" if linear else sample.schedule,
        "reveal_order": "random",
        "reveal_schedule": "cosine",
        "temperature": 1.0,
        "noise_scale": 1.0,
    }
    own = {
        "family": "v2flow",
        "guidance_placement": "velocity" if linear else "buffer",
        "adaptive_steps": not linear,
        "codebook": {"size": config.codes, "dim": config.code_dim},
        "tokens": {"count": config.masked.slots},
    }
    image_size = settings["ctor"].get("img_size", 256)
    content = masked_flow_manifest(model.masked, names, image_size, sampling, [model, vae], own)
    return Export(scripted(model, vae), content)
