"""A set of one word joined with itself, where up to two bits of a band may differ: pairs meet halfway.

Two keys that differ in two bits have two keys midway between them, one bit from each. So at each key the buckets one
bit away are listed, which is some twenty, and what is listed is compared with each other: each two once, sixteen at a
time, with no lane idle. To open each of the two hundred buckets within two bits, of few hashes each, takes twice as
long. Of the two keys midway, one tells the pair: that which has a one where the lower of the two bits is.

Who is met: a row meets others from keys with which it shares all but the `low` bits of the band, so that whoever
searches those keys counts for it alone. Two bits that are both above are left to the caller.
"""

from __future__ import annotations

import numba
import numpy as np

from provenance.dedup import _lanes
from provenance.dedup._bands import LANES
from provenance.dedup._telling import add, one_word, row_by_row, tell

_OWN, _ROW_BY_ROW, _FROM_OWN, _ACROSS, _AFTER = range(5)


def room(width: int, longest: int) -> tuple[int, int]:
    """Return how much the lists, and what is seen, may grow at one key. longest: hashes in one bucket, at most."""
    listed = width * (longest + LANES) + LANES
    return listed, (width + 1) ** 2 + 3 * (listed // LANES + 1) + LANES


@numba.njit(cache=True, inline="always")
def _note(seen, many, how, start, end, place, near, limit, key):  # type: ignore[no-untyped-def]
    """Add a place to what is seen; return how many there are. near: which of sixteen, or the end of another bucket."""
    seen[many, 0], seen[many, 1], seen[many, 2], seen[many, 3] = how, start, end, place
    seen[many, 4], seen[many, 5], seen[many, 6] = near, limit, key
    return many + 1


@numba.njit(cache=True)
def _crowded(starts, key, width, low, share, radius, look, seen, many):  # type: ignore[no-untyped-def]
    """Put pairs of buckets at a key of which one is oversized where they are searched row by row; return how many."""
    for one in range(-1, width):
        mine = key if one < 0 else key ^ np.uint32(1 << one)
        # From its own bucket to those one bit away, and from those to each other.
        if one >= 0 and (share < 2 or one >= low or not key >> np.uint32(one) & np.uint32(1)):
            continue
        start, end = np.int64(starts[mine]), np.int64(starts[mine + np.uint32(1)])
        for two in range(one + 1, width if share else 0):
            if one < 0 and not key >> np.uint32(two) & np.uint32(1):
                continue
            other = key ^ np.uint32(1 << two)
            place, last = np.int64(starts[other]), np.int64(starts[other + np.uint32(1)])
            if (last - place > look or end - start > look) and end > start and last > place:
                many = _note(seen, many, _ROW_BY_ROW, start, end, place, last, radius - 1 - (one >= 0), key)
    return many


@numba.njit(cache=True)
def _look(  # type: ignore[no-untyped-def]
    columns, starts, at, until, width, low, share, radius, look, listed, upto, most_listed, most_seen, seen
):
    """Fill `seen` with places where something is near, from key `at` on; return how many, and the next key.

    listed: uint32[2, 2 n], what lies one bit away, where the key has a one at that bit, and from n on where not. What
    is listed for a key stays until the end. upto: int64[blocks], up to where the ones are compared with sixteen of the
    zeros. most_*: where to end, with room left for one key more. seen: int64[n, 7]: how to look, from, to, place, near
    or end, limit, and the key.
    """
    half = listed.shape[1] // 2
    many, one_end, zero_end = 0, np.int64(0), np.int64(half)
    while at < until and one_end <= most_listed and zero_end - half <= most_listed and many <= most_seen:
        key = np.uint32(at)
        at += 1
        start, end = np.int64(starts[key]), np.int64(starts[key + np.uint32(1)])
        if end - start > LANES:
            many = _note(seen, many, _ROW_BY_ROW, start, end, start, end, radius, key)
        else:
            for row in range(start, end - 1):
                near = _lanes.near_one(columns, columns, 2, row, row + 1, radius) & ((1 << (end - row - 1)) - 1)
                if near != 0:
                    many = _note(seen, many, _OWN, row, row + 1, row + 1, near, radius, key)
        if share == 0:
            continue
        # What lies one bit away. No branch that cannot be foreseen: which list, and where in sixteen a bucket ends.
        first_one, first_zero, lower, large = one_end, zero_end, one_end, end - start > look
        for bit in range(width):
            other = key ^ (np.uint32(1) << np.uint32(bit))
            there, length = np.int64(starts[other]), np.int64(starts[other + np.uint32(1)])
            length -= there
            if length > look:
                large, length = True, np.int64(0)
            is_one = np.int64(key >> np.uint32(bit) & np.uint32(1))
            last = np.uint64(zero_end - first_zero >> 4)
            upto[last], upto[last + np.uint64(1)] = lower, lower
            end_there = zero_end + (one_end - zero_end) * is_one
            _lanes.list_from(columns, there, listed, end_there)
            for more in range(LANES, length, LANES):
                _lanes.list_from(columns, there + more, listed, end_there + more)
                upto[last + np.uint64(more + LANES >> 4)] = lower
            one_end += length * is_one
            zero_end += length * (1 - is_one)
            if bit < low:
                lower = one_end
        if large:
            many = _crowded(starts, key, width, low, share, radius, look, seen, many)
        for place in range(first_one, one_end if end - start <= look else first_one, LANES):
            near = _lanes.near_many(columns, listed, None, start, end, place, radius - 1)
            if near != 0:
                if one_end - place < LANES:
                    near &= (1 << (one_end - place)) - 1
                many = _note(seen, many, _FROM_OWN, start, end, place, near, radius - 1, key)
        if share == 1:
            continue
        for place in range(first_zero, zero_end, LANES):
            ones = upto[np.uint64(place - first_zero >> 4)]
            near = _lanes.near_many(listed, listed, None, first_one, ones, place, radius - 2)
            if near != 0:
                if zero_end - place < LANES:
                    near &= (1 << (zero_end - place)) - 1
                many = _note(seen, many, _ACROSS, first_one, ones, place, near, radius - 2, key)
        for place in range(first_one, lower, LANES):
            near = _lanes.near_after(listed, place, one_end, radius - 2)
            if near != 0:
                if lower - place < LANES:
                    near &= (1 << (lower - place)) - 1
                many = _note(seen, many, _AFTER, first_one, one_end, place, near, radius - 2, key)
    return many, at


@numba.njit(cache=True)
def _compare(  # type: ignore[no-untyped-def]
    columns, rows, width, pairs, many, radius, before, shares, met, most, told, found
):
    """Add those of the pairs that are pairs to what is told; return how many are found now.

    What lies in the second column is seldom in the cache: one after the other, without a choice between, many can be
    on their way at once.
    """
    behind = np.uint32(32 - width)  # a column ends with the band
    for each in range(many):
        at, to, how = pairs[each, 0], pairs[each, 1], pairs[each, 2]
        one, two, key = columns[1, at] >> behind, columns[1, to] >> behind, np.uint32(pairs[each, 3])
        # Of one bucket, its own key tells them; of two, the other key midway does.
        fits = how == _FROM_OWN or (one != two if how == _AFTER else one ^ key < two ^ key)
        distance, before_us = one_word(columns, at, columns, to, before, shares)
        if fits and distance <= radius:
            found = add(rows, at, rows, to, distance, before_us, radius, met, most, told, found)
    return found


@numba.njit(cache=True, nogil=True)
def search(  # type: ignore[no-untyped-def]
    hashes, columns, rows, starts, key, until, width, low, share,
    radius, before, shares, met, most, look, listed, upto, most_listed, most_seen, seen, pairs, told,
):  # fmt: skip
    """Tell the pairs that are seen from some keys; return how many there are, more than there was room for or not.

    pairs: int64[n, 4], room for those that seem near: two places, how they were seen, and from which key.
    """
    found = 0
    while key < until:
        seen_now, key = _look(
            columns, starts, key, until, width, low, share, radius, look, listed, upto, most_listed, most_seen, seen
        )
        many = 0
        for each in range(seen_now):
            how, start, end, place, near, limit, midway = seen[each]
            if how in (_OWN, _ROW_BY_ROW):
                # In the order in which they were seen: it is the first that a row may meet.
                found = _compare(columns, rows, width, pairs, many, radius, before, shares, met, most, told, found)
                many = 0
            if how == _OWN:
                found = tell(
                    hashes, columns, rows, hashes, columns, rows, start, end, place, near, limit,
                    radius, before, shares, met, most, told, found,
                )  # fmt: skip
            elif how == _ROW_BY_ROW:
                found = row_by_row(
                    hashes, columns, rows, hashes, columns, rows, start == place, start, end, place, near, limit, look,
                    radius, before, shares, met, most, told, found,
                )  # fmt: skip
            else:
                while near != 0:
                    lane = place + _lanes.lowest(near)
                    near &= near - 1
                    for first in range(lane + 1 if how == _AFTER else start, end, LANES):
                        if how == _FROM_OWN:
                            mine = _lanes.near_one(listed, columns, None, lane, first, limit)
                        else:
                            mine = _lanes.near_one(listed, listed, None, lane, first, limit)
                        if end - first < LANES:
                            mine &= (1 << (end - first)) - 1
                        while mine != 0:
                            this = first + _lanes.lowest(mine)
                            mine &= mine - 1
                            at = this if how == _FROM_OWN else np.int64(listed[1, lane if how == _AFTER else this])
                            pairs[many, 0], pairs[many, 1] = at, listed[1, this if how == _AFTER else lane]
                            pairs[many, 2], pairs[many, 3] = how, midway
                            many += 1
                            if many == len(pairs):
                                found = _compare(
                                    columns, rows, width, pairs, many, radius, before, shares, met, most, told, found
                                )
                                many = 0
        found = _compare(columns, rows, width, pairs, many, radius, before, shares, met, most, told, found)
    return found
