"""Neighbours are exact, whichever way they are found; groups do not depend on the order of links."""

from __future__ import annotations

import numpy as np
import pytest
from hashes import random_hashes, slates
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.dedup import _multi_index
from provenance.dedup._bands import Band, bands
from provenance.dedup._multi_index import Cuts
from provenance.dedup.groups import Joined, grouped, representatives
from provenance.dedup.neighbours import EVERY, Pairs, _each_with_each, within, words


def _set(pairs: Pairs | tuple) -> set[tuple[int, int, int]]:
    a, b, distance = (pairs.a, pairs.b, pairs.distance) if isinstance(pairs, Pairs) else pairs[:3]
    return set(zip(a.tolist(), b.tolist(), distance.tolist(), strict=True))


@pytest.mark.parametrize(("width", "radius"), [(1, 8), (1, 0), (4, 31)])
def test_the_index_finds_the_very_pairs_that_comparing_each_with_each_finds(width: int, radius: int):
    hashes, others = random_hashes(1500, width, 1), random_hashes(900, width, 2)
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


@pytest.mark.parametrize(("width", "radius"), [(1, 8), (2, 20), (4, 31)])
def test_a_skewed_set_gives_the_very_pairs_that_comparing_each_with_each_gives(width: int, radius: int):
    hashes = slates(2000, width, 5)
    expected = _each_with_each(hashes, hashes, radius, own=True)
    found = _multi_index.self_join(hashes, radius, EVERY)
    assert len(expected) > 20_000 and found[3] == Cuts()
    assert _set(found) == _set(expected) and len(found[0]) == len(expected)


def test_more_pairs_than_there_was_room_for_are_told_all_the_same():
    hashes = np.zeros((900, 1), np.uint64)
    a, b, distance, _ = _multi_index.self_join(hashes, 8, EVERY)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == {(a, b) for b in range(900) for a in range(b)}
    assert len(a) == 900 * 899 // 2 and not distance.any()


@pytest.mark.parametrize("room", [1, 2, 7])
@pytest.mark.parametrize(("width", "radius", "most"), [(1, 8, EVERY), (1, 8, 20), (4, 31, EVERY), (4, 31, 20)])
def test_a_search_that_is_taken_up_again_misses_nothing(
    room: int, width: int, radius: int, most: int, monkeypatch: pytest.MonkeyPatch
):
    """Wherever the room for places that seem near ends: in a bucket, between two, in a crowd."""
    hashes = slates(1500, width, 6)
    others = np.concatenate([hashes[::3], random_hashes(700, width, 7)])
    expected = _multi_index.self_join(hashes, radius, most), _multi_index.cross_join(others, hashes, radius, most)
    monkeypatch.setattr(_multi_index, "_SEEN", room)
    monkeypatch.setattr(_multi_index, "_LISTED", room)
    found = _multi_index.self_join(hashes, radius, most), _multi_index.cross_join(others, hashes, radius, most)
    for one, other in zip(expected, found, strict=True):
        assert len(one[0]) > 500 and one[3] == other[3]
        assert all((mine == theirs).all() for mine, theirs in zip(one[:3], other[:3], strict=True))


def test_pairs_come_in_the_same_order_however_many_threads_search(monkeypatch: pytest.MonkeyPatch):
    hashes = random_hashes(7000, 1, 3)
    many = within(hashes, 8)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    one = within(hashes, 8)
    assert many.a.tolist() == one.a.tolist() == sorted(one.a.tolist())
    assert many.b.tolist() == one.b.tolist() and len(one) > 0


@pytest.mark.parametrize("most", [EVERY, 3999, 20])
def test_a_crowd_is_searched_in_the_same_order_however_many_threads_search(most: int, monkeypatch: pytest.MonkeyPatch):
    hashes = slates(4000, 1, 9)
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, threads=threads: set(range(threads)))
        found.append(_multi_index.self_join(hashes, 8, most))
    for other in found[1:]:
        assert all((mine == theirs).all() for mine, theirs in zip(found[0][:3], other[:3], strict=True))
        assert found[0][3] == other[3]


