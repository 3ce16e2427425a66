"""Small bundles that read text, for the server's tests: both MaskGens and a TA-TiTok, and what their scripts draw alone.

All weights are random.
"""

import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn

from ..bundle import round_weights, sampling_from_dict, write_folder
from ..reveal import compile_plan, reveal_order
from . import ta_titok
from .case import load_case
from .clip_text import ClipText, ClipTextConfig
from .export import Names
from .maskgen.bundle import export
from .maskgen.config import read_config
from .maskgen.model import MaskGenKl, MaskGenVq
from .maskgen.vq_sampler import masked_counts
from .ta_titok.config import assumed_sizes, sizes_in

WORDS = ("[UNK]", "a", "red", "cat", "[BEGIN]", "[END]")
CAPTIONS = ("a red cat", "a cat")
SEEDS = (5, -7)
TEXT_DIM, TEXT_LENGTH = 32, 8


def write_maskgen_golden(cases: Path, server_resources: Path) -> None:
    """Writes ``models/pico-maskgen-{vq,kl}``, ``models/pico-ta-titok-clip`` and ``golden/maskgen.safetensors``.

    The VQ one has a text tower and draws ids for ``pico-ta-titok``; the KL one takes features only.
    """
    torch.manual_seed(4)
    models = server_resources / "models"
    golden = _draw_vq(models / "pico-maskgen-vq") | _draw_kl(models / "pico-maskgen-kl")
    golden["titok.latents"] = _draw_titok(cases / "ta-titok-vq", models / "pico-ta-titok-clip")
    save_file(
        {name: value.float().contiguous() for name, value in golden.items()},
        server_resources / "golden/maskgen.safetensors",
    )


def _settings(mode: str, sizes: dict[str, Any], sample: dict[str, Any]) -> dict[str, Any]:
    tokens = {"quantize_mode": mode, "num_latent_tokens": 16, "text_embed_dim": TEXT_DIM, **sizes}
    maskgen = {"decoder_embed_dim": 32, "decoder_depth": 2, "decoder_num_heads": 2, "condition_num_classes": 1}
    maskgen |= {"micro_condition": True, "micro_condition_embed_dim": 16, "sample_aesthetic_score": 6.5}
    losses = {"diffloss_d": 1, "diffloss_w": 32, "num_sampling_steps": "10"}
    config = {"model": {"vq_model": tokens, "maskgen": maskgen}, "losses": losses}
    return {"ctor": {"config": config}, "text_len": TEXT_LENGTH, "sample": sample}


def _written(model: nn.Module, settings: dict[str, Any], out: Path) -> tuple[nn.Module, dict[str, Any]]:
    _randomize(model)
    bundle = export(model.eval().requires_grad_(False), settings, _names(out))
    write_folder(out, bundle.module, {"family": "maskgen"}, bundle.manifest, bundle.files, compact=True)
    return torch.jit.load(str(out / "model.pt")), bundle.manifest


def _names(out: Path) -> Names:
    return Names(out.name, licence="Apache-2.0", provenance={"weights": "random, not trained: for tests only"})


def _randomize(model: nn.Module) -> None:
    for value in model.parameters():
        value.data.normal_(std=0.3)
    round_weights(model, torch.float16)


def _draw_vq(out: Path) -> dict[str, Tensor]:
    """``vq.REQUEST.ids`` of the captions."""
    sample = {"num_sample_steps": 4, "guidance_scale": 3.0}
    settings = _settings("vq", {"codebook_size": 128}, sample)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = _clip_files(Path(folder), TEXT_LENGTH)
        settings["clip"] = {"weights": f"{folder}/clip.safetensors", "tokenizer": f"{folder}/tokenizer.json"}
        script, manifest = _written(MaskGenVq(read_config(settings)), settings, out)
    none = torch.tensor(tokenizer.encode("").ids)
    scales = torch.tensor([[3.0, manifest["sampling"]["choice_temperature"], 1.0, 1.0]], dtype=torch.float64)
    left = masked_counts("arccos", 16, 4)
    drawn = {}
    for index, caption in enumerate(CAPTIONS):
        words = torch.tensor(tokenizer.encode(caption).ids)
        features = [script.embed_text(words), script.pool_text(words), script.embed_text(none), script.pool_text(none)]
        condition = script.condition(*features, torch.tensor([_score(index)]))
        ids, order = torch.full([16], -1), torch.arange(16)
        for k in range(4):
            budget = torch.tensor([[16 - left[k], 16 - left[k + 1], k + 1, 4, SEEDS[index], 0]])
            script.round([condition], [ids], [order], budget, scales)
        drawn[f"vq.{index}.ids"] = ids
    return drawn


