"""GtR and Halton: properties of the orders, the counts and the solver steps."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from modelkit.gtr import GtrOptions, even_split, gtr_counts, gtr_flow_steps, gtr_settings, most_stages, stage_sets
from modelkit.halton import halton_order
from modelkit.madit import FrequencySteps, SamplingDefaults
from modelkit.philox import shuffle
from modelkit.reveal import compile_plan, reveal_order

GRIDS = [(2, 2), (2, 3), (3, 3), (4, 4), (5, 8), (8, 8), (16, 16), (17, 9), (32, 32)]


@pytest.mark.parametrize("grid", GRIDS)
def test_stages_partition_the_grid_and_the_last_is_the_checkerboard_complement(grid):
    rows, columns = grid
    for stages in range(1, most_stages(rows, columns) + 1):
        sets = stage_sets(rows, columns, stages)
        assert sorted(index for places in sets for index in places) == list(range(rows * columns))
        assert all(sets)
        assert len(sets) == 2 * stages + 1
        assert sets[-1] == [i for i in range(rows * columns) if (i // columns + i % columns) % 2 == 1]
        assert sets[-2] == [i for i in range(rows * columns) if i // columns % 2 == 1 and i % columns % 2 == 1]


@pytest.mark.parametrize("grid", GRIDS)
def test_counts_cover_each_stage_whatever_the_rounds(grid):
    rows, columns = grid
    patches = rows * columns
    for stages in range(1, most_stages(rows, columns) + 1):
        sets = stage_sets(rows, columns, stages)
        for rounds in [2, 3, 4, 5, 7, 8, 16, 33, 64, patches, patches + 9]:
            for reconstruction_rounds in {1, 2, rounds - 1} - {rounds}:
                options = GtrOptions(stages, reconstruction_rounds)
                settings = gtr_settings(options, rows, columns, rounds, 10)
                generation, reconstruction = gtr_counts(rows, columns, settings, rounds)
                assert min(generation + reconstruction) >= 1
                assert sum(generation) == patches - len(sets[-1])
                assert sum(reconstruction) == len(sets[-1])
                assert len(generation) == min(rounds - reconstruction_rounds, sum(generation))
                assert len(reconstruction) == min(reconstruction_rounds, len(sets[-1]))


def test_rounds_do_not_cross_sub_stages():
    settings = gtr_settings(GtrOptions(stages=2), 16, 16, 16, 10)
    generation, reconstruction = gtr_counts(16, 16, settings, 16)
    edges = [sum(generation[: k + 1]) for k in range(len(generation))]
    assert {16, 32, 64, 128} <= set(edges)
    assert generation == [5, 5, 6, 5, 5, 6, 8, 8, 8, 8, 16, 16, 16, 16]
    assert reconstruction == [64, 64]


def test_steps_fall_over_the_generation_stage_and_then_are_constant():
    for first, last in [(10, 5), (10, 10), (9, 1), (50, 2)]:
        settings = gtr_settings(GtrOptions(2, 2, first, last, 4), 16, 16, 16, 1)
        steps = gtr_flow_steps(settings, 14, 2)
        assert steps[0] == first
        assert steps[13] == last
        assert all(a >= b for a, b in pairwise(steps[:14]))
        assert steps[14:] == [4, 4]
        ideal = [first + (last - first) * k / 13 for k in range(14)]
        assert all(abs(a - b) <= 0.5 for a, b in zip(steps, ideal))
    assert gtr_flow_steps(settings, 1, 1) == [50, 4]


def test_plan_is_the_stages_each_in_the_order_of_codeword_kl():
    ids, kl = torch.randint(40, (64,), generator=torch.Generator().manual_seed(3)), torch.arange(40.0)
    sampling = SamplingDefaults(reveal_order="gtr", rounds=8, gtr=GtrOptions(stages=1))
    order = reveal_order(sampling, (8, 8), 0, kl, ids)
    plan = compile_plan(order, sampling, (8, 8))
    begin = 0
    for places in stage_sets(8, 8, 1):
        stage = order[begin : begin + len(places)]
        assert sorted(stage) == places
        assert all((ids[a], a) < (ids[b], b) for a, b in pairwise(stage))
        begin += len(places)
    assert begin in [64]
    assert 32 in [r.begin for r in plan.rounds]


def test_without_ids_stages_are_shuffled_by_the_seed():
    sampling = SamplingDefaults(reveal_order="gtr", rounds=8)
    order, rank = reveal_order(sampling, (4, 4), 5), shuffle(5, 16)
    assert sorted(order) == list(range(16))
    assert order[8:] == [i for i in rank if (i // 4 + i % 4) % 2 == 1]
    assert order != reveal_order(sampling, (4, 4), 6)


def test_detailed_patches_are_boosted_in_the_reconstruction_stage_or_everywhere():
    sampling = SamplingDefaults(rounds=8, flow_steps=4, frequency_steps=FrequencySteps(0.1, 12))
    everywhere = compile_plan(range(64), sampling)
    assert {(r.boosted_steps, r.boost_fraction) for r in everywhere.rounds} == {(12, 0.1)}
    staged = compile_plan(range(64), replace(sampling, reveal_order="gtr"), (8, 8))
    assert [r.boost_fraction for r in staged.rounds] == [0.0] * 6 + [0.1] * 2
    with pytest.raises(ValueError, match="boosted_steps must be at least flow_steps 4, is 3"):
        compile_plan(range(64), replace(sampling, frequency_steps=FrequencySteps(0.1, 3)))


@pytest.mark.parametrize(
    ("options", "rounds", "message"),
    [
        (GtrOptions(stages=5), 8, "gtr.stages must be at most 4 for 16 x 16 patches, is 5"),
        (GtrOptions(stages=0), 8, "gtr.stages must be at least 1, is 0"),
        (GtrOptions(reconstruction_rounds=8), 8, "gtr.reconstruction_rounds must be below rounds 8, is 8"),
        (GtrOptions(last_flow_steps=11), 8, "gtr.last_flow_steps must be at most first_flow_steps 10, is 11"),
        (GtrOptions(), 1, "rounds must be at least 2"),
    ],
)
def test_bad_settings_are_refused(options, rounds, message):
    with pytest.raises(ValueError, match=message):
        gtr_settings(options, 16, 16, rounds, 10)


def test_gtr_needs_two_rows():
    with pytest.raises(ValueError, match="at least 2 x 2, is 1 x 32"):
        gtr_settings(GtrOptions(), 1, 32, 8, 10)


@pytest.mark.parametrize("grid", [*GRIDS, (1, 1), (1, 7)])
def test_halton_is_a_permutation(grid):
    assert sorted(halton_order(*grid)) == list(range(grid[0] * grid[1]))


def test_halton_begins_with_the_published_sequence():
    # (1/2, 1/3), (1/4, 2/3), (3/4, 1/9), (1/8, 4/9) on a grid of 8 rows and 9 columns.
    assert halton_order(8, 9)[:4] == [4 * 9 + 3, 2 * 9 + 6, 6 * 9 + 1, 1 * 9 + 4]


def test_even_split():
    assert even_split(10, 3) == [3, 3, 4]