@pytest.mark.parametrize(
    ("widths", "shares"),
    [
        ((8, 8, 8), (2, 2, 2)),
        ((10, 13, 9), (2, 2, 2)),
        ((16, 16, 16), (2, 2, 2)),
        ((21, 21, 22), (2, 2, 2)),
        ((10, 13, 9), (3, 2, 1)),
        ((8, 8, 8), (6, 1, 0)),
    ],
)
@pytest.mark.parametrize("most", [EVERY, 2999])
def test_whichever_bits_of_a_band_differ_a_pair_is_told_once(widths, shares, most: int):
    """Each hash is another with one to eight bits turned: every two bits of a band, low and high, differ somewhere. A
    cap that no row reaches changes nothing, though rows are met in another order then."""
    chance = np.random.default_rng(sum(widths))
    hashes = np.repeat(chance.integers(0, 1 << 64, 100, np.uint64, endpoint=False), 30)[:, None]
    for turned in range(8):
        some = chance.random(len(hashes)) < 1 / (1 + turned / 2)
        hashes[some, 0] ^= np.uint64(1) << chance.integers(0, 64, int(some.sum()), np.uint64)
    starts = np.cumsum([0, *widths]).tolist()
    plan = [Band(*band) for band in zip(starts, widths, shares, strict=False)]
    expected = _each_with_each(hashes, hashes, 8, own=True)
    found = _multi_index._join(hashes, None, 8, most, plan)
    assert len(expected) > 10_000 and found[3] == Cuts()
    assert len(found[0]) == len(expected) and _set(found) == _set(expected)


def test_a_crowd_of_copies_is_capped_and_the_cap_is_told():
    hashes = np.zeros((400, 1), np.uint64)
    a, b, _, cuts = _multi_index.self_join(hashes, 8, 5)
    assert len(a) < 400 * 5 and cuts.rows > 300
    assert cuts.buckets == len(bands(64, 8, 400))  # one of each band
    assert len(set(grouped(400, a, b).tolist())) == 1


def test_a_cap_leaves_the_pairs_of_what_is_rare_alone():
    """Fifteen hundred black frames do not hide that two pictures are one."""
    hashes = np.concatenate([np.zeros((1500, 4), np.uint64), random_hashes(5000, 4, 8)])
    rare = {pair for pair in _set(within(hashes, 31)) if pair[0] >= 1500}
    capped = within(hashes, 31, most=16)
    assert rare and rare <= _set(capped)
    assert capped.capped >= 1400 and capped.oversized > 0
    assert len(set(grouped(len(hashes), capped.a, capped.b)[:1500].tolist())) == 1


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), added=st.integers(1, 400), width=st.sampled_from([1, 4]))
def test_what_is_added_joined_with_all_completes_the_join_of_the_rest(seed: int, added: int, width: int):
    radius = {1: 8, 4: 31}[width]
    hashes = slates(1500, width, seed)
    old = len(hashes) - added
    before = _set(_multi_index.self_join(hashes[:old], radius, EVERY))
    a, b, distance, _ = _multi_index.cross_join(hashes[old:], hashes, radius, EVERY)
    a = a + old
    keep = a != b
    more = set(
        zip(np.minimum(a, b)[keep].tolist(), np.maximum(a, b)[keep].tolist(), distance[keep].tolist(), strict=True)
    )
    assert before | more == _set(_multi_index.self_join(hashes, radius, EVERY))


@pytest.mark.parametrize("bits", [64, 128, 256])
@pytest.mark.parametrize("count", [10, 3000, 10**6, 10**7])
def test_bands_do_not_overlap_and_share_out_the_whole_radius(bits: int, count: int):
    for radius in (0, 1, 8, 31):
        for others in (None, 50 * count):
            plan = bands(bits, radius, count, others)
            ends = [band.start + band.width for band in plan]
            assert all(
                end <= start for end, start in zip(ends, [*(band.start for band in plan[1:]), bits], strict=True)
            )
            assert all(band.share >= 0 and 8 <= band.width <= 24 for band in plan)
            assert sum(band.share + 1 for band in plan) >= radius + 1


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
