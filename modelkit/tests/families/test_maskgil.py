"""MaskGIL: reveal counts, rotary positions, the paper's settings, and what the converter refuses."""

import json
from pathlib import Path

import pytest
import torch

from modelkit.families import maskgil
from modelkit.families.case import load_case
from modelkit.families.maskgil.config import LlamaConfig, read_llama
from modelkit.families.maskgil.llama import Llama
from modelkit.families.maskgil.rotary import grid_table, line_table, rotate
from modelkit.families.maskgil.sampler import maskgil_sampling, progress, reveal_counts, scheduled_counts
from modelkit.families.registry import verify
from modelkit.families.weights import ConversionError

DATA = Path(__file__).parents[1] / "data"
ORACLES = DATA / "oracles"
PAPER = LlamaConfig(
    codes=20, grid=4, width=32, depth=2, heads=2, kv_heads=1, hidden=64, feature_dim=6, slots=3, text=True,
    rope="grid", qk_norm=True, post_norm=True, embed_dim=8, tied=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def case():
    return load_case(ORACLES / "maskgil-mha")


def test_all_schedules_give_the_authors_counts():
    known = json.loads((DATA / "schedules.json").read_text())["maskgil_256_tokens"]
    assert set(known) == {"arccos", "cosine", "linear", "root", "square"}
    for schedule, runs in known.items():
        for rounds, run in runs.items():
            planned = scheduled_counts(schedule, 256, int(rounds))
            assert planned == run["adap_sche"]
            assert reveal_counts(planned, 256) == run["effective_reveal_counts"]


def test_counts_end_with_the_ids():
    assert reveal_counts(scheduled_counts("arccos", 192, 8), 192) == [1, 14, 19, 24, 28, 32, 36, 38]
    assert reveal_counts(scheduled_counts("root", 5, 8), 5) == [1, 1, 1, 1, 1]
    assert reveal_counts([200, 200], 256) == [200, 56]
    assert scheduled_counts("cosine", 7, 1) == [7]
    assert [progress(index, 3) for index in range(3)] == [0.0, 0.5, 1.0]
    assert progress(0, 1) == 1.0


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ({"step": 0}, "sample.step must be at least 1, is 0"),
        ({"sched_mode": "sine"}, "sample.sched_mode must be one of"),
        ({"sched_mode": [3, 0]}, "positive counts"),
        ({"sm_temp": 0}, "sample.sm_temp must be above 0"),
        ({"randomize": "often"}, "sample.randomize must be one of"),
    ],
)
def test_bad_sampling_is_named(sample, message):
    with pytest.raises(ConversionError, match=message):
        maskgil_sampling(sample)


@pytest.mark.parametrize(
    ("ctor", "message"),
    [
        ({"dim": 30, "n_head": 4}, "ctor.dim must be a multiple"),
        ({"n_head": 4, "n_kv_head": 3}, "ctor.n_kv_head must divide n_head 4, is 3"),
        ({"rope": "3d"}, "ctor.rope must be one of line, grid"),
        ({"model_type": "x2i"}, "ctor.model_type must be one of"),
        ({"n_layer": 0}, "ctor.n_layer must be a positive whole number, is 0"),
    ],
)
def test_bad_shapes_are_named(ctor, message):
    with pytest.raises(ConversionError, match=message):
        read_llama({"ctor": ctor})


def test_an_unknown_net_and_a_missing_key_are_named(case):
    with pytest.raises(ConversionError, match="net must be gpt or mha, is cnn"):
        maskgil.convert(case.weights, {"net": "cnn", "ctor": {}})
    weights = {name: value for name, value in case.weights.items() if name != "bias"}
    with pytest.raises(ConversionError, match="missing: bias"):
        maskgil.convert(weights, case.config)


@pytest.mark.parametrize("change", [{"draws": 3}, {"labels": None}])
def test_an_incomplete_case_is_named(case, change):
    tensors = dict(case.tensors)
    if "draws" in change:
        del tensors["draw.0015"]
    else:
        del tensors["in.labels"]
    with pytest.raises(ConversionError, match="missing"):
        verify(type(case)(case.config, case.weights, tensors))


def test_positions_on_a_line_are_the_authors():
    table = line_table(rows=17, zeros=1, head_dim=8, base=10000.0)
    assert table.shape == (17, 4, 2)
    assert not table[0].any()
    assert torch.equal(table[1, :, 0], torch.ones(4))
    last = torch.tensor(15.0)
    assert torch.allclose(table[16, 0], torch.stack([last.cos(), last.sin()]))


def test_positions_on_the_grid_depend_on_the_distance_only():
    table = grid_table(grid=4, slots=2, head_dim=16, base=100.0)
    q, k = torch.randn(1, 1, 1, 16), torch.randn(1, 1, 1, 16)

    def score(a: int, b: int) -> float:
        return float((rotate(q, table[a : a + 1]) * rotate(k, table[b : b + 1])).sum())

    assert score(0, 5) == pytest.approx(score(10, 15), abs=1e-4)
    assert score(1, 4) == pytest.approx(score(6, 9), abs=1e-4)
    assert score(0, 1) != pytest.approx(score(0, 4), abs=1e-4)
    assert torch.equal(rotate(q, table[16:17]), q)


def test_the_papers_settings_and_features_change_the_logits():
    torch.manual_seed(0)
    model = Llama(PAPER).eval().requires_grad_(False)
    model.features.absent.normal_()
    ids = torch.randint(0, 21, (2, 16))
    features, none = torch.randn(2, 3, 6), torch.zeros(2, 3, dtype=torch.bool)
    labels = torch.full((2,), -1)
    with_text = model(ids, model.slots(labels, features, ~none))
    without = model(ids, model.slots(labels, features, none))
    assert with_text.shape == (2, 16, 21)
    assert float((with_text - without).abs().max()) > 1e-3
    keys = set(model.state_dict())
    assert {"layers.0.attention.q_norm.weight", "layers.0.attention_post_norm.weight", "features.absent"} <= keys
    assert not any(key.startswith("table") for key in keys)


def test_a_class_model_refuses_features(case):
    model = maskgil.convert(load_case(ORACLES / "maskgil").weights, load_case(ORACLES / "maskgil").config)
    with pytest.raises(ValueError, match="takes a class"):
        model.features(torch.zeros(1, 1, 4), torch.ones(1, 1, dtype=torch.bool))
