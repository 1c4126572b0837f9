"""Multi-index hashing: all pairs within a Hamming radius, in far less than the square of their number.

1. Cut the bits into bands and share the radius out among them so that two hashes within it must be within its share in
   at least one band.
2. Order the hashes by a band: those with equal bits there, a bucket, lie beside each other.
3. Compare each bucket with those within the share, sixteen hashes at a time, by bits outside the band. What differs in
   the band is known of the whole bucket, so that few bits are left to differ there: nearly none pass.
4. Those that pass are compared whole. The first band that finds a pair tells it, so none is told twice.

Compiled by numba on first use; the compiled form is kept where numba keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from provenance.dedup import _lanes
from provenance.dedup._bands import LANES, Band, bands, flipped
from provenance.dedup._order import Side, Words, ordered, scratch

Rows = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint16]
Told = tuple[Rows, Rows, Distances]

_OVERSIZED = 8  # times the mean of its band: no bucket of strangers is
_STRETCH = 16_384  # rows, about, searched before their pairs are collected
_STRETCH_THERE = 262_144  # of the other side, where it is the larger: they stay in the cache
_SEEN = 2_048  # places where something is near, before they are looked at closely


@dataclass
class Cuts:
    """What was left out at `most`: rows that had more neighbours, and buckets that were looked into only so far."""

    rows: int = 0
    buckets: int = 0


def self_join(hashes: Words, radius: int, most: int) -> tuple[Rows, Rows, Distances, Cuts]:
    """Return rows a < b and distances of all pairs within the radius, and what was cut off at `most`.

    most: neighbours that one row may meet in one band, its own bucket first. Of an oversized bucket a row then looks at
    the first ones only, and of its own at the next ones.
    """
    return _join(hashes, None, radius, most, bands(64 * hashes.shape[1], radius, len(hashes)))


def cross_join(hashes: Words, others: Words, radius: int, most: int) -> tuple[Rows, Rows, Distances, Cuts]:
    """The same, between two sets."""
    return _join(hashes, others, radius, most, bands(64 * hashes.shape[1], radius, len(hashes), len(others)))


def _join(
    hashes: Words, others: Words | None, radius: int, most: int, plan: list[Band]
) -> tuple[Rows, Rows, Distances, Cuts]:
    told: list[Told] = []
    cuts = Cuts()
    halfway = scratch(hashes if others is None or len(others) < len(hashes) else others)
    for at, band in enumerate(plan):
        one = ordered(hashes, band.start, band.width, halfway)
        two = one if others is None else ordered(others, band.start, band.width, halfway)
        told += search(one, two, band.share, radius, before(plan[:at], hashes.shape[1]), most, cuts)
        del one, two
    if not told:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16), cuts
    first, second, distance = (np.concatenate(each) for each in zip(*told, strict=True))
    if others is None:
        first, second = np.minimum(first, second), np.maximum(first, second)
    return first, second, distance, cuts


def before(plan: list[Band], words: int) -> tuple[Words, npt.NDArray[np.int64]]:
    """Return the bands that were searched already, as they are asked: masks uint64[bands, words], and shares."""
    masks = [((1 << band.width) - 1) << band.start for band in plan]
    cut = [[mask >> 64 * word & (1 << 64) - 1 for word in range(words)] for mask in masks]
    return np.array(cut, np.uint64).reshape(-1, words), np.array([band.share for band in plan], np.int64)


def search(
    one: Side,
    two: Side,
    share: int,
    radius: int,
    earlier: tuple[Words, npt.NDArray[np.int64]],
    most: int,
    cuts: Cuts,
    threads: int | None = None,
) -> Iterator[Told]:
    """Yield pairs of rows of two sides of one band, or of one with itself, that no earlier band has told.

    In the same order, however many threads there are. `cuts` is added to.
    """
    width = (len(two.starts) - 1).bit_length() - 1
    masks, shares = earlier
    if one.hashes.shape[1] == 1 and one.after:
        # As the columns have it, which begin behind the band.
        masks = masks >> np.uint64(one.after) | masks << np.uint64(64 - one.after)
    rows = max(1, len(one.rows), len(two.rows) * _STRETCH // _STRETCH_THERE)
    step = 1 << max(0, min(width, int((_STRETCH << width) / rows).bit_length() - 1))
    # The nearest buckets first, and all of one stretch of them before the next: both sides stay in the cache. Unsigned:
    # a place that might count from the end costs numba three steps more, in the innermost loop.
    flips = np.array(sorted(flipped(width, share), key=lambda flip: (flip // step, flip.bit_count())), np.uint32)
    met = np.zeros(len(one.rows) if most < len(two.rows) else 0, np.int32)
    # A bucket is oversized beside the others of its band, not for what the plan made of them all.
    look = max(most, _OVERSIZED * len(two.rows) >> width)

    def stretch(key: int) -> Told:
        mine = slice(one.starts[key], one.starts[key + step])
        keys = (key + np.flatnonzero(np.diff(one.starts[key : key + step + 1]))).astype(np.uint32)
        room, met_before = 4096, met[mine].copy()
        while True:
            told = np.empty((room, 3), np.int32)
            seen = np.empty((_SEEN, 5), np.int64)
            found = _search(
                *(one.hashes, one.columns, one.rows, one.starts, two.hashes, two.columns, two.rows, two.starts),
                *(one is two, keys, flips, radius, masks, shares, met, most, look, seen, told),
            )
            if found <= room:
                break
            # Once more, with room for all: rare, and cheaper than to count first.
            room, met[mine] = found, met_before
        first, second, distance = told[:found].T
        return first.astype(np.int64), second.astype(np.int64), distance.astype(np.uint16)

    keys = range(0, 1 << width, step)
    workers = min(threads or len(os.sched_getaffinity(0)), len(keys))
    if workers == 1:
        yield from map(stretch, keys)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(stretch, keys)
    if len(met):
        cuts.rows += int(np.count_nonzero(met >= most))
        cuts.buckets += int(np.count_nonzero(np.diff(two.starts) > look))


@numba.njit(cache=True, inline="always")
def _one_word(columns, at, others, to, before, shares):  # type: ignore[no-untyped-def]
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


@numba.njit(cache=True)
def _tell(  # type: ignore[no-untyped-def]
    hashes, columns, rows, others, other_columns, other_rows, seen, many,
    radius, before, shares, met, most, told, found,
):  # fmt: skip
    """Add the pairs of what was seen to what is told; return how many are told now."""
    for each in range(many):
        row, end, place, near, limit = seen[each]
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
                        distance, before_us = _one_word(columns, at, other_columns, this, before, shares)
                    else:
                        distance, before_us = _words(hashes[rows[at]], others[other_rows[this]], before, shares)
                    if distance > radius:
                        continue
                    if len(met) > 0:
                        if met[at] >= most:
                            continue
                        met[at] += 1
                    if not before_us:
                        if found < len(told):
                            told[found, 0], told[found, 1], told[found, 2] = rows[at], other_rows[this], distance
                        found += 1
    return found


@numba.njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    hashes, columns, rows, starts, others, other_columns, other_rows, other_starts,
    alone, keys, flips, radius, before, shares, met, most, look, seen, told,
):  # fmt: skip
    """Tell the pairs of some buckets; return how many there are, more than there was room for or not.

    seen: int64[n, 5], where something was near, until it is told: what is done most often stays in the registers.
    """
    found, many = 0, 0
    for flip in flips:
        limit = radius - _lanes.bits(np.uint64(flip))
        for key in keys:
            start, end = np.int64(starts[key]), np.int64(starts[key + np.uint32(1)])
            other = key ^ flip
            if alone and other < key:
                continue
            other_start, other_end = np.int64(other_starts[other]), np.int64(other_starts[other + np.uint32(1)])
            own = alone and other == key
            # All of a bucket at once; row by row where each has another part of the other bucket to look at.
            one_by_one = own or other_end - other_start > look
            step = 1 if one_by_one else end - start
            row = start - step
            while row + step < end:
                row += step
                place, last = other_start, other_end
                if one_by_one:
                    place = row + 1 if own else place
                    last = min(last, place + look)
                    if len(met) > 0 and met[row] >= most:
                        continue
                while place < last:
                    if len(columns) == 2:
                        if step == 1:
                            near = _lanes.near_one(columns, other_columns, None, row, place, limit)
                        else:
                            near = _lanes.near_many(columns, other_columns, None, row, row + step, place, limit)
                    elif step == 1:
                        near = _lanes.near_one(columns, other_columns, True, row, place, limit)
                    else:
                        near = _lanes.near_many(columns, other_columns, True, row, row + step, place, limit)
                    if near != 0:
                        if last - place < LANES:
                            near &= (1 << (last - place)) - 1
                        seen[many, 0], seen[many, 1], seen[many, 2] = row, row + step, place
                        seen[many, 3], seen[many, 4] = near, limit
                        many += 1
                        # In a crowd at once: who has met enough need not look on.
                        if many == len(seen) or len(met) > 0:
                            found = _tell(
                                hashes, columns, rows, others, other_columns, other_rows, seen, many,
                                radius, before, shares, met, most, told, found,
                            )  # fmt: skip
                            many = 0
                            if one_by_one and len(met) > 0 and met[row] >= most:
                                break
                    place += LANES
    return _tell(
        hashes, columns, rows, others, other_columns, other_rows, seen, many,
        radius, before, shares, met, most, told, found,
    )  # fmt: skip
