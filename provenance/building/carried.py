"""What the version before knew of the items that are still there: their groups, as far as these stand.

An item is known again by its id: by its file's content, its reader and its place in it, wherever the file lies now. Of
a group nothing can be said any more when a member is gone: it may have been the one that held the others together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Groups:
    """For each row the first row of its group, int64[rows]. near: all that is related. copies: inside that."""

    near: Rows
    copies: Rows


@dataclass(frozen=True)
class Carried:
    """What is known of the rows of a new version. groups: of the version before, in new rows; of a row that is new or
    loose, itself. new: rows that were not there. loose: rows of which the group lost a member. stands: rows of which
    the group has the very members that it had, in their order: copies are carried for these alone."""

    groups: Groups
    new: Bools
    loose: Bools
    stands: Bools


def nothing(count: int) -> Carried:
    """Return what is known of so many rows when there was no version before."""
    every = np.arange(count, dtype=np.int64)
    return Carried(Groups(every, every), np.ones(count, bool), np.zeros(count, bool), np.zeros(count, bool))


def carried(ids: Ids, old_ids: Ids, old: Groups) -> Carried:
    """Return what the groups of a version say of another. ids, old_ids: uint8[rows, 32], of the new and the old rows.

    Rows with one id are one item in several places, and of one group.
    """
    if not len(ids) or not len(old_ids):
        return nothing(len(ids))
    every = np.arange(len(ids), dtype=np.int64)
    there, again = _found(ids, old_ids), _found(old_ids, ids)
    new = there < 0
    label = np.where(new, -1, old.near[there])
    torn = np.zeros(len(old_ids), bool)
    torn[old.near[again < 0]] = True
    loose = ~new & torn[label]
    # The rows of each group, old and new, in their order: where these are the same items, the group stands.
    mine, theirs = np.argsort(label, kind="stable")[np.count_nonzero(new) :], np.argsort(old.near, kind="stable")
    size = np.bincount(label[mine], minlength=len(old_ids))
    same = size == np.bincount(old.near, minlength=len(old_ids))
    mine, theirs = mine[same[label[mine]]], theirs[same[old.near[theirs]]]
    same[label[mine[(ids[mine] != old_ids[theirs]).any(axis=1)]]] = False
    stands = ~new & same[label]
    near, copies = every.copy(), every.copy()
    held = ~new & ~loose
    first = np.full(len(old_ids), len(ids), np.int64)
    np.minimum.at(first, label[held], every[held])
    near[held] = first[label[held]]
    row = np.full(len(old_ids), -1, np.int64)
    row[theirs] = mine
    kept = stands[mine]
    copies[mine[kept]] = row[old.copies[theirs[kept]]]
    return Carried(Groups(near, copies), new, loose, stands)


def _found(ids: Ids, among: Ids) -> Rows:
    """Return for each id a row that has it among others, -1 for none."""
    keys = [np.ascontiguousarray(each).view(">u8")[:, 0].astype(np.uint64) for each in (ids, among)]
    order = np.argsort(keys[1], kind="stable")
    at = order[np.minimum(np.searchsorted(keys[1][order], keys[0]), len(order) - 1)]
    # Eight bytes find it, all must agree: of two that begin alike, the second is taken for new.
    return np.where((ids == among[at]).all(axis=1), at, -1)
