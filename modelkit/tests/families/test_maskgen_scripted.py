"""The served MaskGen: packed equals alone, and what is drawn depends on the request only."""

from pathlib import Path

import pytest
import torch

from modelkit.families import maskgen
from modelkit.families.case import load_case
from modelkit.families.masked_sampler import masked_counts as cosine_counts
from modelkit.families.maskgen.scripted_kl import ScriptedMaskGenKl
from modelkit.families.maskgen.scripted_vq import ScriptedMaskGenVq
from modelkit.families.maskgen.vq_sampler import masked_counts, vq_sampling
from modelkit.philox import shuffle
from modelkit.reveal import guidance_at

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
NO_ORDER = torch.zeros(0, dtype=torch.int64)


@pytest.fixture(scope="module")
def vq():
    return load_case(ORACLES / "maskgen-vq")


@pytest.fixture(scope="module")
def vq_module(vq):
    model = maskgen.convert(vq.weights, vq.config)
    return torch.jit.script(ScriptedMaskGenVq(model, 77, vq_sampling(vq.config["sample"])).eval())


def conditions(module, case, scores):
    """Conditions of the samples of a case."""
    given = case.tensors
    null = given["in.null_text"][0], given["in.null_text_pooled"][0, 0]
    return [
        module.condition(text, pooled[0], *null, score.view(1))
        for text, pooled, score in zip(given["in.text"], given["in.text_pooled"], scores)
    ]


class VqSession:
    """A request of the VQ variant on its way through the rounds."""

    def __init__(self, module, cond, rounds: int, seed: int = 0, guidance: float = 3.0) -> None:
        self.cond, self.rounds, self.seed, self.guidance = cond, rounds, seed, guidance
        self.ids = module.canvas(torch.full((32,), -1), NO_ORDER)
        self.counts = masked_counts("arccos", 32, rounds)
        self.index = 0

    @property
    def done(self) -> bool:
        return self.index == self.rounds


def arguments(sessions: list[VqSession]):
    budget = [[32 - s.counts[s.index], 32 - s.counts[s.index + 1], s.index + 1, s.rounds, s.seed, 0] for s in sessions]
    scales = torch.tensor([[s.guidance, 2.0, 1.0, 1.0] for s in sessions], dtype=torch.float64)
    states = [s.cond for s in sessions], [s.ids for s in sessions], [NO_ORDER for _ in sessions]
    return *states, torch.tensor(budget), scales


def advance(module, sessions: list[VqSession]) -> None:
    packed = module.round(*arguments(sessions))
    assert torch.equal(packed, torch.cat([s.ids for s in sessions]))
    for session in sessions:
        session.index += 1


def run(module, session: VqSession) -> torch.Tensor:
    while not session.done:
        advance(module, [session])
    return session.ids


def test_packed_at_different_rounds_gives_the_same_ids_as_alone(vq, vq_module):
    conds = conditions(vq_module, vq, torch.tensor([6.5, 2.0]))
    settings = [(conds[0], 8, 1, 3.0), (conds[1], 5, -9, 1.0), (conds[0], 3, 2**62, 0.0)]
    sessions, started = [VqSession(vq_module, *one) for one in settings], 0
    while not all(s.done for s in sessions):
        started += 1
        advance(vq_module, [s for s in sessions[:started] if not s.done])
    for session, one in zip(sessions, settings):
        assert torch.equal(session.ids, run(vq_module, VqSession(vq_module, *one)))


def test_seed_text_score_and_guidance_change_the_ids(vq, vq_module):
    conds = conditions(vq_module, vq, torch.tensor([6.5, 6.5]))
    other_score = conditions(vq_module, vq, torch.tensor([1.0, 1.0]))[0]
    runs = [(conds[0], 8, 1), (conds[0], 8, 2), (conds[1], 8, 1), (other_score, 8, 1), (conds[0], 8, 1, 12.0)]
    results = [tuple(run(vq_module, VqSession(vq_module, *one)).tolist()) for one in runs]
    assert len(set(results)) == len(results)
    assert tuple(run(vq_module, VqSession(vq_module, *runs[0])).tolist()) == results[0]


