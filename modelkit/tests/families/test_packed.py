"""The served modules of MAR and V2Flow: scripted equals the reference, and company changes nothing."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from modelkit.families import mar, v2flow
from modelkit.families.case import Case, load_case
from modelkit.families.draws import SeededDraws
from modelkit.families.mar.reference import generate as mar_generate
from modelkit.families.mar.scripted import ScriptedMar
from modelkit.families.masked_sampler import MaskedSampling, Trace
from modelkit.families.replay import replay_plan
from modelkit.families.v2flow.reference import generate as v2flow_generate
from modelkit.families.v2flow.scripted import scripted

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
NAMES = ["mar", "v2flow-linear", "v2flow-condot"]
NO_TEXT = torch.empty(0, 0)


@dataclass
class Served:
    """A case, its eager model and its scripted module, saved and loaded again."""

    case: Case
    model: torch.nn.Module
    archive: bytes
    script: torch.jit.ScriptModule
    steps: int

    @property
    def patches(self) -> int:
        return self.model.masked.patches

    def condition(self, sample: int) -> Tensor:
        tensors = self.case.tensors
        ids = tensors["in.labels"][sample : sample + 1] if "in.labels" in tensors else tensors["tok.indices"][sample]
        return self.script.condition(ids, NO_TEXT)


@pytest.fixture(scope="module", params=NAMES)
def served(request) -> Served:
    case = load_case(ORACLES / request.param)
    if request.param == "mar":
        model = mar.convert(case.weights, case.config)
        module, steps = ScriptedMar(model), 100
    else:
        model = v2flow.convert(case.weights, case.config)
        module, steps = scripted(model), 20
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    archive = buffer.getvalue()
    return Served(case, model, archive, torch.jit.load(io.BytesIO(archive)), steps)


@dataclass
class Session:
    """One request on its way: what the server keeps of it."""

    condition: Tensor
    order: Tensor
    patch_dim: int
    edges: list[int]
    steps: int
    guidance: list[float]
    seed: int = 0
    temperature: float = 1.0
    boosted: int = 0
    boost: float = 0.0
    done: int = 0

    def __post_init__(self) -> None:
        self.canvas = torch.zeros(len(self.order), self.patch_dim)


def _advance(script, sessions: list[Session]) -> None:
    budget = [[s.edges[s.done], s.edges[s.done + 1], s.steps, s.boosted or s.steps, s.seed, 0] for s in sessions]
    scales = [[s.guidance[s.done], s.boost, s.temperature, 1.0] for s in sessions]
    script.round(
        [s.condition for s in sessions],
        [s.canvas for s in sessions],
        [s.order for s in sessions],
        torch.tensor(budget),
        torch.tensor(scales, dtype=torch.float64),
    )
    for session in sessions:
        session.done += 1


def _session(served: Served, sample: int, orders: Tensor, sampling: MaskedSampling, **changes) -> Session:
    """The plan of a recorded or seeded run: inside a round by raster index, as the authors' code gathers them."""
    if isinstance(served.model, v2flow.V2Flow) and served.model.config.flow_method == "linear_flow":
        sampling = replace(sampling, guidance=4.5, schedule="constant")  # fixed by the authors' code
    plan = replay_plan(orders[sample], sampling)
    session = Session(
        served.condition(sample),
        plan.order,
        served.model.masked.patch_dim,
        list(plan.edges),
        served.steps,
        list(plan.guidance),
        temperature=sampling.temperature,
    )
    return replace(session, **changes)


def _reference(served: Served, seed: int, sampling: MaskedSampling) -> Tensor:
    draws, trace = SeededDraws([seed]), Trace()
    if isinstance(served.model, v2flow.V2Flow):
        slots = served.condition(0).unsqueeze(0)
        return v2flow_generate(served.model, slots, sampling, draws, trace)[0]
    return mar_generate(served.model, served.case.tensors["in.labels"][:1], sampling, draws, trace)[0]


def test_scripted_rounds_equal_the_seeded_reference(served):
    sampling = MaskedSampling(rounds=5, guidance=2.0, schedule="linear", temperature=0.9)
    session = _session(served, 0, SeededDraws([77]).orders(1, served.patches), sampling, seed=77)
    for _ in range(sampling.rounds):
        _advance(served.script, [session])
    latents = served.script.latents(session.canvas, session.order)
    assert torch.allclose(latents, _reference(served, 77, sampling), atol=1e-3)


