"""Golden vectors for the server's tests: pico bundles, and what :mod:`modelkit.reference` draws with them.

Nothing here comes from the scripted module: a server that agrees with these files agrees with the equations.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from .bundle import TOKENIZER, BundleInfo, read_model, sampling_to_dict, write_bundle
from .gtr import GtrOptions
from .initialise import random_model, sized
from .madit import FrequencySteps, MaditConfig, MaditModel, SamplingDefaults, TextConfig
from .philox import FLOW_NOISE, SOLVER_NOISE, gaussian, philox, shuffle
from .reference import Request, read_out, sample, to_latents, to_rgb
from .reveal import RevealPlan, compile_plan, guidance_at, masked_counts, plan_for, reveal_order, user_plan

WORDS = """[UNK] a an and the of on in with two three four red orange yellow green blue purple pink brown black white
grey cat dog bird fish horse tree flower sun moon star cloud rain snow fire water house car boat train plane heart face
smiling crying laughing apple banana cherry lemon grape cake bread cheese egg hat shoe ball book clock key lamp phone
light dark big small happy sad""".split()

LICENCE = "Apache-2.0"
PROVENANCE = {"weights": "random, not trained: for tests only"}


@dataclass(frozen=True)
class Case:
    """One request. ``text_ids`` empty: no caption. ``plan``: given by the user in place of a compiled one."""

    name: str
    ids: tuple[int, ...]
    seed: int
    sampling: SamplingDefaults
    text_ids: tuple[int, ...] = ()
    caption: str = ""
    regression_only: bool = False
    plan: RevealPlan | None = None


def pico_configs() -> list[MaditConfig]:
    """Between them: both guidance placements, both flow targets, 16 and 64 patches, text in all places, time shift."""
    text = TextConfig(vocabulary_size=128, embed_dim=16, max_tokens=8)
    sampling = SamplingDefaults(rounds=8, flow_steps=4, guidance_scale=2.0)
    return [
        sized("madit-pico", 16, name="pico-buffer", text=text, sampling=sampling),
        sized(
            "madit-pico",
            64,
            name="pico-velocity",
            text=None,
            sampling=sampling,
            guidance_placement="velocity",
            flow_target="residual",
        ),
        sized(
            "madit-pico",
            64,
            name="pico-encoder",
            text=replace(text, slots="encoder"),
            sampling=replace(sampling, noise_scale=0.9),
            time_shift=2.0,
            flow_target="residual",
        ),
    ]


def pico_tokenizer_json() -> str:
    """A word-level caption tokenizer in Hugging Face's format: lower case, split at spaces and punctuation."""
    unknown = {"id": 0, "content": "[UNK]", "single_word": False, "lstrip": False, "rstrip": False}
    spec = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [unknown | {"normalized": False, "special": True}],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }
    return json.dumps(spec, indent=1)


