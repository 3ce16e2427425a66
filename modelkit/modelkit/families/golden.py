"""Small bundles of every family for the server's tests, and what their scripts draw alone.

The plans here are made by :mod:`modelkit.reveal`: a server that draws the same has made the same plans, seeds and budgets.
Weights are those of recorded cases, which are random, rounded to float16.
"""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..bundle import round_weights, write_folder
from ..philox import shuffle
from ..reveal import guidance_at, masked_counts
from ..vae import Vae, VaeConfig
from .case import load_case
from .export import Names
from .registry import family
from .ta_titok.config import assumed_sizes, sizes_in

PROVENANCE = {"weights": "random, not trained: for tests only"}
SEEDS = (5, -7)


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
            golden |= {f"{name}.{index}.{key}": value for key, value in _draw(script, manifest, index, seed).items()}
    save_file(golden, server_resources / "golden" / "families.safetensors")


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


@torch.no_grad()
def _draw(script: nn.Module, manifest: dict[str, Any], index: int, seed: int) -> dict[str, Tensor]:
    """Request ``index``: its ids (the class of MAR), and its latents by the manifest's defaults."""
    ids = _ids(manifest, index)
    text = manifest["text"]
    patches = manifest["grid"]["rows"] * manifest["grid"]["columns"]
    sampling = manifest["sampling"]
    order = list(range(patches)) if sampling["reveal_order"] == "raster" else shuffle(seed, patches)
    order = torch.tensor(order)
    cond = script.condition(ids, torch.zeros(0, text["embed_dim"] if text else 1))
    canvas = script.canvas(ids, order)
    masked = masked_counts(sampling["reveal_schedule"], patches, sampling["rounds"])
    steps = sampling["flow_steps"]
    for before, after in pairwise(masked):
        guidance = guidance_at(sampling["guidance_schedule"], sampling["guidance_scale"], patches, after)
        budget = torch.tensor([[patches - before, patches - after, steps, steps, seed, 0]])
        scales = torch.tensor([[guidance, 0.0, sampling["temperature"], 1.0]], dtype=torch.float64)
        script.round([cond], [canvas], [order], budget, scales)
    return {"ids": ids.to(torch.float32), "latents": script.latents(canvas, order).contiguous()}


def _ids(manifest: dict[str, Any], index: int) -> Tensor:
    if manifest["tokens"] is None:
        return torch.tensor([3 + index])
    generator = torch.Generator().manual_seed(index)
    return torch.randint(manifest["codebook"]["size"], (manifest["tokens"]["count"],), generator=generator)
