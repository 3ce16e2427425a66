"""Training of the embedded model from nothing: the stages in order, each resumable.

Checkpoints and loss logs lie in ``~/.cache/madit/runs/NAME`` (``$MADIT_HOME/runs/NAME``), one ``.pt`` and ``.jsonl`` per
stage; ``model.safetensors`` with ``config.json`` is the result that ``export`` and ``eval`` read.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from .bundle import config_from_dict
from .data import scenes
from .latents import LatentSet, encode_scenes
from .madit import MaditConfig, MaditModel
from .text import word_table
from .train_madit import DecoderStage, decoder_data, train_decoder
from .train_tokenizer import TokenizerStage, train_tokenizer
from .train_vae import VaeStage, polish_decoder, train_vae
from .trainer import Schedule


@dataclass(frozen=True)
class Recipe:
    """All stages and the number of training scenes."""

    vae: VaeStage
    vae_decoder: VaeStage
    tokenizer: TokenizerStage
    regression: DecoderStage
    flow: DecoderStage
    scenes: int


RECIPE = Recipe(
    vae=VaeStage(Schedule(7600, 8e-4), batch=14, beta=0.8),
    vae_decoder=VaeStage(Schedule(1500, 4e-4), batch=14, beta=0.0),
    tokenizer=TokenizerStage(Schedule(1000, 1e-3), batch=48),
    regression=DecoderStage("regression", Schedule(800, 1.2e-3, warmup=100), batch=16, flow=False),
    flow=DecoderStage("flow", Schedule(600, 6e-4), batch=16, flow=True),
    scenes=8000,
)


@dataclass(frozen=True)
class Scenes:
    """Pictures uint8 [M, H, W, 3] with captions, for training and for reports."""

    train: np.ndarray
    train_captions: list[str]
    held: np.ndarray
    held_captions: list[str]


def emoji_scenes(count: int) -> Scenes:
    """The emoji scenes of :mod:`modelkit.data`; reports look at the validation split, never at the test split."""
    return Scenes(*scenes("train", count), *scenes("validation", 128))


def train_model(
    config: MaditConfig, recipe: Recipe, pictures: Scenes, run: Path, device: str, bf16: bool
) -> MaditModel:
    """Runs what is left of the stages and writes the result to ``run``."""
    vae = train_vae(config.vae, pictures.train, pictures.held, run, recipe.vae, bf16, device)
    vae = polish_decoder(vae, pictures.train, pictures.held, run, recipe.vae_decoder, bf16, device)
    config = replace(config, vae=replace(config.vae, scale=_latent_scale(vae, pictures.train, device)))
    vae.scale = config.vae.scale
    data = _encoded(vae, pictures.train, pictures.train_captions, config.tokenizer.patch, run, bf16, device)
    held = encode_scenes(vae, pictures.held, pictures.held_captions, config.tokenizer.patch, device=device)
    model = MaditModel(config).to(device)
    model.vae.load_state_dict(vae.state_dict())
    model.tokenizer = train_tokenizer(config.tokenizer, vae, data, held, run, recipe.tokenizer, bf16, device)
    if config.text:
        model.words.copy_(word_table(config.text.embed_dim))
    samples = decoder_data(model, data)
    for stage in (recipe.regression, recipe.flow):
        train_decoder(model, samples, held, run, stage, bf16, device)
        save_model(model, run)
    return model


def _latent_scale(vae: torch.nn.Module, pictures: np.ndarray, device: str) -> float:
    """1 / standard deviation of the posterior means of 64 pictures, to four digits."""
    sample = encode_scenes(vae, pictures[:64], [""] * 64, 2, device=device)
    return float(f"{vae.scale / float(sample.latents.std()):.4g}")


def _encoded(
    vae, pictures: np.ndarray, captions: list[str], patch: int, run: Path, bf16: bool, device: str
) -> LatentSet:
    """The encoded training set, kept in ``run`` under a fingerprint of the encoder, so that a resumed run starts at once."""
    fingerprint = hashlib.sha256(vae.quant_conv.weight.detach().cpu().numpy().tobytes()).hexdigest()[:12]
    file = run / f"latents-{fingerprint}.safetensors"
    if not file.exists():
        made = encode_scenes(vae, pictures, captions, patch, bf16, device)
        parts = {"latents": made.latents, "weights": made.weights, "patch_kl": made.patch_kl}
        save_file({name: part.contiguous().cpu() for name, part in parts.items()}, file)
    stored = load_file(file)
    return LatentSet(stored["latents"], stored["weights"], stored["patch_kl"], captions, pictures)


def save_model(model: MaditModel, run: Path) -> None:
    """Writes ``model.safetensors`` and ``config.json``."""
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    save_file(state, run / "model.safetensors")
    (run / "config.json").write_text(json.dumps(asdict(model.config), indent=1))


def load_model(run: Path) -> MaditModel:
    """Reads what :func:`save_model` wrote."""
    model = MaditModel(config_from_dict(json.loads((run / "config.json").read_text())))
    model.load_state_dict(load_file(run / "model.safetensors"))
    return model.eval()