def test_packed_requests_equal_their_solo_runs(served):
    orders = SeededDraws([1, 2]).orders(2, served.patches)
    few = {"steps": 5}
    plans = [
        (0, MaskedSampling(6, 3.0, "linear", 1.0), {"seed": 5, **few}),
        (1, MaskedSampling(4, 1.0, "constant", 0.8), {"seed": 6, "guidance": [1.0] * 4, **few}),
        (0, MaskedSampling(5, 2.5, "constant", 1.0), {"seed": 7, "steps": 4}),
    ]
    alone = [_session(served, sample, orders, sampling, **changes) for sample, sampling, changes in plans]
    for session in alone:
        while session.done < len(session.guidance):
            _advance(served.script, [session])
    together = [_session(served, sample, orders, sampling, **changes) for sample, sampling, changes in plans]
    _advance(served.script, together[:1])  # the others join later
    while any(session.done < len(session.guidance) for session in together):
        _advance(served.script, [s for s in together if s.done < len(s.guidance)])
    for one, other in zip(alone, together):
        assert float((one.canvas - other.canvas).abs().max()) < 1e-3 * float(one.canvas.abs().max())


def test_boosted_patches_get_their_own_steps(served):
    orders, sampling = SeededDraws([3]).orders(1, served.patches), MaskedSampling(2, 2.0, "constant", 1.0)

    def run(**changes) -> Tensor:
        session = _session(served, 0, orders, sampling, seed=9, **changes)
        _advance(served.script, [session])
        return session.canvas[: session.edges[1]]

    few, many = run(steps=5), run(steps=8)
    mixed = run(steps=5, boosted=8, boost=0.25)
    if getattr(served.model.config, "flow_method", "") == "CondOT":  # chooses its own steps
        assert torch.equal(mixed, few)
        return
    boosted = (mixed - many).abs().amax(1) < 1e-3 * float(many.abs().max())
    usual = (mixed - few).abs().amax(1) < 1e-3 * float(few.abs().max())
    assert bool((boosted ^ usual).all())
    assert int(boosted.sum()) == round(0.25 * len(mixed))


def test_bfloat16_is_close_to_float32(served):
    sampling = MaskedSampling(2, 2.0, "constant", 1.0)
    session = _session(served, 0, SeededDraws([3]).orders(1, served.patches), sampling, steps=5)
    script = torch.jit.load(io.BytesIO(served.archive))
    assert script.use_precision("bfloat16") == "bfloat16"
    _advance(script, [session])
    exact = _session(served, 0, SeededDraws([3]).orders(1, served.patches), sampling, steps=5)
    _advance(served.script, [exact])
    assert 0 < float((session.canvas - exact.canvas).abs().mean()) < 0.1 * float(exact.canvas.abs().mean())


def test_decode_without_an_autoencoder_is_refused(served):
    with pytest.raises(torch.jit.Error, match="no autoencoder"):
        served.script.decode(torch.zeros(served.patches, served.model.masked.patch_dim), torch.arange(served.patches))


def test_canvas_of_latents_is_the_inverse_of_latents(served):
    config = served.model.masked
    latents, order = torch.randn(config.channels, config.grid, config.grid), torch.randperm(config.patches)
    assert torch.equal(served.script.latents(served.script.canvas_of(latents, order), order), latents)


def test_scripted_tokenizer_gives_the_recorded_ids():
    case = load_case(ORACLES / "v2flow-linear")
    script = torch.jit.script(scripted(v2flow.convert(case.weights, case.config)).eval())
    for latents, ids, slots in zip(*(case.tensors[n] for n in ("in.latents", "tok.indices", "tok.post_quant"))):
        assert torch.equal(script.ids_of(latents), ids)
        assert torch.allclose(script.condition(ids, NO_TEXT), slots, atol=1e-5)
        tokens = script.tokens_of(latents, torch.empty(0, 0))
        assert torch.equal(script.nearest(tokens), ids)
    missing = script.condition(torch.full([64], -1), NO_TEXT)
    assert torch.equal(missing, case.weights["fake_latent"].expand(64, -1))
