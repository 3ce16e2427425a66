"""The served MaskGIL: equal to the reference, packed equals alone, known ids stay, and bundles."""

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from modelkit.bundle import check_hashes
from modelkit.cli import app
from modelkit.families import maskgil
from modelkit.families.case import Case, load_case
from modelkit.families.maskgil.config import LlamaConfig
from modelkit.families.maskgil.llama import Llama
from modelkit.families.maskgil.sampler import maskgil_sampling, reveal_counts, scheduled_counts
from modelkit.families.maskgil.scripted import ScriptedMaskGil
from modelkit.families.text_towers import WordTable

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
NO_ORDER, NO_TEXT, NO_LABEL = (torch.zeros(0, dtype=torch.int64), torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64))
CTOR = {"dim": 32, "n_layer": 2, "n_head": 4, "multiple_of": 16, "vocab_size": 11, "num_classes": 3, "block_size": 16}

TEXT = LlamaConfig(
    codes=20,
    grid=4,
    width=32,
    depth=2,
    heads=2,
    kv_heads=1,
    hidden=64,
    feature_dim=6,
    slots=3,
    text=True,
    rope="grid",
    qk_norm=True,
    post_norm=True,
    embed_dim=8,
    tied=True,
)


def recorded(ctor: dict, sample: dict, samples: int = 2) -> Case:
    """A case with random weights and draws; what was computed is not recorded."""
    torch.manual_seed(1)
    settings = {"ctor": CTOR | ctor, "sample": sample, "class": "MaskGIT.sample"}
    model = Llama(maskgil.model.read_llama(settings))
    for value in model.parameters():
        value.data.normal_(std=0.3)
    tensors = {"in.labels": torch.arange(samples)}
    rounds = len(reveal_counts(maskgil_sampling(sample).planned(16), 16))
    kind = sample.get("randomize", "linear")
    draws = []
    for index in range(rounds):
        draws.append(torch.empty(samples * 16, 12).exponential_())
        if kind == "linear":
            draws.append(-torch.empty(samples, 16, dtype=torch.float64).exponential_().log())
        elif kind == "random" or (kind == "warm_up" and index < 2):
            draws.append(torch.rand(samples, 16))
    tensors |= {f"draw.{index:04d}": draw for index, draw in enumerate(draws)}
    return Case(settings, dict(model.state_dict()), tensors)


@pytest.mark.parametrize(
    ("ctor", "sample"),
    [
        ({}, {"step": 4}),
        ({"n_kv_head": 2, "ffn_dim_multiplier": 1.3}, {"step": 5, "sched_mode": "root", "w": 0}),
        ({"rope": "grid", "qk_norm": True}, {"step": 1, "w": 2.5}),
        ({"rope": "grid", "post_norm": True}, {"step": 20, "sched_mode": "cosine", "sm_temp": 1.4, "r_temp": 1}),
        ({"embed_dim": 8, "tied": True}, {"sched_mode": [7, 7, 7, 7], "randomize": "no"}),
        ({}, {"step": 5, "randomize": "warm_up"}),
        ({"qk_norm": True}, {"step": 3, "randomize": "random", "w": 2}),
    ],
)
def test_served_ids_are_the_references(ctor, sample):
    for samples in (1, 2):
        case = recorded(ctor, sample, samples)
        reference, served = maskgil.run_case(case), maskgil.run_script(case)
        assert {name: torch.equal(value, reference[name]) for name, value in served.items()} == {
            "code_in": True,
            "mask_after": True,
            "final": True,
        }


@pytest.fixture(scope="module")
def module():
    """A text model of 4 x 4 ids."""
    torch.manual_seed(0)
    model = Llama(TEXT).eval().requires_grad_(False)
    for name, value in model.named_parameters():
        if "norm" not in name:
            value.normal_(std=0.4)
    return torch.jit.script(ScriptedMaskGil(model, WordTable(torch.randn(9, 6))).eval())


class Session:
    """A request on its way through the rounds."""

    def __init__(self, module, cond, rounds: int, seed: int = 0, guidance: float = 2.0, known=()) -> None:
        self.cond, self.rounds, self.seed, self.guidance = cond, rounds, seed, guidance
        ids = torch.full((16,), -1)
        ids[: len(known)] = torch.tensor(known, dtype=torch.int64)
        self.ids, self.begin, self.index = module.canvas(ids, NO_ORDER), len(known), 0
        self.counts = reveal_counts(scheduled_counts("arccos", 16 - len(known), rounds), 16 - len(known))

    @property
    def done(self) -> bool:
        return self.index == len(self.counts)


def advance(module, sessions: list[Session]) -> None:
    budget = [[s.begin, s.begin + s.counts[s.index], s.index + 1, s.rounds, s.seed, 0] for s in sessions]
    scales = torch.tensor([[s.guidance, 4.5, 1.2, 1.0] for s in sessions], dtype=torch.float64)
    states = [s.cond for s in sessions], [s.ids for s in sessions], [NO_ORDER for _ in sessions]
    packed = module.round(*states, torch.tensor(budget), scales)
    assert torch.equal(packed, torch.cat([s.ids for s in sessions]))
    for session in sessions:
        session.begin += session.counts[session.index]
        session.index += 1


def run(module, session: Session) -> torch.Tensor:
    while not session.done:
        advance(module, [session])
    return session.ids


