"""Hashes in the order of some of their bits: those that are equal there, a bucket, lie beside each other."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from provenance.dedup._bands import LANES

Words = npt.NDArray[np.uint64]
Halves = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Side:
    """n hashes and their order in a band. columns: uint32[2 or 3, n + some], bits behind it, in that order; rows:
    where each stands in `hashes`; starts: where each bucket begins, and the end; after: the first bit behind it."""

    hashes: Words
    columns: Halves
    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]
    after: int


def ordered(hashes: Words, start: int, width: int, halfway: Words | None = None) -> Side:
    """Return hashes in the order of the band's bits; equal ones stay in the order that they have.

    halfway: `scratch` for these hashes or more, to be used again: new memory costs as much as the work.
    """
    hashes = np.ascontiguousarray(hashes)
    columns, rows, starts = _ordered(hashes, start, width, scratch(hashes) if halfway is None else halfway)
    return Side(hashes, columns, rows, starts, (start + width) % (64 * hashes.shape[1]))


def scratch(hashes: Words) -> Words:
    """Return memory in which so many hashes are set in order."""
    return np.empty((len(hashes), min(2, hashes.shape[1]) + 1), np.uint64)


@numba.njit(cache=True, inline="always")
def _from(hashes, row, word, shift, after):  # type: ignore[no-untyped-def]
    """64 bits of a hash, from a bit of a word on and into the word after it."""
    return hashes[row, word] >> shift | hashes[row, after] << np.uint64(1) << (np.uint64(63) - shift)


@numba.njit(cache=True)
def _place(bit, words):  # type: ignore[no-untyped-def]
    word = (bit >> 6) % words
    return word, np.uint64(bit & 63), (word + 1) % words


@numba.njit(cache=True, nogil=True)
def _ordered(hashes, start, width, halfway):  # type: ignore[no-untyped-def]
    """Bits behind the band in the order of the band, where each came from, and where each bucket begins.

    First by the upper half of the band, then each part by the rest: a step writes to few places, which stay cached.
    """
    count, words = len(hashes), halfway.shape[1] - 1
    upper = min(width, max(8, width // 2))
    low = width - upper
    band, rest = np.uint64((1 << width) - 1), np.uint64((1 << low) - 1)
    # Where the band and the bits behind it begin; behind the last word comes the first.
    mine, shift, after = _place(start, hashes.shape[1])
    first, first_shift, first_after = _place(start + width, hashes.shape[1])
    second, second_shift, second_after = _place(start + width + 64, hashes.shape[1])
    coarse = np.zeros((1 << upper) + 1, np.int64)
    for row in range(count):
        coarse[np.int64((_from(hashes, row, mine, shift, after) & band) >> np.uint64(low)) + 1] += 1
    coarse = np.cumsum(coarse)
    ends = coarse.copy()
    for row in range(count):
        key = _from(hashes, row, mine, shift, after) & band
        place = ends[np.int64(key >> np.uint64(low))]
        ends[np.int64(key >> np.uint64(low))] = place + 1
        halfway[place, 0] = _from(hashes, row, first, first_shift, first_after)
        if words == 2:
            halfway[place, 1] = _from(hashes, row, second, second_shift, second_after)
        halfway[place, words] = np.uint64(row) << np.uint64(16) | key & rest
    # 32 bits in each: two of one word, three of two. The last ones are read and not believed.
    columns = np.empty((words + 1, count + LANES), np.uint32)
    rows = np.empty(count, np.int32)
    starts = np.empty((1 << width) + 1, np.int32)
    starts[1 << width] = count
    places = np.empty(1 << low, np.int64)
    for part in range(1 << upper):
        places[:] = 0
        for at in range(coarse[part], coarse[part + 1]):
            places[np.int64(halfway[at, words] & rest)] += 1
        place = coarse[part]
        for key in range(1 << low):
            starts[(part << low) | key] = place
            place, places[key] = place + places[key], place
        for at in range(coarse[part], coarse[part + 1]):
            told = halfway[at, words]
            place = places[np.int64(told & rest)]
            places[np.int64(told & rest)] = place + 1
            rows[place] = np.int64(told >> np.uint64(16))
            columns[0, place] = np.uint32(halfway[at, 0])
            columns[1, place] = np.uint32(halfway[at, 0] >> np.uint64(32))
            if words == 2:
                columns[2, place] = np.uint32(halfway[at, 1])
    return columns, rows, starts
