"""Multi-index hashing: all pairs within a Hamming radius, in far less than the square of their number.

1. Cut the bits into bands and share the radius out among them so that two hashes within it must be within its share in
   at least one band.
2. Order the hashes by a band: those with equal bits there, a bucket, lie beside each other.
3. Compare each bucket with those within the share, eight hashes at a time, by two words. Nearly none pass.
4. Those that pass are compared whole. The first band that finds a pair tells it, so none is told twice.

Compiled by numba on first use; the compiled form is kept where numba keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint16]
Told = tuple[Rows, Rows, Distances]

_LANES = 8  # hashes compared at once
_NARROWEST, _WIDEST = 8, 24  # bits of a band: its buckets are counted in a table
_OVERSIZED = 8  # times the mean of its band: no bucket of strangers is
_STRETCH = 16_384  # rows, about, searched before their pairs are collected
_STRETCH_THERE = 131_072  # of the other side, where it is the larger: they stay in the cache
# What the plan weighs, in nanoseconds: opening a bucket, turning to eight of its hashes, comparing these with one more,
# and setting a row in order.
_OPEN, _TURN, _COMPARE, _ORDER = 3.0, 4.0, 0.3, 10.0


@dataclass(frozen=True)
class Band:
    """width bits from bit `start`; `share` of them may differ."""

    start: int
    width: int
    share: int


@dataclass(frozen=True)
class Side:
    """n hashes and their order in a band. columns: uint64[1 or 2, n + some], their first words in that order; rows:
    where each stands in `hashes`; starts: where each bucket begins, and the end."""

    hashes: Words
    columns: Words
    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]


@dataclass
class Cuts:
    """What was left out at `most`: rows that had more neighbours, and buckets that were looked into only so far."""

    rows: int = 0
    buckets: int = 0


def bands(bits: int, radius: int, count: int, others: int | None = None) -> list[Band]:
    """Return the cheapest bands for a join of so many hashes, so that sum(share + 1) = radius + 1 or more.

    Bands do not overlap. They need not cover every bit: a hash within the radius is so on any part of its bits.
    """
    numbers = range(1, min(bits // _NARROWEST, radius + 1) + 1)
    plans = [_plan(bits, radius, number, count, others) for number in numbers]
    return min(plans, key=lambda plan: sum(_cost(band.width, band.share, count, others) for band in plan))


def _plan(bits: int, radius: int, number: int, count: int, others: int | None) -> list[Band]:
    """Return this number of bands, each bit given to the band where it saves the most."""
    spare = radius + 1 - number
    shares = [spare // number + (at < spare % number) for at in range(number)]
    widths = [_NARROWEST] * number

    def saved(at: int) -> float:
        if widths[at] == _WIDEST:
            return 0.0
        return _cost(widths[at], shares[at], count, others) - _cost(widths[at] + 1, shares[at], count, others)

    savings = [saved(at) for at in range(number)]
    for _ in range(bits - sum(widths)):
        most = max(savings)
        if most <= 0:
            break
        at = savings.index(most)
        widths[at] += 1
        savings[at] = saved(at)
    starts = np.cumsum([0, *widths]).tolist()
    return [Band(*each) for each in zip(starts, widths, shares, strict=False)]


@lru_cache(8192)
def _cost(width: int, share: int, count: int, others: int | None) -> float:
    second = count if others is None else others
    keys = 1 << width
    flips = sum(comb(width, bits) for bits in range(share + 1)) / (2 if others is None else 1)
    full = min(count, keys)  # buckets that are not empty, about; and how many hashes are in each
    mine, theirs = count / full, second / keys
    pair = _OPEN + (theirs / _LANES + min(1.0, theirs)) * (_TURN + mine * _COMPARE)
    # Of its own bucket a row looks at the half behind it, by itself.
    own = count * (theirs / _LANES / 2 + 1) * _TURN if others is None else 0.0
    return full * flips * pair + own + (second if others is None else count + second) * _ORDER


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
    halfway = room(hashes if others is None or len(others) < len(hashes) else others)
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


def ordered(hashes: Words, start: int, width: int, halfway: Words | None = None) -> Side:
    """Return hashes in the order of the band's bits; equal ones stay in the order that they have.

    halfway: `room` for these hashes, to be used again: new memory costs as much as the work.
    """
    hashes = np.ascontiguousarray(hashes)
    return Side(hashes, *_ordered(hashes, start, width, room(hashes) if halfway is None else halfway))


def room(hashes: Words) -> Words:
    return np.empty((len(hashes), min(2, hashes.shape[1]) + 1), np.uint64)


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
    rows = max(1, len(one.rows), len(two.rows) * _STRETCH // _STRETCH_THERE)
    step = 1 << max(0, min(width, int((_STRETCH << width) / rows).bit_length() - 1))
    # The nearest buckets first, and all of one stretch of them before the next: both sides stay in the cache.
    flips = np.array(sorted(flipped(width, share), key=lambda flip: (flip // step, flip.bit_count())), np.int64)
    met = np.zeros(len(one.rows) if most < len(two.rows) else 0, np.int32)
    # A bucket is oversized beside the others of its band, not for what the plan made of them all.
    look = max(most, _OVERSIZED * len(two.rows) >> width)

    def stretch(key: int) -> Told:
        mine = slice(one.starts[key], one.starts[key + step])
        keys = key + np.flatnonzero(np.diff(one.starts[key : key + step + 1]))
        room, met_before = 4096, met[mine].copy()
        while True:
            told = np.empty((room, 3), np.int32)
            found = _search(
                *(one.hashes, one.columns, one.rows, one.starts, two.hashes, two.columns, two.rows, two.starts),
                *(one is two, keys, flips, radius, *earlier, met, most, look, told),
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


def flipped(width: int, share: int) -> list[int]:
    """Return every key of the band's width with at most `share` bits set, fewest bits first."""
    found = [0]
    newest = [0]
    for _ in range(share):
        newest = [flip | 1 << bit for flip in newest for bit in range(flip.bit_length(), width)]
        found += newest
    return found


