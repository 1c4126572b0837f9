"""Multi-index hashing: all pairs within a Hamming radius, in far less than the square of their number.

Cut the bits into bands of about log2(n) bits and share the radius out among them so that two hashes within it must
be within its share in at least one band. For each band, order the hashes by it and look, for each, only at the buckets
within that share. A pair is told by the first band that finds it, so none is told twice.

Compiled by numba on first use; the compiled form is kept where numba keeps it.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

_BLOCK = 1 << 18  # rows searched before their pairs are collected

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Found = tuple[Rows, Rows, npt.NDArray[np.uint16]]


def self_join(hashes: Words, radius: int, most: int) -> tuple[Rows, Rows, npt.NDArray[np.uint16], int]:
    """Return rows a < b and distances of all pairs within the radius, and how many rows were cut off at `most`.

    most: pairs that one row may have with the rows behind it in one band; the closest bands' pairs come first.
    """
    return _join(hashes, hashes, radius, most, own=True)


def cross_join(hashes: Words, others: Words, radius: int, most: int) -> tuple[Rows, Rows, npt.NDArray[np.uint16], int]:
    """The same, between two sets."""
    return _join(hashes, others, radius, most, own=False)


def bands(bits: int, radius: int, count: int) -> list[tuple[int, int, int]]:
    """Return start, width and share of the radius of each band, so that sum(share + 1) = radius + 1 or more.

    Bands do not overlap. They need not cover every bit: a hash within the radius is so on any part of its bits.
    """
    wide = max(10, min(24, int(np.ceil(np.log2(max(2, count)))) - 2))
    number = max(1, min(radius + 1, round(bits / wide)))
    edges = [bits * at // number for at in range(number + 1)]
    spare = max(0, radius + 1 - number)
    shares = [spare // number + (at < spare % number) for at in range(number)]
    return [(low, min(high - low, 24), share) for low, high, share in zip(edges, edges[1:], shares, strict=False)]


def _join(
    hashes: Words, others: Words, radius: int, most: int, *, own: bool
) -> tuple[Rows, Rows, npt.NDArray[np.uint16], int]:
    bits = 64 * hashes.shape[1]
    plan = bands(bits, radius, len(others))
    earlier = np.zeros((0, 3), np.int64)
    told: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint16]]] = []
    capped = 0
    for start, width, share in plan:
        keys = _keys(others, start, width)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        buckets = np.zeros((1 << width) + 1, np.int32)
        np.cumsum(np.bincount(keys, minlength=1 << width), out=buckets[1:], dtype=np.int32)
        ordered = others[order]
        masks = _masks(width, share)
        if own:
            # Searched in the order of the buckets: neighbours in memory are then neighbours in the search.
            mine, my_keys, my_rows = ordered, keys[order], order
        else:
            mine, my_keys, my_rows = hashes, _keys(hashes, start, width), np.arange(len(hashes), dtype=np.int32)
        del keys
        for low in range(0, len(mine), _BLOCK):
            high = min(low + _BLOCK, len(mine))
            counts, cut = _count(mine, my_keys, ordered, buckets, masks, earlier, radius, most, own, low, high)
            capped += int(cut)
            ends = np.cumsum(counts)
            if ends[-1]:
                a, b, distance = _tell(
                    mine, my_keys, ordered, buckets, masks, earlier, radius, own, low, high, ends, counts
                )
                told.append((my_rows[a], order[b], distance))
        earlier = np.vstack([earlier, np.array([[start, width, share]], np.int64)])
    if not told:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16), capped
    one, two, distance = (np.concatenate(each) for each in zip(*told, strict=True))
    a, b = (np.minimum(one, two), np.maximum(one, two)) if own else (one, two)
    return a.astype(np.int64), b.astype(np.int64), distance, capped


def _masks(width: int, share: int) -> npt.NDArray[np.uint32]:
    """Every key of the band's width with at most `share` bits set, fewest bits first."""
    masks = [0]
    newest = [0]
    for _ in range(share):
        newest = [mask | 1 << bit for mask in newest for bit in range(mask.bit_length(), width)]
        masks += newest
    return np.array(masks, np.uint32)


@numba.njit(cache=True, parallel=True)
def _keys(hashes: Words, start: int, width: int) -> npt.NDArray[np.uint32]:
    keys = np.empty(len(hashes), np.uint32)
    for row in numba.prange(len(hashes)):
        keys[row] = _band(hashes[row], start, width)
    return keys


@numba.njit(cache=True, inline="always")
def _band(row, start, width):  # type: ignore[no-untyped-def]
    word, shift = start >> 6, np.uint64(start & 63)
    value = row[word] >> shift
    if (start & 63) + width > 64:
        value |= row[word + 1] << (np.uint64(64) - shift)
    return np.uint32(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@numba.njit(cache=True, inline="always")
def _bits(value):  # type: ignore[no-untyped-def]
    # LLVM knows this as one instruction.
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True, inline="always")
def _distance(one, two, radius):  # type: ignore[no-untyped-def]
    total = 0
    for word in range(len(one)):
        total += _bits(one[word] ^ two[word])
        if total > radius:
            break
    return total


@numba.njit(cache=True, inline="always")
def _told_before(one, two, earlier):  # type: ignore[no-untyped-def]
    for at in range(len(earlier)):
        start, width, share = earlier[at, 0], earlier[at, 1], earlier[at, 2]
        if _bits(np.uint64(_band(one, start, width) ^ _band(two, start, width))) <= share:
            return True
    return False


@numba.njit(cache=True, parallel=True)
def _count(mine, my_keys, ordered, buckets, masks, earlier, radius, most, own, low, high):  # type: ignore[no-untyped-def]
    counts = np.zeros(high - low, np.int64)
    cut = np.zeros(high - low, np.uint8)
    for at in numba.prange(low, high):
        key = my_keys[at]
        found = 0
        for mask in masks:
            other = key ^ mask
            if own and other < key:
                continue
            first = buckets[other]
            if own and mask == 0:
                first = at + 1
            for to in range(first, buckets[other + 1]):
                if _distance(mine[at], ordered[to], radius) <= radius and not _told_before(
                    mine[at], ordered[to], earlier
                ):
                    found += 1
                    if found == most:
                        cut[at - low] = 1
                        break
            if found == most:
                break
        counts[at - low] = found
    return counts, cut.sum()


@numba.njit(cache=True, parallel=True)
def _tell(mine, my_keys, ordered, buckets, masks, earlier, radius, own, low, high, ends, counts):  # type: ignore[no-untyped-def]
    a = np.empty(ends[-1], np.int32)
    b = np.empty(ends[-1], np.int32)
    distances = np.empty(ends[-1], np.uint16)
    for at in numba.prange(low, high):
        wanted = counts[at - low]
        if wanted == 0:
            continue
        key = my_keys[at]
        place = ends[at - low] - wanted
        for mask in masks:
            other = key ^ mask
            if own and other < key:
                continue
            first = buckets[other]
            if own and mask == 0:
                first = at + 1
            for to in range(first, buckets[other + 1]):
                distance = _distance(mine[at], ordered[to], radius)
                if distance <= radius and not _told_before(mine[at], ordered[to], earlier):
                    a[place] = at
                    b[place] = to
                    distances[place] = distance
                    place += 1
                    wanted -= 1
                    if wanted == 0:
                        break
            if wanted == 0:
                break
    return a, b, distances
