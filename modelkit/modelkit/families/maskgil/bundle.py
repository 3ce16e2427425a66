"""MaskGIL as a bundle. It draws ids; the bundle that the ids belong to makes the picture of them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ...bundle import SCHEMA_VERSION, TOKENIZER
from ..clip_text import load_clip
from ..export import Export, Names
from ..text_towers import ClipTower, WordTable
from ..weights import ConversionError
from .model import MaskGil
from .sampler import MaskGilSampling, maskgil_sampling
from .scripted import ScriptedMaskGil


def export(model: MaskGil, settings: Mapping[str, Any], names: Names, vae: nn.Module | None = None) -> Export:
    """A bundle with the authors' sampling arguments ``settings["sample"]`` as defaults.

    ``settings["decoder"]`` names the bundle that draws the ids. Features of text are made by the tower that
    ``settings["clip"]`` names, or given by requests.
    """
    if vae is not None:
        raise ConversionError("vae: MaskGIL draws ids, which the bundle named by decoder draws")
    sampling, decoder = maskgil_sampling(settings.get("sample", {})), settings.get("decoder")
    if sampling.counts:
        raise ConversionError("sample.sched_mode: a bundle's default must be a named one")
    rounds = sampling.random_rounds
    clip = load_clip(settings)
    if clip is None:
        content = manifest(model, names, sampling, decoder, 0)
        return Export(ScriptedMaskGil(model, random_rounds=rounds), content)
    sizes = clip.model.config
    if not model.config.text or (sizes.width, sizes.length) != (model.config.feature_dim, model.config.slots):
        raise ConversionError(
            f"clip: the model must take text of {sizes.length} features of width {sizes.width}, "
            f"takes {model.config.slots} of width {model.config.feature_dim}"
        )
    content = manifest(model, names, sampling, decoder, sizes.vocabulary)
    content["text"] |= {"special_tokens": True}
    module = ScriptedMaskGil(model, ClipTower(clip.model, penultimate=False), rounds)
    return Export(module, content, {TOKENIZER: clip.tokenizer_json.encode()})


def export_with_words(
    model: MaskGil, names: Names, sampling: MaskGilSampling, decoder: str, words: Tensor, tokenizer_json: str
) -> Export:
    """A bundle with its own tokenizer and word features [V, E]."""
    content = manifest(model, names, sampling, decoder, len(words))
    return Export(ScriptedMaskGil(model, WordTable(words)), content, {TOKENIZER: tokenizer_json.encode()})


def manifest(
    model: MaskGil, names: Names, sampling: MaskGilSampling, decoder: str | None, vocabulary: int
) -> dict[str, Any]:
    """There is no picture: ``decoder`` names the bundle that has it, null if it is not told.

    ``vocabulary``: words of the text tokenizer; 0 where text comes as features only.
    """
    config = model.config
    limits = {"max_tokens": config.slots, "embed_dim": config.feature_dim, "vocabulary_size": vocabulary}
    other = {"max_length": config.slots, "dim": config.feature_dim}
    return {
        "schema_version": SCHEMA_VERSION,
        "name": names.name,
        "version": names.version,
        "family": "maskgil",
        "decoder": decoder,
        "codebook": {"size": config.codes},
        "tokens": {"count": config.tokens, "dim": 1},
        "classes": {"count": config.classes} if config.classes else None,
        "text": limits if config.text else None,
        "features": other if config.feature_dim and not config.text else None,
        "hidden_dim": config.width,
        "guidance_placement": "buffer",
        "sampling": {
            "rounds": sampling.rounds,
            "flow_steps": 1,
            "guidance_scale": sampling.guidance,
            "guidance_schedule": "linear_round",
            "reveal_order": "certainty",
            "reveal_schedule": sampling.schedule,
            "temperature": sampling.temperature,
            "choice_temperature": sampling.choice_temperature if sampling.noisy else 0.0,
            "noise_scale": 1.0,
        },
        "bounds": {
            "max_rounds": max(128, 2 * config.tokens),
            "max_flow_steps": 1,
            "max_guidance_scale": 20.0,
        },
        "presets": {},
        "parameter_count": sum(value.numel() for value in model.state_dict().values()),
        "licence": names.licence,
        "provenance": dict(names.provenance),
        "metrics": {},
    }
