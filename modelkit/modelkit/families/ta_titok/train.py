"""Training of titok-nano from nothing: 32 tokens for a 256 x 256 emoji scene.

Three stages, each resumable: encoder and decoder with continuous tokens; both with the codebook; then the decoder alone
on the final ids. Checkpoints lie where :mod:`modelkit.trainer` puts them, the result is ``titok.safetensors``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...data import scenes
from ...text import word_table
from ...trainer import Losses, Schedule, train
from .captions import Captions, read_captions
from .codebook import Training, encode_all, follow, restart
from .config import TaTitokConfig, ViT
from .model import TaTitok
from .patches import ComponentTitok, principal_components

RESULT = "titok.safetensors"

NANO = TaTitokConfig(
    encoder=ViT(width=192, layers=3, heads=3, patch=32),
    decoder=ViT(width=192, layers=5, heads=3, patch=32),
    image_size=256,
    tokens=32,
    token_size=8,
    codebook_size=4096,
    unit_codes=True,
    text_length=16,
    text_dim=32,
)


@dataclass(frozen=True)
class Recipe:
    """Lengths of the stages, pictures per step, components per patch and the pictures that they are made from.

    ``hidden_captions``: how often a picture is trained without its caption.
    """

    continuous: Schedule
    quantised: Schedule
    decoder: Schedule
    batch: int = 16
    components: int = 192
    component_pictures: int = 1200
    hidden_captions: float = 0.1


RECIPE = Recipe(
    continuous=Schedule(1200, 1.5e-3),
    quantised=Schedule(1200, 8e-4, warmup=30),
    decoder=Schedule(1400, 8e-4, warmup=30),
)


@dataclass(frozen=True)
class Examples:
    """Pictures uint8 [M, H, W, 3] with captions."""

    pictures: np.ndarray
    captions: Captions


def emoji_examples(split: str, count: int, config: TaTitokConfig) -> Examples:
    """The emoji scenes of :mod:`modelkit.data`."""
    pictures, captions = scenes(split, count)
    return Examples(pictures, read_captions(captions, word_table(config.text_dim), config.text_length))


# (model, chosen pictures int64 [B]) -> tokens [B, L, C] and the commitment loss
Codes = Callable[[Training, Tensor], tuple[Tensor, Tensor]]


def train_titok(
    config: TaTitokConfig, recipe: Recipe, data: Examples, held: Examples, run: Path, bf16: bool
) -> TaTitok:
    """Runs what is left of the stages and writes the result to ``run``."""
    patch = config.decoder.patch
    components = principal_components(data.pictures[: recipe.component_pictures], patch, recipe.components)
    coefficients, held_out = (components.coefficients(one.pictures, patch) for one in (data, held))
    variance = float(components.deviation.square().sum())

    def stage(module: Training, name: str, schedule: Schedule, codes: Codes) -> Training:
        def loss(training: Training, step: int) -> Losses:
            generator = torch.Generator().manual_seed(step)
            pick = torch.randint(len(coefficients), (recipe.batch,), generator=generator)
            hidden = torch.rand(recipe.batch, 1, generator=generator) < recipe.hidden_captions
            with fast(bf16):
                tokens, commit = codes(training, pick)
                seen = data.captions.seen[pick] & ~hidden
                guess = training.core.decode(tokens, data.captions.text(pick), seen)
            error = (guess - coefficients[pick]).square().sum(-1).mean() / variance
            return {"total": error + 0.1 * commit, "error": error, "commit": commit}

        def report(training: Training) -> dict[str, float]:
            return evaluate(training.core, held_out, held.captions, name != "continuous")

        return train(module, name, run, schedule, loss, report, report_every=200)

    module = stage(Training(config, components), "continuous", recipe.continuous, continuous_codes(coefficients))
    restart(module, coefficients)
    module.requires_grad_(True)
    module.codebook.requires_grad_(False)
    module = stage(module, "quantised", recipe.quantised, quantised_codes(coefficients))
    for part in (module.core.titok.decoder, module.core.writer):
        part.requires_grad_(True)
    module = stage(module, "decoder", recipe.decoder, fixed_codes(encode_all(module, coefficients)))
    model = module.core.fold(components).requires_grad_(False)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, run / RESULT)
    return model.eval()


def load_titok(config: TaTitokConfig, run: Path) -> TaTitok:
    """The result of a finished run."""
    model = TaTitok(config)
    model.load_state_dict(load_file(run / RESULT))
    return model.eval().requires_grad_(False)


@contextmanager
def fast(bf16: bool) -> Iterator[None]:
    """Plain attention, whose backward pass is the faster one on a CPU, and bfloat16 if wanted."""
    with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        yield


def continuous_codes(coefficients: Tensor) -> Codes:
    """Tokens as the encoder makes them."""

    def codes(training: Training, pick: Tensor) -> tuple[Tensor, Tensor]:
        return training.core.encode(coefficients[pick]), torch.zeros(())

    return codes


def quantised_codes(coefficients: Tensor) -> Codes:
    """Codewords, through which the gradient passes as if they were the encoder's vectors; they follow those."""

    def codes(training: Training, pick: Tensor) -> tuple[Tensor, Tensor]:
        vectors = training.core.encode(coefficients[pick])
        ids = training.core.titok.quantize.nearest(vectors.detach())
        follow(training, vectors.detach().flatten(0, 1), ids.flatten())
        words = training.core.titok.quantize.lookup(ids)
        return vectors + (words - vectors).detach(), (vectors - words).square().sum(-1).mean()

    return codes


def fixed_codes(ids: Tensor) -> Codes:
    """Codewords of ids int64 [M, L] that were found once."""

    def codes(training: Training, pick: Tensor) -> tuple[Tensor, Tensor]:
        return training.core.titok.quantize.lookup(ids[pick]), torch.zeros(())

    return codes


@torch.no_grad()
def evaluate(core: ComponentTitok, coefficients: Tensor, captions: Captions, quantised: bool) -> dict[str, float]:
    """Held-out PSNR within the components, with and without captions, and how many codewords are used."""
    codes = core.encode(coefficients)
    ids = core.titok.quantize.nearest(codes)
    if quantised:
        codes = core.titok.quantize.lookup(ids)
    text = captions.text(torch.arange(len(codes)))
    row = {"used": float(len(ids.unique()))}
    for name, seen in (("psnr", captions.seen), ("psnr_no_caption", torch.zeros_like(captions.seen))):
        error = (core.decode(codes, text, seen) - coefficients).square().sum(-1).mean(-1)
        row[name] = float((-10 * torch.log10(error / core.titok.config.patch_dim)).mean())
    return row
