"""TA-TiTok as a bundle."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ...bundle import SCHEMA_VERSION, TOKENIZER
from ..clip_text import load_clip
from ..export import Export, Names
from ..text_towers import ClipTower, WordTable
from ..weights import ConversionError
from .config import TaTitokConfig
from .model import TaTitok
from .scripted import ScriptedTaTitok

# A picture is one round without choices.
SAMPLING = {
    "rounds": 1,
    "flow_steps": 1,
    "guidance_scale": 1.0,
    "guidance_schedule": "constant",
    "reveal_order": "raster",
    "reveal_schedule": "linear",
    "temperature": 1.0,
    "noise_scale": 1.0,
}


def export(model: TaTitok, settings: Mapping[str, Any], names: Names, vae: nn.Module | None = None) -> Export:
    """A bundle whose text is CLIP's last features, all positions: made by ``settings["clip"]``, or given by requests."""
    if vae is not None:
        raise ConversionError("vae: TA-TiTok decodes to pixels itself")
    clip = load_clip(settings)
    if clip is None:
        return Export(ScriptedTaTitok(model), manifest(model, names, vocabulary=0))
    if clip.model.config.width != model.config.text_dim:
        raise ConversionError(f"clip: width must be {model.config.text_dim}, is {clip.model.config.width}")
    content = manifest(model, names, clip.model.config.vocabulary)
    content["text"] |= {"special_tokens": True}
    tower = ClipTower(clip.model, penultimate=False)
    return Export(ScriptedTaTitok(model, tower), content, {TOKENIZER: clip.tokenizer_json.encode()})


def export_with_words(model: TaTitok, names: Names, words: Tensor, tokenizer_json: str) -> Export:
    """A bundle with its own tokenizer and word features [V, E]."""
    content = manifest(model, names, vocabulary=len(words))
    return Export(ScriptedTaTitok(model, WordTable(words)), content, {TOKENIZER: tokenizer_json.encode()})


def manifest(model: TaTitok, names: Names, vocabulary: int) -> dict[str, Any]:
    """``vocabulary``: words of the text tokenizer; 0 where text comes as features only.

    The "latents" are the picture before its last convolution, in patches of the decoder's grid.
    """
    config = model.config
    return {
        "schema_version": SCHEMA_VERSION,
        "name": names.name,
        "version": names.version,
        "family": "ta-titok",
        "image": {"height": config.image_size, "width": config.image_size},
        "grid": {"rows": config.grid, "columns": config.grid},
        "patch_dim": config.patch_dim,
        "latent": {
            "channels": 3,
            "height": config.image_size,
            "width": config.image_size,
            "scale": 1.0,
            "shift": 0.0,
        },
        "codebook": {"size": config.codebook_size, "dim": config.token_size} if config.discrete else None,
        "tokens": {"count": config.tokens, "dim": config.token_size},
        "text": _text(config, vocabulary),
        "hidden_dim": config.decoder.width,
        "guidance_placement": None,
        "sampling": SAMPLING,
        "bounds": {"max_rounds": 1, "max_flow_steps": 1, "max_guidance_scale": 1.0},
        "presets": {},
        "parameter_count": sum(parameter.numel() for parameter in model.parameters()),
        "licence": names.licence,
        "provenance": dict(names.provenance),
        "metrics": {},
    }


def _text(config: TaTitokConfig, vocabulary: int) -> dict[str, int]:
    return {"max_tokens": config.text_length, "embed_dim": config.text_dim, "vocabulary_size": vocabulary}