def pico_cases(config: MaditConfig) -> list[Case]:
    """Every option that changes the picture, one at a time."""
    n, defaults = config.patches, config.sampling
    generator = torch.Generator().manual_seed(n)
    ids = tuple(torch.randint(config.tokenizer.codebook_size, (n,), generator=generator).tolist())
    caption = "A smiling cat and two red apples" if config.text else ""
    words = tuple(WORDS.index(w) if w in WORDS else 0 for w in caption.lower().split())
    base = Case("default", ids, 7, defaults, words, caption)
    changed = {
        "random": {"reveal_order": "random"},
        "raster": {"reveal_order": "raster"},
        "reveal-linear": {"reveal_schedule": "linear"},
        "guidance-constant": {"guidance_schedule": "constant"},
        "guidance-off": {"guidance_scale": 1.0},
        "guidance-5": {"guidance_scale": 5.0},
        "flow-steps-10": {"flow_steps": 10},
        "flow-steps-1": {"flow_steps": 1},
        "noise-half": {"noise_scale": 0.5},
        "rounds-64": {"rounds": 64},
        "rounds-16": {"rounds": 16},
        "rounds-1": {"rounds": 1},
        "rounds-n-minus-1": {"rounds": n - 1},
        "rounds-more-than-n": {"rounds": n + 36},
        "rounds-n-minus-1-linear": {"rounds": n - 1, "reveal_schedule": "linear"},
        "halton": {"reveal_order": "halton"},
        "gtr": {"reveal_order": "gtr"},
        "gtr-boosted": {
            "reveal_order": "gtr",
            "gtr": GtrOptions(1, 1, 6, 2, 3),
            "frequency_steps": FrequencySteps(0.25, 9),
        },
        "boosted": {"frequency_steps": FrequencySteps(0.5, 7)},
        "boosted-guidance-off": {"guidance_scale": 1.0, "frequency_steps": FrequencySteps(0.5, 7)},
    }
    cases = [base] + [replace(base, name=name, sampling=replace(defaults, **c)) for name, c in changed.items()]
    cases += [
        replace(base, name="regression-only", regression_only=True),
        replace(base, name="seed-minus-1-random", seed=-1, sampling=replace(defaults, reveal_order="random")),
        replace(base, name="seed-large", seed=0x0123456789ABCDEF),
        replace(base, name="equal-ids", ids=(ids[0],) * n),
        replace(base, name="missing-suffix", ids=ids[: n // 2] + (-1,) * (n - n // 2)),
        replace(base, name="missing-all", ids=(-1,) * n, sampling=replace(defaults, reveal_order="raster")),
        replace(base, name="user-plan", plan=_user_plan(n)),
    ]
    if config.text:
        cases.append(replace(base, name="no-caption", text_ids=(), caption=""))
        cases.append(replace(base, name="one-word", text_ids=words[:1], caption=caption.split()[0]))
    return cases


def _user_plan(n: int) -> RevealPlan:
    """Odd raster indices backwards, then the even ones; uneven counts and steps, one round without guidance."""
    order = [*range(n - 1, 0, -2), *range(0, n, 2)]
    counts = [1, n // 4, 2, n - n // 4 - 3]
    return user_plan(order, counts, [3, 1, 6, 4], [1.5, 1.0, 3.0, 0.5])


def some_cases(config: MaditConfig) -> list[Case]:
    """The cases that see what only the third bundle has."""
    names = (
        "default random guidance-off rounds-64 regression-only missing-suffix user-plan no-caption gtr-boosted".split()
    )
    return [case for case in pico_cases(config) if case.name in names]


def write_cases(model: MaditModel, cases: Sequence[Case], folder: Path) -> None:
    """``NAME.json`` (the requests) and ``NAME.safetensors`` (what the reference makes of them)."""
    folder.mkdir(parents=True, exist_ok=True)
    index, tensors = [], {}
    for case in cases:
        ids = torch.tensor(case.ids)
        plan = case.plan or plan_for(model, ids, case.sampling, case.seed)
        text = model.words[torch.tensor(case.text_ids, dtype=torch.int64)]
        request = Request(ids, text, plan, case.seed, case.sampling.noise_scale, case.regression_only)
        latents = sample(model, request)
        tensors[f"{case.name}/latents"] = latents.contiguous()
        tensors[f"{case.name}/rgb"] = to_rgb(model, latents).contiguous()
        index.append(_entry(case, plan))
    first = torch.tensor(cases[0].ids)
    picture = tensors[f"{cases[0].name}/rgb"]
    tensors["read-out/latents"] = to_latents(model, read_out(model, first)).contiguous()
    tensors["read-out/rgb"] = to_rgb(model, tensors["read-out/latents"]).contiguous()
    document = {
        "bundle": model.config.name,
        "cases": index,
        "read_out": {"ids": cases[0].ids},
        "tokenize": {"rgb": f"{cases[0].name}/rgb", "ids": _tokenize(model, picture).tolist()},
    }
    save_file(tensors, folder / f"{model.config.name}.safetensors")
    (folder / f"{model.config.name}.json").write_text(_dump(document))


def _entry(case: Case, plan: RevealPlan) -> dict[str, object]:
    return {
        "name": case.name,
        "seed": case.seed,
        "ids": case.ids,
        "caption": case.caption,
        "text_ids": case.text_ids,
        "regression_only": case.regression_only,
        "user_plan": case.plan is not None,
        "sampling": sampling_to_dict(case.sampling),
        "order": plan.order,
        "rounds": {
            "end": [r.end for r in plan.rounds],
            "flow_steps": [r.flow_steps for r in plan.rounds],
            "guidance": [r.guidance for r in plan.rounds],
            "boosted_steps": [r.boosted_steps for r in plan.rounds],
            "boost_fraction": [r.boost_fraction for r in plan.rounds],
        },
    }


@torch.no_grad()
def _tokenize(model: MaditModel, rgb: Tensor) -> Tensor:
    pixels = rgb.permute(2, 0, 1)[None].float() / 127.5 - 1
    return model.tokenizer.encode(model.vae.encode(pixels))[0]


def noise_document() -> dict[str, object]:
    """Philox words (the first three are Random123's published vectors), Gaussians and shuffles."""
    published = [
        (0, (0, 0, 0, 0)),
        (-1, (0xFFFFFFFF,) * 4),
        (0x299F31D0A4093822, (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)),
    ]
    own = [(1, (0, 0, 0, 0)), (7, (1023, 3, SOLVER_NOISE, 99)), (-(2**63), (5, 0, 2, 0))]
    words = [
        {"seed": seed, "counter": counter, "words": philox(seed, torch.tensor([counter]))[0].tolist()}
        for seed, counter in published + own
    ]
    draws = []
    for seed, patches, channels, purpose, step in [
        (7, [0, 1, 63], 16, FLOW_NOISE, 0),
        (-1, [1023], 16, FLOW_NOISE, 0),
        (0x0123456789ABCDEF, [5, 6], 6, SOLVER_NOISE, 12),
    ]:
        values = gaussian(seed, torch.tensor(patches), channels, purpose, step).tolist()
        request = {"seed": seed, "patches": patches, "channels": channels, "purpose": purpose, "step": step}
        draws.append(request | {"values": values})
    orders = [{"seed": s, "count": n, "order": shuffle(s, n)} for s, n in [(0, 1), (7, 16), (-1, 64), (12345, 256)]]
    return {"philox": words, "gaussian": draws, "shuffle": orders}


def plan_document() -> dict[str, object]:
    """Masked counts (before each round, then 0) and guidance per round for many sizes."""
    sizes = [(16, 1), (16, 8), (16, 15), (16, 16), (16, 64), (64, 10), (64, 63), (64, 64), (64, 100)]
    sizes += [(256, 16), (256, 64), (256, 255), (1024, 32), (1024, 64), (20, 10), (10, 10), (1, 4)]
    entries = []
    for patches, rounds in sizes:
        for schedule in ("cosine", "linear"):
            masked = masked_counts(schedule, patches, rounds)
            linear = [guidance_at("linear", 3.0, patches, after) for after in masked[1:]]
            size = {"schedule": schedule, "patches": patches, "rounds": rounds}
            entries.append(size | {"masked": masked, "guidance_linear_3": linear})
    return {"plans": entries, "orders": [_whole_plan(*given) for given in whole_plans()]}


def whole_plans() -> list[tuple[SamplingDefaults, tuple[int, int], int, bool]]:
    """Settings, grid, seed, and whether there are ids: every order, and the options of ``gtr``."""
    base = SamplingDefaults(rounds=8, flow_steps=10)
    few = [replace(base, reveal_order=name) for name in ("kl", "random", "raster", "halton", "gtr")]
    options = [
        GtrOptions(1, 1),
        GtrOptions(4, 2, 12, 3, 4),
        GtrOptions(reconstruction_rounds=7),
        GtrOptions(3, 3, 5, 5, 9),
    ]
    gtr = replace(base, reveal_order="gtr", frequency_steps=FrequencySteps(0.1, 20))
    plans = [(one, (16, 16), seed, True) for one in few for seed in (0, 77)]
    plans += [(replace(gtr, gtr=one, rounds=k), (16, 16), 3, True) for one in options for k in (8, 20, 64)]
    plans += [(replace(gtr, rounds=k), grid, -9, False) for k in (2, 5, 300) for grid in ((2, 2), (5, 8), (32, 32))]
    plans += [(replace(base, reveal_order="halton"), grid, 0, False) for grid in ((1, 1), (3, 7), (32, 32), (64, 48))]
    return plans


def _whole_plan(sampling: SamplingDefaults, grid: tuple[int, int], seed: int, with_ids: bool) -> dict[str, object]:
    """Ids are (13 i) mod 50 without every seventh; the KL of codeword c is (7 c) mod 50, half of it for ties."""
    patches = grid[0] * grid[1]
    ids = torch.tensor([-1 if i % 7 == 3 else 13 * i % 50 for i in range(patches)]) if with_ids else None
    kl = torch.tensor([float(7 * code % 50 // 2) for code in range(50)]) if with_ids else None
    plan = compile_plan(reveal_order(sampling, grid, seed, kl, ids), sampling, grid)
    return {
        "grid": grid,
        "seed": seed,
        "ids": [] if ids is None else ids.tolist(),
        "codeword_kl": [] if kl is None else kl.tolist(),
        "sampling": sampling_to_dict(sampling),
        "order": plan.order,
        "rounds": [[r.begin, r.end, r.flow_steps, r.boosted_steps] for r in plan.rounds],
        "guidance": [r.guidance for r in plan.rounds],
        "boost_fraction": [r.boost_fraction for r in plan.rounds],
    }


def _dump(document: dict[str, object]) -> str:
    """JSON with one line per entry of each list of objects."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines = ",\n  ".join(json.dumps(entry) for entry in value)
            parts.append(f" {json.dumps(key)}: [\n  {lines}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_golden(resources: Path) -> None:
    """Everything the server's unit tests need, under ``resources/models`` and ``resources/golden``."""
    golden = resources / "golden"
    golden.mkdir(parents=True, exist_ok=True)
    for seed, config in enumerate(pico_configs()):
        model = random_model(config, seed)
        text = pico_tokenizer_json() if config.text else None
        write_bundle(model, resources / "models" / config.name, BundleInfo("1", LICENCE, PROVENANCE), text)
        write_cases(model, some_cases(config) if config.name == "pico-encoder" else pico_cases(config), golden)
    (golden / "noise.json").write_text(_dump(noise_document()))
    (golden / "plans.json").write_text(_dump(plan_document()))


def write_bundle_case(bundle: Path, resources: Path) -> None:
    """The parity case of a trained bundle: default settings, random ids, a caption where the model takes one."""
    model = read_model(bundle)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(model.config.tokenizer.codebook_size, (model.config.patches,), generator=generator)
    case = Case("default", tuple(ids.tolist()), 7, model.config.sampling)
    if model.config.text:
        caption = "smiling cat and red apple"
        words = Tokenizer.from_file(str(bundle / TOKENIZER)).encode(caption, add_special_tokens=False).ids
        case = replace(case, caption=caption, text_ids=tuple(words[: model.config.text.max_tokens]))
    write_cases(model, [case], resources / "golden")