def condition(module, *words: int) -> torch.Tensor:
    return module.condition(NO_LABEL, module.embed_text(torch.tensor(words, dtype=torch.int64)))


def test_packed_at_different_rounds_gives_the_same_ids_as_alone(module):
    settings = [
        (condition(module, 3, 1), 6, 1, 2.0, [4, 4, 4, 4]),
        (condition(module), 4, -9, 0.0),
        (condition(module, 8, 2, 5), 3, 2**62, 5.0),
    ]
    sessions, started = [Session(module, *one) for one in settings], 0
    while not all(s.done for s in sessions):
        started += 1
        advance(module, [s for s in sessions[:started] if not s.done])
    for session, one in zip(sessions, settings):
        assert torch.equal(session.ids, run(module, Session(module, *one)))


def test_seed_text_guidance_and_known_ids_change_the_ids(module):
    a, b = condition(module, 3, 1), condition(module, 7)
    runs = [(a, 6, 1), (a, 6, 2), (b, 6, 1), (a, 6, 1, 9.0), (a, 6, 1, 2.0, [5, 5, 5])]
    results = [tuple(run(module, Session(module, *one)).tolist()) for one in runs]
    assert len(set(results)) == len(results)
    assert tuple(run(module, Session(module, *runs[0])).tolist()) == results[0]
    assert results[-1][:3] == (5, 5, 5)
    assert all(0 <= one <= TEXT.codes for ids in results for one in ids)
    assert module.picture_tokens(torch.tensor([TEXT.codes, 0]), NO_ORDER).tolist() == [TEXT.codes - 1, 0]


def test_what_does_not_fit_is_refused(module):
    session = Session(module, condition(module), 4)
    session.ids[0] = 1
    with pytest.raises(Exception, match="begin must be the number of known ids"):
        advance(module, [session])
    full = Session(module, condition(module), 4, 0, 2.0, [1] * 15)
    full.counts = [2]
    with pytest.raises(Exception, match="end must be above begin"):
        advance(module, [full])
    with pytest.raises(Exception, match="no more features than the model has slots"):
        condition(module, 1, 2, 3, 4)


def test_a_class_and_none_give_slots_of_their_own():
    case = load_case(ORACLES / "maskgil-mha")
    script = torch.jit.script(ScriptedMaskGil(maskgil.convert(case.weights, case.config)).eval())
    slots = [script.condition(torch.tensor([label]), NO_TEXT) for label in (0, 3, -1)]
    assert slots[0].shape == (2, 48)
    assert torch.equal(slots[0][1], slots[1][1])
    assert torch.equal(slots[2][0], slots[2][1])
    assert not torch.equal(slots[0][0], slots[1][0])
    assert torch.equal(script.condition(NO_LABEL, NO_TEXT), slots[2])
    with pytest.raises(Exception, match="takes text as features only"):
        script.embed_text(torch.tensor([1]))


@pytest.mark.parametrize("name", ["maskgil", "maskgil-mha"])
def test_bfloat16_changes_the_blocks_only(name):
    case = load_case(ORACLES / name)
    script = torch.jit.script(ScriptedMaskGil(maskgil.convert(case.weights, case.config)).eval())
    cond, ids = [script.condition(torch.tensor([1]), NO_TEXT)], torch.full((script.tokens,), -1)
    places = [torch.arange(script.tokens)]
    truth = script.logits(cond, [ids], places, [1.0])
    assert script.use_precision("bfloat16") == "bfloat16"
    low = script.logits(cond, [ids], places, [1.0])
    assert low.dtype == torch.float32
    assert 0 < float((low - truth).abs().mean()) < 0.1
    with pytest.raises(Exception, match="precision must be float32 or bfloat16"):
        script.use_precision("float16")


@pytest.mark.parametrize("name", ["maskgil", "maskgil-mha"])
def test_convert_writes_a_bundle(name, tmp_path):
    settings = json.loads((ORACLES / name / "config.json").read_text()) | {"decoder": "pictures"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    out, weights = tmp_path / "out", str(ORACLES / name / "weights.safetensors")
    arguments = ["convert", "--from", "maskgil", weights, "--config", str(tmp_path / "config.json"), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    check_hashes(out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert {
        "family": "maskgil",
        "decoder": "pictures",
        "classes": {"count": 6},
        "text": None,
    }.items() <= manifest.items()
    assert manifest["sampling"] == {
        "rounds": 8,
        "flow_steps": 1,
        "guidance_scale": 3.0,
        "guidance_schedule": "linear_round",
        "reveal_order": "certainty",
        "reveal_schedule": "arccos",
        "temperature": 1.0,
        "choice_temperature": 4.5,
        "noise_scale": 1.0,
    }
    script = torch.jit.load(str(out / "model.pt"))
    slots = script.condition(torch.tensor([2]), NO_TEXT)
    assert slots.shape == (2, manifest["hidden_dim"])
    assert script.canvas(torch.full((manifest["tokens"]["count"],), -1), NO_ORDER).max() == -1


def test_convert_refuses_a_default_that_no_server_can_have(tmp_path):
    settings = json.loads((ORACLES / "maskgil-mha" / "config.json").read_text())
    settings["sample"]["sched_mode"] = [128, 128]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    weights = str(ORACLES / "maskgil-mha" / "weights.safetensors")
    options = ["--config", str(tmp_path / "config.json"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["convert", "--from", "maskgil", weights, *options])
    assert result.exit_code == 2
    assert "sched_mode" in result.output
