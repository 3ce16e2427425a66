"""MaskGen as a bundle. It draws tokens; a TA-TiTok bundle makes the picture of them."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ...bundle import SCHEMA_VERSION, TOKENIZER
from ..clip_text import load_clip
from ..export import Export, Names
from ..masked_sampler import masked_sampling
from ..text_towers import ClipTower
from ..weights import ConversionError
from .model import MaskGen, MaskGenKl, MaskGenVq
from .scripted_kl import ScriptedMaskGenKl
from .scripted_vq import ScriptedMaskGenVq
from .vq_sampler import vq_sampling

CLIP_LENGTH = 77
# The script follows its own course of guidance; this is how manifests call it.
GUIDANCE_SCHEDULES = {
    "cosine": "cosine",
    "flippedcosine": "flipped_cosine",
    "linear": "linear",
    "none": "constant",
}


def export(model: MaskGen, settings: Mapping[str, Any], names: Names, vae: nn.Module | None = None) -> Export:
    """A bundle whose text is CLIP's features of its last layer but one, and the projected pooled vector.

    They are made by the tower that ``settings["clip"]`` names, or given by requests.
    Defaults of sampling: ``settings["sample"]``, else those beside the model's own settings, else the authors'.
    """
    if vae is not None:
        raise ConversionError("vae: MaskGen draws tokens, which TA-TiTok decodes")
    make = _vq if isinstance(model, MaskGenVq) else _kl
    given, sample, clip = (
        settings["ctor"]["config"]["model"]["maskgen"],
        settings.get("sample", {}),
        load_clip(settings),
    )
    if clip is None:
        length = int(settings.get("text_len", CLIP_LENGTH))
        module, sampling = make(model, length, None, given, sample)
        return Export(module, manifest(model, names, length, 0, sampling))
    sizes = clip.model.config
    if not sizes.width == sizes.pooled_dim == model.config.text_dim:
        raise ConversionError(f"clip: width must be {model.config.text_dim}, is {sizes.width} and {sizes.pooled_dim}")
    module, sampling = make(model, sizes.length, ClipTower(clip.model, penultimate=True), given, sample)
    content = manifest(model, names, sizes.length, sizes.vocabulary, sampling)
    content["text"] |= {"special_tokens": True}
    return Export(module, content, {TOKENIZER: clip.tokenizer_json.encode()})


def _vq(model: MaskGenVq, length: int, tower: nn.Module | None, given: Mapping[str, Any], sample: Mapping[str, Any]):
    theirs = {"num_sample_steps": "num_iter", "guidance_scale": "cfg", "randomize_temperature": "temperature"}
    default = {name: given[key] for name, key in theirs.items() if key in given}
    chosen = vq_sampling({**default, **sample})
    sampling = {
        "rounds": chosen.rounds,
        "flow_steps": 1,
        "guidance_scale": chosen.guidance,
        "guidance_schedule": GUIDANCE_SCHEDULES[chosen.decay],
        "reveal_order": "certainty",
        "reveal_schedule": model.config.schedule,
        "temperature": 1.0,
        "choice_temperature": chosen.temperature,
        "noise_scale": 1.0,
    }
    return ScriptedMaskGenVq(model, length, chosen, tower), sampling


def _kl(model: MaskGenKl, length: int, tower: nn.Module | None, given: Mapping[str, Any], sample: Mapping[str, Any]):
    keys = ("num_iter", "cfg", "cfg_schedule", "temperature")
    default = {"num_iter": 32, "cfg": 3.0} | {key: given[key] for key in keys if key in given}
    chosen = masked_sampling({**default, **sample})
    sampling = {
        "rounds": chosen.rounds,
        "flow_steps": sum(model.config.diffusion_steps),
        "guidance_scale": chosen.guidance,
        "guidance_schedule": chosen.schedule,
        "reveal_order": "random",
        "reveal_schedule": "cosine",
        "temperature": chosen.temperature,
        "noise_scale": 1.0,
    }
    return ScriptedMaskGenKl(model, length, tower), sampling


def manifest(
    model: MaskGen, names: Names, text_length: int, vocabulary: int, sampling: dict[str, object]
) -> dict[str, Any]:
    """There is no picture and no grid: ``decoder`` names the family that has them.

    ``vocabulary``: words of the text tokenizer; 0 where text comes as features only.
    """
    config = model.config
    return {
        "schema_version": SCHEMA_VERSION,
        "name": names.name,
        "version": names.version,
        "family": "maskgen",
        "decoder": "ta-titok",
        "codebook": {"size": config.codebook_size} if config.discrete else None,
        "tokens": {"count": config.tokens, "dim": 1 if config.discrete else config.token_size},
        "text": {
            "max_tokens": text_length,
            "embed_dim": config.text_dim,
            "pooled_dim": config.text_dim,
            "vocabulary_size": vocabulary,
        },
        "aesthetic_score": {"default": config.aesthetic_score} if config.aesthetic_dim else None,
        "hidden_dim": config.width,
        "guidance_placement": "buffer",
        "sampling": sampling,
        "bounds": {
            "max_rounds": max(128, 2 * config.tokens),
            "max_flow_steps": 1000,
            "max_guidance_scale": 20.0,
        },
        "presets": {},
        "parameter_count": sum(value.numel() for value in model.state_dict().values()),
        "licence": names.licence,
        "provenance": dict(names.provenance),
        "metrics": {},
    }