def test_known_ids_stay(vq, vq_module):
    cond = conditions(vq_module, vq, torch.full((2,), 6.5))[0]
    session = VqSession(vq_module, cond, 4)
    session.ids[8:] = 5
    session.counts = masked_counts("arccos", 8, 4)
    assert run(vq_module, session)[8:].tolist() == [5] * 24
    assert bool((session.ids >= 0).all())


def test_a_round_that_does_not_fit_the_ids_is_refused(vq, vq_module):
    session = VqSession(vq_module, conditions(vq_module, vq, torch.full((2,), 6.5))[0], 4)
    session.ids[0] = 1
    with pytest.raises(Exception, match="begin must be the number of known ids"):
        advance(vq_module, [session])
    with pytest.raises(Exception, match="text must fill all slots"):
        text, pooled = vq.tensors["in.text"][0], vq.tensors["in.text_pooled"][0, 0]
        vq_module.condition(text[:9], pooled, text, pooled, torch.ones(1))


def test_bfloat16_changes_the_blocks_only(vq):
    module = torch.jit.script(ScriptedMaskGenVq(maskgen.convert(vq.weights, vq.config), 77, vq_sampling({})).eval())
    cond = conditions(module, vq, torch.full((2,), 6.5))[:1]
    rows = torch.arange(32)
    truth = module.logits(cond, [torch.full((32,), -1)], rows)
    assert module.use_precision("bfloat16") == "bfloat16"
    low = module.logits(cond, [torch.full((32,), -1)], rows)
    assert low.dtype == torch.float32
    assert 0 < float((low - truth).abs().mean()) < 0.1
    assert module.state_dict()["blocks.0.attn.to_q.weight"].dtype == torch.bfloat16


@pytest.fixture(scope="module")
def kl():
    return load_case(ORACLES / "maskgen-kl")


@pytest.fixture(scope="module")
def kl_module(kl):
    return torch.jit.script(ScriptedMaskGenKl(maskgen.convert(kl.weights, kl.config), 77).eval())


class KlSession:
    """A request of the KL variant. ``steps``: of the diffusion in a round."""

    def __init__(self, module, cond, rounds: int, seed: int, guidance: float, steps: int) -> None:
        self.cond, self.rounds, self.seed, self.guidance, self.steps = cond, rounds, seed, guidance, steps
        self.order = torch.tensor(shuffle(seed, 32))
        self.canvas = module.canvas(NO_ORDER, self.order)
        self.counts = cosine_counts(32, rounds)
        self.index = 0

    @property
    def done(self) -> bool:
        return self.index == self.rounds

    @property
    def scale(self) -> float:
        return guidance_at("linear", self.guidance, 32, self.counts[self.index + 1])


def kl_arguments(sessions: list[KlSession]):
    budget = [[32 - s.counts[s.index], 32 - s.counts[s.index + 1], s.steps, 0, s.seed, 0] for s in sessions]
    scales = torch.tensor([[s.scale, 0.0, 1.0, 1.0] for s in sessions], dtype=torch.float64)
    states = [s.cond for s in sessions], [s.canvas for s in sessions], [s.order for s in sessions]
    return *states, torch.tensor(budget), scales


def kl_advance(module, sessions: list[KlSession]) -> None:
    module.round(*kl_arguments(sessions))
    for session in sessions:
        session.index += 1


def test_packed_at_different_rounds_and_steps_equals_alone(kl, kl_module):
    conds = conditions(kl_module, kl, torch.tensor([6.5, 2.0]))
    settings = [(conds[0], 6, 1, 3.0, 50), (conds[1], 4, -9, 1.0, 50), (conds[0], 3, 5, 2.0, 100)]
    sessions, started = [KlSession(kl_module, *one) for one in settings], 0
    while not all(s.done for s in sessions):
        started += 1
        kl_advance(kl_module, [s for s in sessions[:started] if not s.done])
    for session, one in zip(sessions, settings):
        alone = KlSession(kl_module, *one)
        while not alone.done:
            kl_advance(kl_module, [alone])
        assert float((session.canvas - alone.canvas).abs().max()) < 1e-4 * float(alone.canvas.abs().max())
        assert float(alone.canvas.abs().min()) > 0