def _instructions(code: Any) -> Any:
    """numba's `intrinsic`, of a type that leaves out the argument that callers do not give."""
    return intrinsic(code)


def _lanes(context, builder):  # type: ignore[no-untyped-def]
    """Return what loads eight words of an array, sets one word eight times, and counts the bits of eight. LLVM makes of
    it what the processor has: one instruction a step, or several."""
    word, lanes = ir.IntType(64), ir.VectorType(ir.IntType(64), _LANES)
    popcount = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(lanes, [lanes]), f"llvm.ctpop.v{_LANES}i64"
    )
    first = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [ir.Constant(ir.IntType(32), 0)] * _LANES)

    def columns(kind, array):  # type: ignore[no-untyped-def]
        held = context.make_array(kind)(context, builder, array)
        return held.data, builder.gep(held.data, [cgutils.unpack_tuple(builder, held.shape)[1]])

    def load(column, place):  # type: ignore[no-untyped-def]
        return builder.load(builder.bitcast(builder.gep(column, [place]), lanes.as_pointer()), align=8)

    def everywhere(value):  # type: ignore[no-untyped-def]
        lane = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(lane, lane, first)

    def differ(there, mine):  # type: ignore[no-untyped-def]
        return builder.call(popcount, [builder.xor(there, everywhere(mine))])

    def told(distance, radius):  # type: ignore[no-untyped-def]
        near = builder.icmp_signed("<=", distance, everywhere(radius))
        return builder.zext(builder.bitcast(near, ir.IntType(_LANES)), word)

    return columns, load, everywhere, differ, told


def _used(both, given):  # type: ignore[no-untyped-def]
    """The columns that are compared: the first, or two where the type says so."""
    return given[:1] if isinstance(both, numba.types.NoneType) else given


