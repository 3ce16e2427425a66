"""Small bundles of every family for the server's tests, and what their scripts draw alone.

The plans here are made by :mod:`modelkit.reveal`: a server that draws the same has made the same plans, seeds and budgets.
Weights are those of recorded cases, which are random, rounded to float16.
"""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..bundle import round_weights, sampling_from_dict, write_folder
from ..gtr import GtrOptions
from ..madit import FrequencySteps, SamplingDefaults
from ..reveal import compile_plan, reveal_order
from ..vae import Vae, VaeConfig
from . import maskgil
from .case import load_case
from .export import Names
from .golden_maskgen import write_maskgen_golden
from .maskgil.complete import complete
from .maskgil.config import LlamaConfig
from .maskgil.llama import Llama
from .maskgil.sampler import SCHEDULES, maskgil_sampling
from .registry import family
from .ta_titok.config import assumed_sizes, sizes_in

PROVENANCE = {"weights": "random, not trained: for tests only"}
SEEDS = (5, -7)
STAGED = {
    "reveal_order": "gtr",
    "gtr": GtrOptions(1, 1, 60, 40, 50),
    "frequency_steps": FrequencySteps(0.25, 90),
}


def write_family_golden(cases: Path, server_resources: Path) -> None:
    """Writes ``models/pico-FAMILY`` and ``golden/families.safetensors`` for the recorded cases in ``cases``."""
    golden: dict[str, Tensor] = {}
    for name, case, scale in (
        ("mar", "mar", 0.5),
        ("v2flow", "v2flow-linear", None),
        ("ta-titok", "ta-titok-vq", None),
    ):
        script, manifest = _bundle(name, cases / case, server_resources / "models" / f"pico-{name}", scale)
        for index, seed in enumerate(SEEDS):
            golden |= {f"{name}.{index}.{key}": value for key, value in _draws(script, manifest, index, seed).items()}
    golden |= _completions(server_resources / "models" / "pico-maskgil")
    write_maskgen_golden(cases, server_resources)
    save_file(golden, server_resources / "golden" / "families.safetensors")


def _completions(out: Path) -> dict[str, Tensor]:
    """A MaskGIL of random weights for the ids of pico-buffer, and what it makes of a quarter of them, or of none."""
    torch.manual_seed(3)
    model = Llama(LlamaConfig(codes=64, grid=4, width=32, depth=2, heads=2, kv_heads=2, hidden=64, classes=5))
    for value in model.parameters():
        value.data.normal_(std=0.3)
    round_weights(model.eval().requires_grad_(False), torch.float16)
    names = Names("pico-maskgil", licence="Apache-2.0", provenance=PROVENANCE)
    sample = {"step": 4, "w": 2.0, "sched_mode": "cosine"}
    export = maskgil.export(model, {"sample": sample, "decoder": "pico-buffer"}, names)
    write_folder(out, export.module, {"family": "maskgil"}, export.manifest, export.files, compact=True)
    script, golden = torch.jit.load(str(out / "model.pt")), {}
    for index, seed in enumerate(SEEDS):
        ids = torch.full([model.config.tokens], -1)
        ids[: 4 * index] = torch.arange(4 * index)
        condition = script.condition(torch.tensor([index]), torch.empty(0, 0))
        for schedule in SCHEDULES:
            chosen = maskgil_sampling({**sample, "sched_mode": schedule})
            (completed,) = complete(script, ids.unsqueeze(0), [condition], chosen, [seed])
            golden[f"maskgil.{index}.{schedule}"] = completed.to(torch.float32)
    return golden


def _bundle(name: str, folder: Path, out: Path, vae_scale: float | None) -> tuple[nn.Module, dict[str, Any]]:
    case = load_case(folder)
    settings = deepcopy(case.config)
    if name == "ta-titok":  # sizes that no release has
        settings["sizes"] = assumed_sizes(case.weights, settings) | sizes_in(case.notes)
    vae = None
    if vae_scale is not None:
        torch.manual_seed(0)
        vae = Vae(VaeConfig((8, 8), 1, settings["ctor"]["vae_embed_dim"], 4, scale=vae_scale)).eval()
        side = settings["ctor"]["img_size"] // settings["ctor"]["vae_stride"]
        settings["ctor"] |= {"img_size": 2 * side, "vae_stride": 2}
    module = family(name)
    model = module.convert(case.weights, settings)
    round_weights(model, torch.float16)
    export = module.export(model, settings, Names(f"pico-{name}", licence="Apache-2.0", provenance=PROVENANCE), vae)
    if vae is not None:
        round_weights(vae, torch.float16)
    write_folder(out, export.module, {"family": name}, export.manifest, export.files, compact=True)
    return torch.jit.load(str(out / "model.pt")), export.manifest


def _draws(script: nn.Module, manifest: dict[str, Any], index: int, seed: int) -> dict[str, Tensor]:
    """Request ``index``: its ids (the class of MAR), its latents by the manifest's defaults, and staged and boosted."""
    ids = _ids(manifest, index)
    usual = sampling_from_dict(manifest["sampling"])
    drawn = {"ids": ids.to(torch.float32), "latents": _draw(script, manifest, ids, usual, seed)}
    if usual.rounds > 1:
        drawn["staged"] = _draw(script, manifest, ids, replace(usual, **STAGED), seed)
    return drawn


@torch.no_grad()
def _draw(script: nn.Module, manifest: dict[str, Any], ids: Tensor, sampling: SamplingDefaults, seed: int) -> Tensor:
    """Latents float32 [C, h, w] of one request."""
    grid = (manifest["grid"]["rows"], manifest["grid"]["columns"])
    text = manifest["text"]
    plan = compile_plan(reveal_order(sampling, grid, seed), sampling, grid)
    order = torch.tensor(plan.order)
    cond = script.condition(ids, torch.zeros(0, text["embed_dim"] if text else 1))
    canvas = script.canvas(ids, order)
    for r in plan.rounds:
        budget = torch.tensor([[r.begin, r.end, r.flow_steps, r.boosted_steps or r.flow_steps, seed, 0]])
        scales = torch.tensor([[r.guidance, r.boost_fraction, sampling.temperature, 1.0]], dtype=torch.float64)
        script.round([cond], [canvas], [order], budget, scales)
    return script.latents(canvas, order).contiguous()


def _ids(manifest: dict[str, Any], index: int) -> Tensor:
    if manifest["tokens"] is None:
        return torch.tensor([3 + index])
    generator = torch.Generator().manual_seed(index)
    return torch.randint(manifest["codebook"]["size"], (manifest["tokens"]["count"],), generator=generator)
