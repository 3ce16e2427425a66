"""Recorded cases as bundles and calls of a server."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from modelkit.cli import app
from modelkit.families.case import load_case
from modelkit.families.masked_sampler import masked_sampling
from modelkit.families.remote import remote_case
from modelkit.families.replay import replay_plan

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def test_a_seed_names_the_sample_whose_draws_are_used():
    case = load_case(ORACLES / "mar")
    made = remote_case(case, "case-mar")
    script = torch.jit.script(made.bundle.module.eval())
    sampling = masked_sampling(case.config["sample"])
    for sample, call in enumerate(made.calls):
        plan = replay_plan(case.draws[sample], sampling)
        assert call.request["sampling"]["seed"] == sample
        assert call.request["sampling"]["user_plan"]["order"] == plan.order.tolist()
        label = torch.tensor([call.request["conditioning"]["class_label"]])
        condition, canvas = script.condition(label, torch.empty(0, 0)), script.canvas(torch.empty(0), plan.order)
        steps = made.bundle.manifest["sampling"]["flow_steps"]
        for (begin, end), guidance in zip(pairwise(plan.edges), plan.guidance):
            budget = torch.tensor([[begin, end, steps, steps, sample, 0]])
            scales = torch.tensor([[guidance, 0.0, sampling.temperature, 1.0]], dtype=torch.float64)
            script.round([condition], [canvas], [plan.order], budget, scales)
        drawn = script.latents(canvas, plan.order)
        assert (drawn - case.expected["final"][sample]).abs().max() <= case.limit("final")


@pytest.mark.parametrize("name", sorted(folder.parent.name for folder in ORACLES.glob("*/config.json")))
def test_every_case_becomes_a_bundle(name, tmp_path):
    case = load_case(ORACLES / name)
    made = remote_case(case, "some-case")
    assert made.bundle.manifest["name"] == "some-case"
    torch.jit.script(made.bundle.module.eval())
    assert len(made.calls) >= len(case.expected["final"])


def test_a_server_that_does_not_answer_is_named(tmp_path):
    result = CliRunner().invoke(app, ["verify", str(ORACLES / "mar"), "--server", "localhost:1"])
    assert result.exit_code == 2
    assert "localhost:1: no reflection of madit.v1.VisualTokenService" in result.output


def test_the_bundle_is_written(tmp_path):
    result = CliRunner().invoke(app, ["verify", str(ORACLES / "mar"), "--bundle", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["name"] == "case-mar"
