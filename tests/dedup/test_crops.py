"""Who is proposed does not depend on how pictures are cut into blocks, nor on who is new and asks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.dedup import crops
from provenance.fingerprint.local import FEATURE, mirrored

CORNERS = 40
SIZES = np.array([[1000, 600], [640, 640], [500, 900]], np.float32)


def _drawn(seed: int, count: int, twins: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners of strangers, of which some twins show a part of an earlier one, a few bits off, some mirrored."""
    chance = np.random.default_rng(seed)
    corners = np.zeros((count, CORNERS), FEATURE)
    corners["bits"] = chance.integers(0, 1 << 63, corners.shape, np.uint64)
    for name in ("x", "y"):
        corners[name] = chance.integers(0, 1 << 16, corners.shape, np.uint16)
    corners["size"] = chance.integers(2, 5, corners.shape)
    sizes = SIZES[chance.integers(0, len(SIZES), count)]
    for _ in range(twins):
        a, b = chance.choice(count, 2, replace=False)
        some = chance.choice(CORNERS, CORNERS // 3, replace=False)
        sizes[b] = sizes[a]
        copy = corners[a][some].copy()
        copy["bits"] ^= np.uint64(1) << chance.integers(0, 63, len(some), dtype=np.uint64)
        if chance.random() < 0.5:
            copy["bits"], copy["x"] = mirrored(copy["bits"]), 65535 - copy["x"]
        corners[b][some] = copy
    # One that everything bears, as of a mark of the house.
    corners["bits"][:, 0] = 12345
    return np.array([each.tobytes() for each in corners], object), sizes


def _pairs(records: np.ndarray, sizes: np.ndarray, rows: np.ndarray, new: np.ndarray) -> set[tuple[str, int, int]]:
    told = [(each.form, a, b) for each in crops.proposed(records, sizes, rows, new) for a, b in each.pairs]
    assert len(told) == len(set(told)), "a pair was proposed twice"
    return set(told)


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 7), st.sampled_from([5, 50, 10**6]))
@settings(max_examples=40, deadline=None)
def test_blocks_and_room_change_nothing(seed: int, count: int, block: int, room: int):
    records, sizes = _drawn(seed, count, twins=count // 2)
    rows, new = np.arange(count), np.ones(count, bool)
    whole = _pairs(records, sizes, rows, new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crops, "_BLOCK", block)
        patch.setattr(crops, "_VOTE_ROOM", room)
        patch.setattr(crops, "_LEAST_PER_FEATURE", 64)
        assert _pairs(records, sizes, rows, new) == whole


@given(st.integers(0, 10**6), st.integers(2, 40), st.floats(0, 1), st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_what_is_new_finds_what_all_find(seed: int, count: int, share: float, block: int):
    records, sizes = _drawn(seed, count, twins=count // 2)
    rows, new = np.arange(count), np.random.default_rng(seed).random(count) < share
    every = _pairs(records, sizes, rows, np.ones(count, bool))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crops, "_BLOCK", block)
        found = _pairs(records, sizes, rows, new)
    assert found == {(form, a, b) for form, a, b in every if new[a] or new[b]}


def test_parts_and_mirrored_parts_are_proposed_and_strangers_are_not():
    records, sizes = _drawn(5, 20, twins=0)
    corners = np.frombuffer(records[3], FEATURE).copy()
    mirror = corners.copy()
    mirror["bits"], mirror["x"] = mirrored(mirror["bits"]), 65535 - mirror["x"]
    sizes[[7, 9]] = sizes[3]
    records[7], records[9] = corners[: CORNERS // 2].tobytes(), mirror.tobytes()
    found = _pairs(records, sizes, np.arange(20), np.ones(20, bool))
    assert found == {("upright", 3, 7), ("mirror", 3, 9), ("mirror", 7, 9)}


def test_pictures_that_do_not_speak_are_not_asked():
    records, sizes = _drawn(5, 4, twins=0)
    records[3] = records[1]
    sizes[3] = sizes[1]
    assert _pairs(records, sizes, np.array([0, 1, 2]), np.ones(4, bool)) == set()
    assert _pairs(records, sizes, np.arange(4), np.ones(4, bool)) == {("upright", 1, 3)}


@pytest.mark.parametrize("old", [0, 90])
def test_corners_that_too_many_share_are_counted_though_nothing_is_proposed_by_them(old: int):
    count = 100
    corners = np.zeros((count, 1), FEATURE)
    corners["bits"] = 12345
    records, sizes = np.array([each.tobytes() for each in corners], object), np.full((count, 2), 100, np.float32)
    told = list(crops.proposed(records, sizes, np.arange(count), np.arange(count) >= old))
    assert not any(each.pairs for each in told)
    assert sum(each.capped for each in told) >= 1


def test_a_picture_without_corners_is_passed_over():
    records, sizes = _drawn(5, 3, twins=0)
    records[:] = [b"", records[1], records[1]]
    sizes[:] = sizes[1]
    assert _pairs(records, sizes, np.arange(3), np.array([True, False, True])) == {("upright", 1, 2)}
    assert _pairs(records[:1], sizes[:1], np.arange(1), np.ones(1, bool)) == set()