@_instructions
def _near_lanes(context, mine, others, two_words, row, end, place, radius):  # type: ignore[no-untyped-def]
    """Which of the eight hashes from `place` on are within the radius of any of the rows, by their first word, or two
    unless that is None: eight bits."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        columns, load, everywhere, differ, told = _lanes(context, builder)
        own, other = (_used(signature.args[2], columns(signature.args[at], given[at])) for at in (0, 1))
        start, stop, there, radius = given[3:]
        held = [load(column, there) for column in other]
        word = ir.IntType(64)
        closest = cgutils.alloca_once_value(builder, everywhere(ir.Constant(word, 1 << 30)))
        with cgutils.for_range_slice(builder, start, stop, ir.Constant(word, 1)) as (at, _):
            distance = everywhere(ir.Constant(word, 0))
            for column, lanes in zip(own, held, strict=True):
                distance = builder.add(distance, differ(lanes, builder.load(builder.gep(column, [at]))))
            least = builder.load(closest)
            builder.store(builder.select(builder.icmp_signed("<", distance, least), distance, least), closest)
        return told(builder.load(closest), radius)

    number = numba.int64
    return number(mine, others, two_words, number, number, number, number), code


@_instructions
def _near_one(context, others, two_words, one, two, place, radius):  # type: ignore[no-untyped-def]
    """The same of one hash, given by its words: most buckets of few who ask hold no more."""

    def code(context, builder, signature, given):  # type: ignore[no-untyped-def]
        columns, load, everywhere, differ, told = _lanes(context, builder)
        other = _used(signature.args[1], columns(signature.args[0], given[0]))
        distance = everywhere(ir.Constant(ir.IntType(64), 0))
        for column, mine in zip(other, given[2:4], strict=False):
            distance = builder.add(distance, differ(load(column, given[4]), mine))
        return told(distance, given[5])

    number, word = numba.int64, numba.uint64
    return number(others, two_words, word, word, number, number), code


@_instructions
def _bits(context, value):  # type: ignore[no-untyped-def]
    """How many bits of a word are set."""
    return numba.int64(numba.uint64), lambda context, builder, signature, given: builder.ctpop(given[0])


@numba.njit(cache=True, inline="always")
def _key(hashes, row, start, width):  # type: ignore[no-untyped-def]
    word, shift = start >> 6, np.uint64(start & 63)
    value = hashes[row, word] >> shift
    if (start & 63) + width > 64:
        value |= hashes[row, word + 1] << (np.uint64(64) - shift)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@numba.njit(cache=True, nogil=True)
def _ordered(hashes, start, width, halfway):  # type: ignore[no-untyped-def]
    """The first words in the order of the band, where each came from, and where each bucket begins.

    First by the upper half of the band, then each part by the rest: a step writes to few places, which stay cached.
    """
    count, words = len(hashes), halfway.shape[1] - 1
    upper = min(width, max(8, width // 2))
    low = width - upper
    coarse = np.zeros((1 << upper) + 1, np.int64)
    for row in range(count):
        coarse[(_key(hashes, row, start, width) >> low) + 1] += 1
    coarse = np.cumsum(coarse)
    ends = coarse.copy()
    within = np.uint64((1 << low) - 1)
    for row in range(count):
        key = _key(hashes, row, start, width)
        place = ends[key >> low]
        ends[key >> low] = place + 1
        for word in range(words):
            halfway[place, word] = hashes[row, word]
        halfway[place, words] = np.uint64(row) << np.uint64(16) | np.uint64(key) & within
    columns = np.empty((words, count + _LANES), np.uint64)  # the last ones are read and not believed
    rows = np.empty(count, np.int32)
    starts = np.empty((1 << width) + 1, np.int32)
    starts[1 << width] = count
    places = np.empty(1 << low, np.int64)
    for part in range(1 << upper):
        places[:] = 0
        for at in range(coarse[part], coarse[part + 1]):
            places[np.int64(halfway[at, words] & within)] += 1
        place = coarse[part]
        for key in range(1 << low):
            starts[(part << low) | key] = place
            place, places[key] = place + places[key], place
        for at in range(coarse[part], coarse[part + 1]):
            told = halfway[at, words]
            place = places[np.int64(told & within)]
            places[np.int64(told & within)] = place + 1
            rows[place] = np.int32(told >> np.uint64(16))
            for word in range(words):
                columns[word, place] = halfway[at, word]
    return columns, rows, starts


@numba.njit(cache=True)
def _told_before(one, two, masks, shares):  # type: ignore[no-untyped-def]
    for band in range(len(masks)):
        differ = 0
        for word in range(len(one)):
            differ += _bits((one[word] ^ two[word]) & masks[band, word])
        if differ <= shares[band]:
            return True
    return False


@numba.njit(cache=True)
def _tell(  # type: ignore[no-untyped-def]
    hashes, columns, rows, row, end, others, other_columns, other_rows, place, near,
    radius, before, shares, met, most, told, found,
):  # fmt: skip
    """Add pairs of the rows and the near lanes to what is told; return how many are told now."""
    for lane in range(_LANES):
        if not near >> lane & 1:
            continue
        this = place + lane
        two = others[other_rows[this]]
        for first in range(row, end, _LANES):
            # Seen from the other side: which of eight rows it is that the lane is near to.
            if len(columns) == 1:
                mine = _near_lanes(other_columns, columns, None, this, this + 1, first, radius)
            else:
                mine = _near_lanes(other_columns, columns, True, this, this + 1, first, radius)
            for at in range(first, min(end, first + _LANES)):
                if not mine >> (at - first) & 1:
                    continue
                one = hashes[rows[at]]
                distance = 0
                for word in range(len(one)):
                    distance += _bits(one[word] ^ two[word])
                if distance > radius:
                    continue
                if len(met) > 0:
                    if met[at] >= most:
                        continue
                    met[at] += 1
                if not _told_before(one, two, before, shares):
                    if found < len(told):
                        told[found, 0], told[found, 1], told[found, 2] = rows[at], other_rows[this], distance
                    found += 1
    return found


@numba.njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    hashes, columns, rows, starts, others, other_columns, other_rows, other_starts,
    alone, keys, flips, radius, before, shares, met, most, look, told,
):  # fmt: skip
    """Tell the pairs of a stretch of buckets; return how many there are, more than there was room for or not."""
    found = 0
    for flip in flips:
        for key in keys:
            start, end = np.int64(starts[key]), np.int64(starts[key + 1])
            other = key ^ flip
            if alone and other < key:
                continue
            other_start, other_end = np.int64(other_starts[other]), np.int64(other_starts[other + 1])
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
                first_word, second_word = columns[0, row], columns[-1, row]
                while place < last:
                    if len(columns) == 1:
                        if step == 1:
                            near = _near_one(other_columns, None, first_word, second_word, place, radius)
                        else:
                            near = _near_lanes(columns, other_columns, None, row, row + step, place, radius)
                    elif step == 1:
                        near = _near_one(other_columns, True, first_word, second_word, place, radius)
                    else:
                        near = _near_lanes(columns, other_columns, True, row, row + step, place, radius)
                    if near != 0:
                        if last - place < _LANES:
                            near &= (1 << (last - place)) - 1
                        found = _tell(
                            hashes, columns, rows, row, row + step, others, other_columns, other_rows, place, near,
                            radius, before, shares, met, most, told, found,
                        )  # fmt: skip
                    place += _LANES
    return found
