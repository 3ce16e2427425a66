"""Eager reference = scripted = saved and reloaded; packed with others = alone."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from modelkit import bundle, golden
from modelkit.initialise import random_model
from modelkit.madit import MaditModel
from modelkit.reference import Request, read_out, sample, to_latents, to_rgb
from modelkit.reveal import RevealPlan, plan_for
from modelkit.scripted import ScriptedMadit

CONFIGS = {config.name: config for config in golden.pico_configs()}
CONFIGS["velocity-latent-text"] = replace(
    CONFIGS["pico-buffer"], name="velocity-latent-text", guidance_placement="velocity"
)
TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def _inference():
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


@dataclass(frozen=True)
class Served:
    """A model three times: eager, scripted in memory, read back from its bundle."""

    model: MaditModel
    scripted: torch.jit.ScriptModule
    reloaded: torch.jit.ScriptModule


@pytest.fixture(scope="module", params=CONFIGS)
def served(request, tmp_path_factory) -> Served:
    folder: Path = tmp_path_factory.mktemp(request.param)
    model = random_model(CONFIGS[request.param], seed=3)
    scripted = torch.jit.script(ScriptedMadit(model).eval())
    text = golden.pico_tokenizer_json() if model.config.text else None
    bundle.write_bundle(model, folder, bundle.BundleInfo("test"), text)
    return Served(model, scripted, torch.jit.load(str(folder / bundle.MODEL)))


class Session:
    """A request on its way through the rounds, as a server keeps it."""

    def __init__(self, module, case: golden.Case, model: MaditModel) -> None:
        ids = torch.tensor(case.ids)
        self.case = case
        self.plan: RevealPlan = case.plan or plan_for(model, ids, case.sampling, case.seed)
        self.order = torch.tensor(self.plan.order)
        self.condition = module.condition(ids, module.embed_text(torch.tensor(case.text_ids, dtype=torch.int64)))
        self.canvas = module.canvas(ids, self.order)
        self.index = 0

    @property
    def done(self) -> bool:
        return self.index == len(self.plan.rounds)


def advance(module, sessions: list[Session]) -> None:
    rounds = [s.plan.rounds[s.index] for s in sessions]
    budget = [
        [r.begin, r.end, r.flow_steps, r.boosted_steps, s.case.seed, int(s.case.regression_only)]
        for r, s in zip(rounds, sessions)
    ]
    scales = [[r.guidance, r.boost_fraction, 1.0, s.case.sampling.noise_scale] for r, s in zip(rounds, sessions)]
    new = module.round(
        [s.condition for s in sessions],
        [s.canvas for s in sessions],
        [s.order for s in sessions],
        torch.tensor(budget),
        torch.tensor(scales, dtype=torch.float64),
    )
    assert new.shape[0] == sum(r.end - r.begin for r in rounds)
    for session in sessions:
        session.index += 1


def run(module, case: golden.Case, model: MaditModel) -> Tensor:
    session = Session(module, case, model)
    while not session.done:
        advance(module, [session])
    return module.latents(session.canvas, session.order)


def expected(model: MaditModel, case: golden.Case) -> Tensor:
    ids = torch.tensor(case.ids)
    plan = case.plan or plan_for(model, ids, case.sampling, case.seed)
    text = model.words[torch.tensor(case.text_ids, dtype=torch.int64)]
    return sample(model, Request(ids, text, plan, case.seed, case.sampling.noise_scale, case.regression_only))


def test_eager_equals_scripted_equals_reloaded(served):
    for case in golden.pico_cases(served.model.config):
        truth = expected(served.model, case)
        scripted, reloaded = run(served.scripted, case, served.model), run(served.reloaded, case, served.model)
        assert float((scripted - truth).abs().max()) < TOLERANCE, case.name
        assert torch.equal(scripted, reloaded), case.name
        picture = served.reloaded.decode_latents(reloaded).int() - to_rgb(served.model, truth).int()
        assert int(picture.abs().max()) <= 1, case.name


def test_packed_with_others_equals_alone(served):
    """One more session joins every round, so that rounds, steps, guidance and text lengths all differ within a pack."""
    cases = golden.pico_cases(served.model.config)
    sessions = [Session(served.scripted, case, served.model) for case in cases]
    started = 0
    while not all(s.done for s in sessions):
        started += 1
        advance(served.scripted, [s for s in sessions[:started] if not s.done])
    for session in sessions:
        packed = served.scripted.latents(session.canvas, session.order)
        alone = run(served.scripted, session.case, served.model)
        assert float((packed - alone).abs().max()) < TOLERANCE, session.case.name


def test_round_with_noise_equals_round_with_the_same_noise(served):
    case = golden.pico_cases(served.model.config)[0]
    a, b = (Session(served.scripted, case, served.model) for _ in range(2))
    first = a.plan.rounds[0]
    budget = torch.tensor([[first.begin, first.end, first.flow_steps, 0, case.seed, 0]])
    scales = torch.tensor([[first.guidance, 0.0, 1.0, 0.7]], dtype=torch.float64)
    noise = served.scripted.gaussian(case.seed, a.order[first.begin : first.end], a.canvas.shape[1], 0, 0)
    arguments = (budget, scales)
    given = served.scripted.round_with_noise([b.condition], [b.canvas], [b.order], *arguments, noise)
    assert torch.equal(served.scripted.round([a.condition], [a.canvas], [a.order], *arguments), given)
    assert torch.equal(a.canvas, b.canvas)


def test_read_out_encode_and_continuous_tokens(served):
    model, module = served.model, served.scripted
    case = golden.pico_cases(model.config)[0]
    ids, order = torch.tensor(case.ids), torch.randperm(model.config.patches)
    partial = torch.where(torch.arange(len(ids)) % 3 == 0, -1, ids)
    latents = to_latents(model, read_out(model, partial))
    assert torch.allclose(module.latents(module.canvas(partial, order), order), latents, atol=1e-6)
    assert torch.equal(module.canvas_of(latents, order), module.canvas(partial, order))
    picture = module.decode(module.canvas(ids, order), order)
    assert picture.dtype == torch.uint8
    assert picture.shape == (model.config.image_size, model.config.image_size, 3)
    assert torch.equal(module.encode(picture), golden._tokenize(model, picture))
    codes, text = model.tokenizer.lookup(ids), module.embed_text(torch.tensor(case.text_ids, dtype=torch.int64))
    assert torch.equal(module.condition_tokens(codes, text), module.condition(ids, text))
    assert torch.equal(module.nearest(codes), ids)


def test_everything_named_in_a_request_changes_the_picture(served):
    cases = {case.name: case for case in golden.pico_cases(served.model.config)}
    default = run(served.scripted, cases.pop("default"), served.model)
    for name, case in cases.items():
        assert float((run(served.scripted, case, served.model) - default).abs().mean()) > 1e-3, name


def test_bfloat16_is_close_and_outputs_stay_float32(served):
    case = golden.pico_cases(served.model.config)[0]
    truth = run(served.scripted, case, served.model)
    module = torch.jit.script(ScriptedMadit(served.model).eval())
    assert module.use_precision("bfloat16") == "bfloat16"
    low = run(module, case, served.model)
    assert module.state_dict()["last.qkv.weight"].dtype == torch.bfloat16
    assert low.dtype == torch.float32
    assert 0 < float((low - truth).abs().mean()) < 0.05
    assert served.model.madit.encoder[0].qkv.weight.dtype == torch.float32
    assert module.probe_precision("bfloat16", 8, 2).shape == (8, served.model.config.width)
    with pytest.raises(Exception, match="float32 or bfloat16"):
        module.use_precision("float16")
