"""What seemed near by some of its bits is compared whole, and told where it is within the radius.

Compiled by numba. columns, rows: of a `Side`. before, shares: bands that were searched already, as `before` of
`_multi_index` has them: the first band that finds a pair tells it. met: int32[n], how many neighbours each row of the
first side has met in this band, empty where no one counts; most: how many it may meet. told: int32[room, 3]; found: how
many pairs there are, whether there was room for them or not.
"""

from __future__ import annotations

import numba
import numpy as np

from provenance.dedup import _lanes
from provenance.dedup._bands import LANES


@numba.njit(cache=True, inline="always")
def one_word(columns, at, others, to, before, shares):  # type: ignore[no-untyped-def]
    """The distance of two hashes of one word, which their columns hold whole; whether an earlier band told them."""
    differ = np.uint64(columns[0, at] ^ others[0, to]) | np.uint64(columns[1, at] ^ others[1, to]) << np.uint64(32)
    told = False
    for band in range(len(before)):
        told |= _lanes.bits(differ & before[band, 0]) <= shares[band]
    return _lanes.bits(differ), told


@numba.njit(cache=True)
def _words(one, two, before, shares):  # type: ignore[no-untyped-def]
    """The same of hashes of more words."""
    distance = 0
    for word in range(len(one)):
        distance += _lanes.bits(one[word] ^ two[word])
    for band in range(len(before)):
        differ = 0
        for word in range(len(one)):
            differ += _lanes.bits((one[word] ^ two[word]) & before[band, word])
        if differ <= shares[band]:
            return distance, True
    return distance, False


@numba.njit(cache=True, inline="always")
def add(  # type: ignore[no-untyped-def]
    rows, at, other_rows, to, distance, before_us, radius, met, most, told, found
):
    """Add a pair to what is told, if it is one; return how many are found now."""
    if distance > radius:
        return found
    if len(met) > 0:
        if met[at] >= most:
            return found
        met[at] += 1
    if not before_us:
        if found < len(told):
            told[found, 0], told[found, 1], told[found, 2] = rows[at], other_rows[to], distance
        found += 1
    return found


@numba.njit(cache=True)
def tell(  # type: ignore[no-untyped-def]
    hashes, columns, rows, others, other_columns, other_rows, row, end, place, near, limit,
    radius, before, shares, met, most, told, found,
):  # fmt: skip
    """Add the pairs of rows with those of sixteen places that seem near to one of them; return how many are found now.

    near: sixteen bits, which places. limit: of bits in the columns that are looked at.
    """
    while near != 0:
        this = place + _lanes.lowest(near)
        near &= near - 1
        for first in range(row, end, LANES):
            # Seen from the other side: which of sixteen rows the lane is near to; of one word, by all its bits.
            if len(columns) == 2:
                mine = _lanes.near_one(other_columns, columns, 2, this, first, radius)
            else:
                mine = _lanes.near_one(other_columns, columns, True, this, first, limit)
            if end - first < LANES:
                mine &= (1 << (end - first)) - 1
            while mine != 0:
                at = first + _lanes.lowest(mine)
                mine &= mine - 1
                if len(columns) == 2:
                    distance, before_us = one_word(columns, at, other_columns, this, before, shares)
                else:
                    distance, before_us = _words(hashes[rows[at]], others[other_rows[this]], before, shares)
                found = add(rows, at, other_rows, this, distance, before_us, radius, met, most, told, found)
    return found


@numba.njit(cache=True)
def row_by_row(  # type: ignore[no-untyped-def]
    hashes, columns, rows, others, other_columns, other_rows, own, start, end, other_start, other_end, limit, look,
    radius, before, shares, met, most, told, found,
):  # fmt: skip
    """Add the pairs of a bucket with one of which each row has another part to look at; return how many are found now.

    own: the bucket itself, of which it is the rest behind the row; else the first `look` of a large one.
    """
    for row in range(start, end):
        place = row + 1 if own else other_start
        last = min(other_end, place + look)
        while place < last and not (len(met) > 0 and met[row] >= most):
            if len(columns) == 2:
                near = _lanes.near_one(columns, other_columns, 2, row, place, radius)
            else:
                near = _lanes.near_one(columns, other_columns, True, row, place, limit)
            if near != 0:
                if last - place < LANES:
                    near &= (1 << (last - place)) - 1
                found = tell(
                    hashes, columns, rows, others, other_columns, other_rows, row, row + 1, place, near, limit,
                    radius, before, shares, met, most, told, found,
                )  # fmt: skip
            place += LANES
    return found
