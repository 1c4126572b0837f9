"""Multi-index hashing: all pairs within a Hamming radius, in far less than the square of their number.

1. Cut the bits into bands and share the radius out among them so that two hashes within it must be within its share in
   at least one band.
2. Order the hashes by a band: those with equal bits there, a bucket, lie beside each other.
3. Compare each bucket with those within the share, sixteen hashes at a time, by bits outside the band. What differs in
   the band is known of the whole bucket, so that few bits are left to differ there: nearly none pass.
   A set of one word joined with itself, where few bits of a band may differ, meets halfway instead (`_midway`).
4. Those that pass are compared whole. The first band that finds a pair tells it, so none is told twice.

Compiled by numba on first use; the compiled form is kept where numba keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numba
import numpy as np
import numpy.typing as npt

from provenance.dedup import _lanes, _midway
from provenance.dedup._bands import LANES, MIDWAY, Band, bands, flipped
from provenance.dedup._order import Side, Words, ordered, scratch
from provenance.dedup._telling import row_by_row, tell

Rows = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint16]
Told = tuple[Rows, Rows, Distances]

_OVERSIZED = 8  # times the mean of its band: no bucket of strangers is
_STRETCH = 16_384  # rows, about, searched before their pairs are collected
_STRETCH_THERE = 262_144  # of the other side, where it is the larger: they stay in the cache
_SEEN = 2_048  # places where something is near, before they are looked at closely
_LISTED = 4_096  # hashes in a list, before what is seen in it is looked at closely
_HALVES = 4  # times that the keys of a band are halved, so that threads can share them


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
    met = np.zeros(len(one.rows) if most < len(two.rows) else 0, np.int32)
    # A bucket is oversized beside the others of its band, not for what the plan made of them all.
    look = max(most, _OVERSIZED * len(two.rows) >> width)
    rows = max(1, len(one.rows), len(two.rows) * _STRETCH // _STRETCH_THERE)
    step = 1 << max(0, min(width, int((_STRETCH << width) / rows).bit_length() - 1))
    counted = radius, masks, shares, met, most, look
    if one is two and one.hashes.shape[1] == 1 and share <= MIDWAY:
        keys = range(0, 1 << width, max(step, 1 << width >> _HALVES))
        work = _by_midway(one, width, share, keys.step, step, counted)
    else:
        keys = range(0, 1 << width, step)
        work = _by_flips(one, two, width, flipped(width, share), step, counted)
    workers = min(threads or len(os.sched_getaffinity(0)), len(keys))
    if workers == 1:
        found = map(work, keys)
        yield from chain.from_iterable(found)
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield from chain.from_iterable(pool.map(work, keys))
    if len(met):
        cuts.rows += int(np.count_nonzero(met >= most))
        cuts.buckets += int(np.count_nonzero(np.diff(two.starts) > look))


Counted = tuple[int, Words, npt.NDArray[np.int64], npt.NDArray[np.int32], int, int]
Work = Callable[[int], list[Told]]


def _by_flips(one: Side, two: Side, width: int, flips: list[int], step: int, counted: Counted) -> Work:
    """Return what tells the pairs of `step` keys of one side with what lies these bits away on the other."""
    radius, masks, shares, met, most, look = counted
    # The nearest buckets first, and all of one stretch of them before the next: both sides stay in the cache. Unsigned:
    # a place that might count from the end costs numba three steps more, in the innermost loop.
    inside = np.array(sorted(flips, key=lambda flip: (flip // step, flip.bit_count())), np.uint32)

    def work(key: int) -> list[Told]:
        keys = np.arange(key, key + step, dtype=np.uint32)
        if one is not two:
            keys = keys[np.diff(one.starts[key : key + step + 1]) > 0]

        def search(told: npt.NDArray[np.int32]) -> int:
            seen = np.empty((_SEEN, 6), np.int64)
            return _search(
                *(one.hashes, one.columns, one.rows, one.starts, two.hashes, two.columns, two.rows, two.starts),
                *(one is two, keys, inside, radius, masks, shares, met, most, look, seen, told),
            )

        return [_whole(search, met[one.starts[key] : one.starts[key + step]], 4096)]

    return work


def _by_midway(one: Side, width: int, share: int, keys: int, step: int, counted: Counted) -> Work:
    """Return what tells the pairs of so many keys of a side with itself."""
    radius, masks, shares, met, most, look = counted
    # Where nobody counts whom a row meets, it may be met from any key.
    low = keys.bit_length() - 1 if len(met) else width
    above = [flip << low for flip in flipped(width - low, share) if flip.bit_count() == 2]
    rest = _by_flips(one, one, width, above, step, counted)
    longest = int(min(look, np.diff(one.starts).max()))
    listed, seen_once = _midway.room(width, longest)

    def work(key: int) -> list[Told]:
        lists = np.empty((2, 2 * (_LISTED + listed + LANES)), np.uint32)
        upto = np.empty(listed // LANES + 3, np.int64)
        seen = np.empty((_SEEN + seen_once, 7), np.int64)
        pairs = np.empty((_SEEN, 4), np.int64)

        def search(told: npt.NDArray[np.int32]) -> int:
            return _midway.search(
                *(one.hashes, one.columns, one.rows, one.starts, key, key + keys, width, low, share),
                *(radius, masks, shares, met, most, look, lists, upto, _LISTED, _SEEN, seen, pairs, told),
            )

        mine = slice(one.starts[key], one.starts[key + keys])
        found = [_whole(search, met[mine], max(4096, (mine.stop - mine.start) // 4))]
        if above:
            found += [told for first in range(key, key + keys, step) for told in rest(first)]
        return found

    return work


def _whole(search: Callable[[npt.NDArray[np.int32]], int], met: npt.NDArray[np.int32], room: int) -> Told:
    """Return all that is found. met: of the rows that are counted, what they have met before."""
    before = met.copy()
    while True:
        told = np.empty((room, 3), np.int32)
        found = search(told)
        if found <= room:
            break
        # Once more, with room for all: rare, and cheaper than to count first.
        room, met[:] = found, before
    first, second, distance = told[:found].T
    return first.astype(np.int64), second.astype(np.int64), distance.astype(np.uint16)


@numba.njit(cache=True)
def _look(  # type: ignore[no-untyped-def]
    columns, starts, other_columns, other_starts, alone, keys, flips, radius, look, at, seen
):
    """Fill `seen` with places where something is near; return how many. at: where to begin, and then where it ended.

    seen: int64[n, 6]: rows from and to, the place, which of sixteen there, and the limit. A bucket that is to be
    searched row by row is put there whole, with -1 and its end. What is done most often calls nothing: it stays in the
    registers.
    """
    many, step = 0, np.uint32(len(keys))
    for flip_at in range(at[0], len(flips)):
        flip = flips[flip_at]
        limit, count, low = radius - _lanes.bits(np.uint64(flip)), len(keys), np.uint32(0xFFFFFFFF)
        if alone and flip != 0:
            # Each two buckets once: from the one that has not the highest bit of those that differ.
            top = np.uint32(1) << np.uint32(31 - _lanes.leading(flip))
            if top < step:
                count, low = count >> 1, top - np.uint32(1)
            elif keys[0] & top:
                count = 0
        for key_at in range(at[1], count):
            key = keys[key_at]
            if alone:
                key = keys[0] + (((np.uint32(key_at) & ~low) << np.uint32(1)) | (np.uint32(key_at) & low))
            other = key ^ flip
            start, end = np.int64(starts[key]), np.int64(starts[key + np.uint32(1)])
            place, last = np.int64(other_starts[other]), np.int64(other_starts[other + np.uint32(1)])
            if last - place > look or (alone and flip == 0):
                seen[many, 0], seen[many, 1], seen[many, 2] = start, end, place
                seen[many, 3], seen[many, 4], seen[many, 5] = -1, limit, last
                many += 1
                if many == len(seen):
                    at[0], at[1], at[2] = flip_at, key_at + 1, 0
                    return many
                continue
            place += at[2]
            at[2] = 0
            while place < last:
                if len(columns) == 2:
                    near = _lanes.near_many(columns, other_columns, None, start, end, place, limit)
                    if near != 0 and end - start <= 2 * LANES:
                        # By half of their bits strangers seem near a hundred times more often than by all.
                        near = _lanes.near_many(columns, other_columns, 2, start, end, place, radius)
                else:
                    near = _lanes.near_many(columns, other_columns, True, start, end, place, limit)
                if near != 0:
                    if last - place < LANES:
                        near &= (1 << (last - place)) - 1
                    seen[many, 0], seen[many, 1], seen[many, 2] = start, end, place
                    seen[many, 3], seen[many, 4] = near, limit
                    many += 1
                    if many == len(seen):
                        at[0], at[1], at[2] = flip_at, key_at, place + LANES - np.int64(other_starts[other])
                        return many
                place += LANES
        at[1] = 0
    at[0] = len(flips)
    return many


@numba.njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    hashes, columns, rows, starts, others, other_columns, other_rows, other_starts,
    alone, keys, flips, radius, before, shares, met, most, look, seen, told,
):  # fmt: skip
    """Tell the pairs of some buckets; return how many there are, more than there was room for or not.

    keys: of a side with itself, all of a stretch; else those that are not empty. seen: int64[n, 6], room for `_look`.
    """
    at, found = np.zeros(3, np.int64), 0
    while at[0] < len(flips):
        many = _look(columns, starts, other_columns, other_starts, alone, keys, flips, radius, look, at, seen)
        for each in range(many):
            start, end, place, near, limit, last = seen[each]
            if near == -1:
                found = row_by_row(
                    hashes, columns, rows, others, other_columns, other_rows,
                    alone and start == place, start, end, place, last, limit, look,
                    radius, before, shares, met, most, told, found,
                )  # fmt: skip
            else:
                found = tell(
                    hashes, columns, rows, others, other_columns, other_rows, start, end, place, near, limit,
                    radius, before, shares, met, most, told, found,
                )  # fmt: skip
    return found
