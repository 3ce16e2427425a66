"""Training of maskgil-nano from nothing: it learns the ids of the emoji scenes, whole or from their beginning.

One resumable stage; checkpoints lie where :mod:`modelkit.trainer` puts them, the result is ``maskgil.safetensors``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...text import word_table
from ...trainer import Losses, Schedule, train
from ..ta_titok.captions import Captions, read_captions
from ..ta_titok.train import fast
from .config import LlamaConfig, feed_forward_width
from .ids import IdScenes
from .llama import Llama
from .sampler import MaskGilSampling

RESULT = "maskgil.safetensors"
DECODER = "madit-nano"
SAMPLING = MaskGilSampling(rounds=8, guidance=0.0, temperature=4.0, choice_temperature=10.0)

NANO = LlamaConfig(
    codes=8192,
    grid=16,
    width=128,
    depth=5,
    heads=4,
    kv_heads=4,
    hidden=feed_forward_width(128, 32, None),
    feature_dim=64,
    slots=12,
    text=True,
    rope="grid",
    rope_base=20.0,
    qk_norm=True,
    post_norm=True,
    embed_dim=64,
    tied=True,
)


@dataclass(frozen=True)
class Recipe:
    """Length, pictures per step, and of each picture how many masked ids are asked for.

    ``hidden_captions``: how often a picture is trained without its caption. ``beginnings``: how often its first quarter
    is known. ``blur``: temperature of the targets at the start and at the end, see :func:`targets`.
    """

    schedule: Schedule
    batch: int = 16
    asked: int = 64
    hidden_captions: float = 0.15
    beginnings: float = 0.6
    blur: tuple[float, float] = (0.1, 0.03)

    def blur_at(self, step: int) -> float:
        """Falls linearly over the training."""
        first, last = self.blur
        return first + (last - first) * step / self.schedule.steps


RECIPE = Recipe(Schedule(6000, 3e-3, warmup=100))


@dataclass(frozen=True)
class Examples:
    """Ids int64 [M, N] with captions."""

    ids: Tensor
    captions: Captions


def examples(scenes: Sequence[IdScenes], config: LlamaConfig) -> Examples:
    """Sets of scenes, one behind the other, with their captions as word features."""
    captions = [caption for part in scenes for caption in part.captions]
    return Examples(
        torch.cat([part.ids for part in scenes]), read_captions(captions, word_table(config.feature_dim), config.slots)
    )


@torch.no_grad()
def start(config: LlamaConfig, codebook: Tensor) -> Llama:
    """A model whose ids begin as their codewords [V, c], and whose places begin with a look at their neighbours.

    Queries and keys get the same constant part, whose turned copies agree most where the places are near.
    """
    torch.manual_seed(0)
    model = Llama(config)
    model.tok_emb.weight.normal_(std=0.1)
    model.tok_emb.weight[: len(codebook), : codebook.shape[1]] = 3.0 * codebook
    model.features.absent.normal_(std=0.1)
    model.features.positions.normal_(std=0.1)
    for layer in model.layers:
        layer.attention.q_norm.bias.fill_(1.5)
        layer.attention.k_norm.bias.fill_(1.5)
    return model


def masks(count: int, config: LlamaConfig, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Which ids are masked, bool [B, N]: a random share by the arccos schedule, often all behind the first quarter."""
    share = torch.rand(count, 1, generator=generator).arccos() / (torch.pi / 2)
    masked = torch.rand(count, config.tokens, generator=generator) < share
    begun = torch.rand(count, 1, generator=generator) < recipe.beginnings
    masked[:, : config.tokens // 4] &= ~begun
    masked[:, -1] |= ~masked.any(1)
    return masked


def chosen_rows(masked: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """At most ``count`` masked places of each picture, as rows int64 [M] of all [B N]."""
    order = (torch.rand(masked.shape, generator=generator) * masked).argsort(1, descending=True)[:, :count]
    rows = order + torch.arange(len(masked)).unsqueeze(1) * masked.shape[1]
    return rows.flatten()[masked.flatten()[rows.flatten()]]


def targets(codebook: Tensor, wanted: Tensor, blur: float) -> Tensor:
    """Probabilities [M, V + 1] for the ids ``wanted`` [M]: softmax(cosine to the wanted codeword / ``blur``), mask 0.

    Codewords [V, c] are unit vectors. Neighbours draw nearly the same, so a guess that is close should cost little.
    """
    return F.pad((codebook[wanted] @ codebook.T / blur).softmax(1), (0, 1))


def train_maskgil(
    config: LlamaConfig, recipe: Recipe, codebook: Tensor, data: Examples, held: Examples, run: Path, bf16: bool
) -> Llama:
    """Runs what is left of the training and writes the result to ``run``."""

    def loss(model: Llama, step: int) -> Losses:
        generator = torch.Generator().manual_seed(step)
        pick = torch.randint(len(data.ids), (recipe.batch,), generator=generator)
        masked = masks(recipe.batch, config, recipe, generator)
        rows = chosen_rows(masked, recipe.asked, generator)
        hidden = torch.rand(recipe.batch, 1, generator=generator) < recipe.hidden_captions
        ids = data.ids[pick]
        with fast(bf16):
            slots = _slots(model, data.captions, pick, data.captions.seen[pick] & ~hidden)
            x = model.hidden(torch.where(masked, config.codes, ids), slots)
            logits = model.head(x.flatten(0, 1)[rows], rows)
        wanted = ids.flatten()[rows]
        error = F.cross_entropy(logits.float(), targets(codebook, wanted, recipe.blur_at(step)))
        hits = (logits.detach().argmax(1) == wanted).float().mean()
        return {"total": error, "error": error, "hits": hits}

    def report(model: Llama) -> dict[str, float]:
        return evaluate(model, held, codebook)

    model = train(start(config, codebook), "maskgil", run, recipe.schedule, loss, report, report_every=200)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, run / RESULT)
    return model.eval().requires_grad_(False)


def load_maskgil(config: LlamaConfig, run: Path) -> Llama:
    """The result of a finished run."""
    model = Llama(config)
    model.load_state_dict(load_file(run / RESULT))
    return model.eval().requires_grad_(False)


def _slots(model: Llama, captions: Captions, pick: Tensor, seen: Tensor) -> Tensor:
    return model.slots(torch.full([len(pick)], -1), captions.text(pick), seen)


@torch.no_grad()
def evaluate(model: Llama, held: Examples, codebook: Tensor) -> dict[str, float]:
    """One pass over held-out pictures with only their first quarter known.

    Cross-entropy, how many of the best ids are right, and the mean cosine of their codewords to the right ones.
    """
    tokens = held.ids.shape[1]
    ids = held.ids.clone()
    ids[:, tokens // 4 :] = model.codes
    pick = torch.arange(len(ids))
    row = {}
    for name, seen in (("", held.captions.seen), ("_no_caption", torch.zeros_like(held.captions.seen))):
        errors, hits, cosines = [], [], []
        for part in pick.split(16):
            slots = _slots(model, held.captions, part, seen[part])
            logits = model(ids[part], slots)[:, tokens // 4 :].flatten(0, 1)
            wanted = held.ids[part, tokens // 4 :].flatten()
            errors.append(F.cross_entropy(logits, wanted))
            best = logits[:, : model.codes].argmax(1)
            hits.append((best == wanted).float().mean())
            cosines.append((codebook[best] * codebook[wanted]).sum(1).mean())
        row |= {
            f"held_error{name}": float(torch.stack(errors).mean()),
            f"held_hits{name}": float(torch.stack(hits).mean()),
            f"held_cosine{name}": float(torch.stack(cosines).mean()),
        }
    return row
