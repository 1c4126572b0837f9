"""Near-duplicate texts: drafts, formats and reprints of one scene or script, by their MinHash.

Candidates share a band of four of the 128 numbers (32 bands); of two texts that are 0.75 alike, one pair in 200,000 is
missed. What the whole MinHash says of a candidate decides.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

NEAR = 0.75  # estimated Jaccard similarity of three-word shingles; the estimate is off by 0.04 or so
COPY = 0.98  # another layout or format of the same words; one line changed in a scene is 0.93 or so, and a draft
BANDS = 32
MOST_IN_BUCKET = 256  # beyond, a band says nothing (a running header, an empty page): compared with the first only

Rows = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Sketches = npt.NDArray[np.uint32]

_MULTIPLIERS = np.random.default_rng(128).integers(0, 1 << 64, 64, dtype=np.uint64) | np.uint64(1)  # odd, no pattern
_TABLE_BITS = 20
_BLOCK = 1 << 16  # pairs of sketches compared at once


def near_pairs(
    sketches: Sketches, new: Bools | None = None
) -> tuple[Rows, Rows, npt.NDArray[np.float64], Counter[str]]:
    """Return the rows a < b of near-duplicate texts, how much alike each two are, and what was counted.

    sketches: uint32[n, 128]. new: bool[n], those of which at least one must be in a pair; None for all. Of equal ones
    each is linked with their first, and that one speaks for them.
    """
    new = np.ones(len(sketches), bool) if new is None else new
    counts: Counter[str] = Counter({"texts": len(sketches)})
    sketches = np.ascontiguousarray(sketches)
    first = _first_equal(sketches, new)
    copies = np.flatnonzero(first != np.arange(len(sketches)))
    copies = copies[new[copies] | new[first[copies]]]
    # What is equal to something old is known.
    known = np.zeros(len(sketches), bool)
    known[first[~new]] = True
    asks = (first == np.arange(len(sketches))) & ~known
    a, b, oversized = _candidates(sketches, first, asks)
    counts["oversized buckets"] += oversized
    counts["texts compared"] = len(a)
    alike = _alike(sketches, a, b)
    near = alike >= NEAR
    ends = np.concatenate([first[copies], a[near]]), np.concatenate([copies, b[near]])
    return *ends, np.concatenate([np.ones(len(copies)), alike[near]]), +counts


def _first_equal(sketches: Sketches, new: Bools) -> Rows:
    """Return for each sketch the first that is equal to it; for old ones, only where a new one is among them."""
    every = np.arange(len(sketches), dtype=np.int64)
    keys = _mixed(sketches)
    rows = np.flatnonzero(_among(keys, keys[new]))
    _, first, of_row = np.unique(keys[rows], return_index=True, return_inverse=True)
    leader = rows[first[of_row.reshape(-1)]]
    # Keys find them, the numbers decide: of others with one key, each stands for itself.
    equal = (sketches[rows] == sketches[leader]).all(axis=1)
    every[rows[equal]] = leader[equal]
    return every


def _mixed(numbers: Sketches) -> Keys:
    """Return a key for each row of numbers: equal rows have equal ones. numbers: uint32[n, an even number]."""
    words = numbers.view(np.uint64)
    keys: Keys = words @ _MULTIPLIERS[: words.shape[1]]  # sums wrap
    return keys


def _among(keys: Keys, others: Keys) -> Bools:
    """Return which keys are among the others, where these may be few."""
    if len(others) == len(keys):
        return np.ones(len(keys), bool)
    shift = np.uint64(64 - _TABLE_BITS)
    table = np.zeros(1 << _TABLE_BITS, bool)
    table[others >> shift] = True
    found = table[keys >> shift]
    found[found] = np.isin(keys[found], others)
    return found


def _candidates(sketches: Sketches, first: Rows, asks: Bools) -> tuple[Rows, Rows, int]:
    """Return the pairs a < b that share a band and of which one asks, and how many buckets were oversized."""
    speaks = np.flatnonzero(first == np.arange(len(first)))
    told = [np.empty((2, 0), np.int64)]
    oversized = 0
    if asks.any():
        for at in range(0, sketches.shape[1], sketches.shape[1] // BANDS):
            band = np.ascontiguousarray(sketches[:, at : at + sketches.shape[1] // BANDS])
            keys = _mixed(band)
            rows = speaks[_among(keys[speaks], keys[asks])]
            order = np.argsort(keys[rows], kind="stable")
            rows, keys = rows[order], keys[rows[order]]
            start = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
            size = np.diff(start, append=len(rows))
            oversized += int(np.count_nonzero(size > MOST_IN_BUCKET))
            # How far from the first of its bucket each is: all lie within that reach, or look at the first alone.
            place = np.arange(len(rows)) - np.repeat(start, size)
            large = np.repeat(size > MOST_IN_BUCKET, size)
            for back in range(1, int(place[~large].max(initial=0)) + 1):
                later = np.flatnonzero(~large & (place >= back))
                told.append(np.stack([rows[later - back], rows[later]]))
            later = np.flatnonzero(large & (place > 0))
            told.append(np.stack([rows[later - place[later]], rows[later]]))
    a, b = np.concatenate(told, axis=1)
    pairs = np.unique((a * len(first) + b)[asks[a] | asks[b]])
    a, b = np.divmod(pairs, max(1, len(first)))
    return a, b, oversized


def _alike(sketches: Sketches, a: Rows, b: Rows) -> npt.NDArray[np.float64]:
    """Return the share of numbers in which each two sketches agree."""
    blocks = range(0, len(a), _BLOCK)
    parts = [(sketches[a[at : at + _BLOCK]] == sketches[b[at : at + _BLOCK]]).mean(axis=1) for at in blocks]
    return np.concatenate([np.empty(0), *parts])
