"""The tolerance rule and the result table."""

import json

import torch

from modelkit.families.case import Case, compare, compare_served

CONFIG = {"fp32_vs_fp64_max_abs": {"final": 1e-3}, "capture_rounds": [0, 2]}


def _case(**tensors):
    return Case(CONFIG, {}, tensors)


def test_limit_is_ten_times_the_recorded_difference_and_at_least_1e_5():
    case = _case(final=torch.zeros(2), cond=torch.zeros(2), ids=torch.zeros(2, dtype=torch.int64))
    assert [case.limit(name) for name in ("final", "cond", "ids")] == [1e-2, 1e-5, 0.0]


def test_draws_come_in_order_and_are_not_expected():
    case = _case(
        **{"draw.0001": torch.ones(1), "draw.0000": torch.zeros(1), "in.x": torch.ones(1), "final": torch.ones(1)}
    )
    assert [float(draw) for draw in case.draws] == [0.0, 1.0]
    assert list(case.expected) == ["final"]
    assert case.captured_rounds == {0, 2}


def test_compare_fails_on_what_differs_or_is_missing():
    case = _case(final=torch.zeros(2), ids=torch.tensor([1, 2]), cond=torch.zeros(3), ode_t=torch.zeros(4))
    computed = {"final": torch.full((2,), 9e-3), "ids": torch.tensor([1, 3]), "cond": torch.zeros(2)}
    results = {result.name: result for result in compare("x", case, computed).tensors}
    assert {name: result.ok for name, result in results.items()} == {
        "final": True,
        "ids": False,
        "cond": False,
        "ode_t": False,
    }
    assert results["cond"].note == "shape [2], must be [3]"
    assert results["ode_t"].note == "not computed"


def test_compare_fails_on_nan_and_accepts_equal_infinities():
    case = _case(final=torch.zeros(2), conf=torch.tensor([torch.inf, 0.0]))
    computed = {"final": torch.tensor([0.0, torch.nan]), "conf": torch.tensor([torch.inf, 0.0])}
    assert [result.ok for result in compare("x", case, computed).tensors] == [True, False]


def test_compare_takes_leading_rows_only_where_later_ones_do_not_matter():
    case = _case(sampled=torch.tensor([0.0, 0.0, 5.0, 5.0]))
    assert not compare("x", case, {"sampled": torch.zeros(2)}).ok
    assert compare("x", case, {"sampled": torch.zeros(2)}, ("*sampled",)).ok


def test_compare_knows_exceptions():
    case = _case(nfe=torch.tensor([20, 26]), ode_t=torch.zeros(4))
    computed = {"nfe": torch.tensor([26, 26]), "ode_t": torch.zeros(5)}
    assert not compare("x", case, computed).ok
    assert compare("x", case, computed, (), {"nfe": 6.0, "*ode_t": torch.inf}).ok


def test_compare_served_prefixes_names_and_has_exceptions():
    case = _case(final=torch.zeros(2), ids=torch.tensor([1]))
    computed = {"final": torch.full((2,), 0.5), "ids": torch.tensor([1]), "unrecorded": torch.zeros(1)}
    assert [(r.name, r.ok) for r in compare_served(case, computed, {})] == [
        ("served.final", False),
        ("served.ids", True),
    ]
    assert all(result.ok for result in compare_served(case, computed, {"served.final": 1.0}))


def test_report_prints_a_table_and_json():
    report = compare("x", _case(final=torch.ones(1)), {"final": torch.zeros(1)})
    assert "final   1.00e+00   1.00e-02  FAILED" in report.as_table()
    assert report.as_table().endswith("x: 1 tensors, 1 FAILED")
    assert json.loads(report.as_json())["tensors"][0]["difference"] == 1.0
