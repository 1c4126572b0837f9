"""What the groups of one version say of the next, whatever came, went or moved in between."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from provenance.building.carried import Groups, carried, nothing


def _ids(names: list[int]) -> np.ndarray:
    ids = np.zeros((len(names), 32), np.uint8)
    ids[:, 5] = ids[:, 31] = names
    return ids


def _groups(names: list[int], near_of: dict[int, int], copy_of: dict[int, int]) -> Groups:
    """Groups by the first row, as a version has them."""

    def firsts(of: dict[int, int]) -> np.ndarray:
        seen: dict[int, int] = {}
        return np.array([seen.setdefault(of[name], row) for row, name in enumerate(names)], np.int64)

    return Groups(firsts(near_of), firsts(copy_of))


names = st.lists(st.integers(0, 11), max_size=20)
items = st.integers(0, 11)


@given(names, names, st.lists(st.integers(0, 3), min_size=12, max_size=12), st.lists(items, min_size=12, max_size=12))
def test_what_is_carried_is_what_was_there_and_nothing_is_carried_that_could_have_changed(
    old: list[int], now: list[int], near: list[int], copies: list[int]
):
    near_of = dict(enumerate(near))
    copy_of = {name: 12 * near_of[name] + copies[name] % 2 for name in range(12)}  # inside the near group
    found = carried(_ids(now), _ids(old), _groups(old, near_of, copy_of))
    torn = {near_of[name] for name in old if name not in now}
    for row, name in enumerate(now):
        group = near_of[name]
        members, was = ([each for each in rows if near_of[each] == group] for rows in (now, old))
        assert found.new[row] == (name not in old)
        assert found.loose[row] == (name in old and group in torn)
        # New members may be there: they are rows of their own until they are joined.
        known = [each for each in members if each in old]
        assert found.stands[row] == (name in old and known == was)
        if name in old and group not in torn:
            same = [other for other, each in enumerate(now) if each in old and near_of[each] == group]
            assert found.groups.near[row] == same[0]
        else:
            assert found.groups.near[row] == row
        if found.stands[row]:
            same = [other for other, each in enumerate(now) if each in old and copy_of[each] == copy_of[name]]
            assert found.groups.copies[row] == same[0]
        else:
            assert found.groups.copies[row] == row


def test_ids_that_only_begin_alike_are_two_items():
    one, two = np.zeros((1, 32), np.uint8), np.zeros((1, 32), np.uint8)
    two[0, 31] = 1
    found = carried(two, one, Groups(np.array([0]), np.array([0])))
    assert found.new.tolist() == [True] and found.stands.tolist() == [False]


def test_without_a_version_before_all_is_new():
    found = nothing(3)
    assert found.new.all() and not found.loose.any() and not found.stands.any()
    assert found.groups.near.tolist() == found.groups.copies.tolist() == [0, 1, 2]
    again = carried(_ids([1, 2, 3]), _ids([]), Groups(np.empty(0, np.int64), np.empty(0, np.int64)))
    assert again.new.all() and not again.stands.any()
