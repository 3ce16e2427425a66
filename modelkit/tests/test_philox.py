"""Noise: published vectors, and draws that depend on their own coordinates only."""

import pytest
import torch

from modelkit.philox import FLOW_NOISE, gaussian, gaussian_rows, philox, shuffle, uniform

# kat_vectors of Random123: counter, key (low word first), result.
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF, 0xFFFFFFFF), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def signed(low: int, high: int) -> int:
    value = high << 32 | low
    return value - 2**64 if value >= 2**63 else value


@pytest.mark.parametrize(("counter", "key", "words"), PUBLISHED)
def test_philox_published_vectors(counter, key, words):
    assert tuple(philox(signed(*key), torch.tensor([counter]))[0].tolist()) == words


def test_uniform_never_touches_zero_or_one():
    assert uniform(torch.tensor([0, 2**32 - 1])).tolist() == [2.0**-33, 1 - 2.0**-33]


def test_gaussian_scripted_equals_eager():
    patches = torch.arange(64)
    scripted = torch.jit.script(gaussian)
    assert torch.equal(scripted(-5, patches, 16, FLOW_NOISE, 0), gaussian(-5, patches, 16, FLOW_NOISE, 0))


def test_gaussian_rows_depend_on_their_own_seed_and_patch_only():
    rows = gaussian_rows(torch.tensor([3, 9, 3]), torch.tensor([5, 5, 0]), 6, FLOW_NOISE, 2)
    assert torch.equal(rows[0], gaussian(3, torch.tensor([5]), 6, FLOW_NOISE, 2)[0])
    assert torch.equal(rows[1], gaussian(9, torch.tensor([5]), 6, FLOW_NOISE, 2)[0])
    assert not torch.equal(rows[0], rows[1])


def test_gaussian_is_standard_normal():
    draws = gaussian(1, torch.arange(20000), 16, FLOW_NOISE, 0)
    assert draws.dtype == torch.float32
    assert abs(float(draws.mean())) < 0.01
    assert abs(float(draws.std()) - 1) < 0.01
    assert float(torch.corrcoef(draws.T).sub(torch.eye(16)).abs().max()) < 0.04


def test_shuffle_is_a_permutation_keyed_by_the_seed():
    assert sorted(shuffle(7, 256)) == list(range(256))
    assert shuffle(7, 256) == shuffle(7, 256) != shuffle(8, 256)
    assert shuffle(7, 1) == [0]