def _draw_titok(folder: Path, out: Path) -> Tensor:
    """Latents of ids 0 to 15 and the first caption, by the recorded case's sizes."""
    case = load_case(folder)
    settings = deepcopy(case.config)
    settings["sizes"] = assumed_sizes(case.weights, settings) | sizes_in(case.notes)
    model = ta_titok.convert(case.weights, settings)
    round_weights(model, torch.float16)
    with tempfile.TemporaryDirectory() as files:
        tokenizer = _clip_files(Path(files), model.config.text_length)
        settings["clip"] = {"weights": f"{files}/clip.safetensors", "tokenizer": f"{files}/tokenizer.json"}
        bundle = ta_titok.export(model, settings, _names(out))
    write_folder(out, bundle.module, {"family": "ta-titok"}, bundle.manifest, bundle.files, compact=True)
    script = torch.jit.load(str(out / "model.pt"))
    text = script.embed_text(torch.tensor(tokenizer.encode(CAPTIONS[0]).ids))
    ids, order = torch.arange(model.config.tokens), torch.arange(model.config.grid**2)
    canvas = script.canvas(ids, order)
    budget, scales = torch.tensor([[0, len(order), 1, 1, 0, 0]]), torch.ones(1, 4, dtype=torch.float64)
    script.round([script.condition(ids, text)], [canvas], [order], budget, scales)
    return script.latents(canvas, order)


def _draw_kl(out: Path) -> dict[str, Tensor]:
    """``kl.REQUEST.tokens`` of random features ``kl.REQUEST.text`` and so on."""
    settings = _settings("vae", {"token_size": 4, "scale_factor": 0.75}, {"num_iter": 4, "cfg": 2.0})
    script, manifest = _written(MaskGenKl(read_config(settings)), settings, out)
    sampling = sampling_from_dict(manifest["sampling"])
    drawn = {}
    for index, seed in enumerate(SEEDS):
        parts = {
            "text": torch.randn(TEXT_LENGTH, TEXT_DIM),
            "pooled": torch.randn(TEXT_DIM),
            "null_text": torch.randn(TEXT_LENGTH, TEXT_DIM),
            "null_pooled": torch.randn(TEXT_DIM),
        }
        plan = compile_plan(reveal_order(sampling, (1, 16), seed), sampling, (1, 16))
        order = torch.tensor(plan.order)
        condition = script.condition(*parts.values(), torch.tensor([_score(index)]))
        canvas = script.canvas(order, order)
        for r in plan.rounds:
            budget = torch.tensor([[r.begin, r.end, r.flow_steps, r.flow_steps, seed, 0]])
            scales = torch.tensor([[r.guidance, 0.0, sampling.temperature, 1.0]], dtype=torch.float64)
            script.round([condition], [canvas], [order], budget, scales)
        drawn |= {f"kl.{index}.{name}": value for name, value in parts.items()}
        drawn[f"kl.{index}.tokens"] = script.picture_tokens(canvas, order)
    return drawn


def _score(index: int) -> float:
    """The first request has the manifest's."""
    return 6.5 if index == 0 else 3.0


def _clip_files(folder: Path, length: int) -> Tokenizer:
    """A tower of random weights that knows :data:`WORDS`."""
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    marks = [(word, WORDS.index(word)) for word in ("[BEGIN]", "[END]")]
    tokenizer.post_processor = TemplateProcessing(single="[BEGIN] $A [END]", special_tokens=marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    sizes = ClipTextConfig(vocabulary=len(WORDS), length=length, width=TEXT_DIM, layers=1, pooled_dim=TEXT_DIM)
    clip = ClipText(sizes)
    _randomize(clip)
    save_file(clip.state_dict(), folder / "clip.safetensors")
    return tokenizer
