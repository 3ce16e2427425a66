"""Reveal plans against the values that the authors' sampling loops produce."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from modelkit.golden import plan_document
from modelkit.madit import SamplingDefaults
from modelkit.reveal import Round, compile_plan, guidance_at, kl_order, masked_counts, reveal_order, user_plan

AUTHORS = json.loads((Path(__file__).parent / "data" / "schedules.json").read_text())["mar_cosine"]


@pytest.mark.parametrize("case", AUTHORS.values(), ids=AUTHORS.keys())
def test_cosine_plan_equals_the_authors(case):
    sampling = SamplingDefaults(rounds=case["K"], guidance_scale=3.0)
    plan = compile_plan(range(case["N"]), sampling)
    assert [r.end - r.begin for r in plan.rounds] == case["reveal_counts"]
    assert [case["N"] - r.begin for r in plan.rounds] == case["masked_before_round"]
    assert [r.guidance for r in plan.rounds] == pytest.approx(case["cfg_iter_w3_linear"], abs=1e-12)


def test_plans_equal_those_that_the_server_is_held_to():
    golden = Path(__file__).parents[2] / "server" / "src" / "test" / "resources" / "golden" / "plans.json"
    assert json.loads(json.dumps(plan_document())) == json.loads(golden.read_text())


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("patches", [1, 2, 10, 16, 64, 256])
def test_masked_counts_never_leave_a_round_empty(schedule, patches):
    for rounds in [1, 2, 3, 9, 10, 15, 16, 63, 64, 65, 255, 300]:
        counts = masked_counts(schedule, patches, rounds)
        assert len(counts) == min(rounds, patches) + 1
        assert counts[0] == patches
        assert counts[-1] == 0
        assert all(a > b for a, b in pairwise(counts))


def test_masked_counts_linear_is_exact():
    assert masked_counts("linear", 20, 10) == list(range(20, -1, -2))
    assert masked_counts("linear", 10, 10) == list(range(10, -1, -1))


def test_guidance_constant_and_last_round():
    assert guidance_at("constant", 3.0, 64, 10) == 3.0
    assert guidance_at("linear", 3.0, 64, 0) == guidance_at("linear", 3.0, 64, 1) == 1 + 2 * 63 / 64
    assert guidance_at("linear", 1.0, 64, 10) == 1.0


def test_kl_order_breaks_ties_by_raster_index_and_puts_missing_ids_last():
    kl = torch.tensor([5.0, 1.0, 3.0])
    assert kl_order(kl, torch.tensor([0, -1, 1, 0, 1, 2])) == [2, 4, 5, 0, 3, 1]


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="spiral"):
        reveal_order(replace(SamplingDefaults(), reveal_order="spiral"), (2, 2), 0)
    with pytest.raises(ValueError, match="kl needs ids"):
        reveal_order(SamplingDefaults(), (2, 2), 0)
    with pytest.raises(ValueError, match="needs the grid"):
        compile_plan(range(4), replace(SamplingDefaults(), reveal_order="gtr"))
    with pytest.raises(ValueError, match="sqrt"):
        compile_plan(range(4), replace(SamplingDefaults(), reveal_schedule="sqrt"))


def test_user_plan_is_checked():
    plan = user_plan([2, 0, 1], [1, 2], [3, 4], [1.0, 2.0])
    assert plan.rounds == (Round(0, 1, 3, 1.0), Round(1, 3, 4, 2.0))
    for order, counts in [([0, 0, 1], [3]), ([0, 1, 2], [2]), ([0, 1, 2], [3, 0])]:
        with pytest.raises(ValueError, match=r"order|cover|range"):
            user_plan(order, counts, [1] * len(counts), [1.0] * len(counts))
