"""Neighbours are exact, whichever way they are found; groups do not depend on the order of links."""

from __future__ import annotations

import numpy as np
import pytest

from provenance.dedup import _multi_index
from provenance.dedup.groups import Joined, grouped, representatives
from provenance.dedup.neighbours import EVERY, Pairs, within, words


def _hashes(count: int, width: int, seed: int) -> np.ndarray:
    """Random hashes of which every other one is a copy of another, some bits off."""
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 1 << 63, (count, width), dtype=np.uint64) * np.uint64(2)
    copies = chance.integers(0, count, count // 2)
    hashes[: count // 2] = hashes[copies]
    for _ in range(12 * width // 2):
        at = chance.integers(0, count, count // 2)
        bit = np.uint64(1) << chance.integers(0, 64, count // 2, dtype=np.uint64)
        hashes[at, chance.integers(0, width, count // 2)] ^= bit
    return hashes


def _set(pairs: Pairs | tuple) -> set[tuple[int, int, int]]:
    a, b, distance = (pairs.a, pairs.b, pairs.distance) if isinstance(pairs, Pairs) else pairs[:3]
    return set(zip(a.tolist(), b.tolist(), distance.tolist(), strict=True))


@pytest.mark.parametrize(("width", "radius"), [(1, 8), (1, 0), (4, 31)])
def test_the_index_finds_the_very_pairs_that_comparing_each_with_each_finds(width: int, radius: int):
    hashes, others = _hashes(1500, width, 1), _hashes(900, width, 2)
    others[:300] = hashes[:300]
    every = within(hashes, radius)
    assert len(every) >= 3
    assert _set(_multi_index.self_join(hashes, radius, EVERY)) == _set(every)
    assert len(_multi_index.self_join(hashes, radius, EVERY)[0]) == len(every)
    assert _set(_multi_index.cross_join(hashes, others, radius, EVERY)) == _set(within(hashes, radius, others))


def test_distances_are_those_of_the_bits():
    a, b = (bytes([7] * 32), bytes([7] * 31 + [4]))
    pairs = within(words(np.frombuffer(a + b, np.uint8).reshape(2, 32)), 2)
    assert _set(pairs) == {(0, 1, 2)}
    assert len(within(words(np.frombuffer(a + b, np.uint8).reshape(2, 32)), 1)) == 0


def test_a_crowd_of_copies_is_capped_and_the_cap_is_told():
    hashes = np.zeros((400, 1), np.uint64)
    a, b, _, capped = _multi_index.self_join(hashes, 8, 5)
    assert len(a) < 400 * 5 and capped > 300
    assert len(set(grouped(400, a, b).tolist())) == 1


@pytest.mark.parametrize(("bits", "radius", "count"), [(64, 8, 10**7), (256, 31, 10**6), (64, 8, 10), (256, 31, 3000)])
def test_bands_do_not_overlap_and_share_out_the_whole_radius(bits: int, radius: int, count: int):
    plan = _multi_index.bands(bits, radius, count)
    ends = [start + width for start, width, _ in plan]
    assert all(end <= start for end, (start, _, _) in zip(ends, [*plan[1:], (bits, 0, 0)], strict=True))
    assert all(0 < width <= 24 for _, width, _ in plan)
    assert sum(share + 1 for _, _, share in plan) >= radius + 1


def test_links_make_groups_named_by_their_first_row_in_any_order():
    a, b = np.array([5, 1, 7]), np.array([2, 5, 8])
    expected = [0, 1, 1, 3, 4, 1, 6, 7, 7]
    assert grouped(9, a, b).tolist() == expected
    assert grouped(9, b[::-1], a[::-1]).tolist() == expected
    assert grouped(3, np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == [0, 1, 2]
    joined = Joined(9)
    for one, two in zip(a.tolist(), b.tolist(), strict=True):
        joined.join(one, two)
    assert [joined.first(row) for row in range(9)] == expected


def test_the_best_of_the_given_rows_stands_for_its_group_and_no_group_stands_without_one():
    groups = np.array([0, 0, 0, 3, 4, 4])
    quality = np.array([10, 30, 30, 5, 9, 1])
    assert representatives(np.array([0, 1, 2, 5]), groups, quality).tolist() == [1, 5]
    assert representatives(np.array([0, 2, 3, 4, 5]), groups, quality).tolist() == [2, 3, 4]
    assert representatives(np.empty(0, np.int64), groups, quality).tolist() == []
