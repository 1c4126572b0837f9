"""How a join is cut into bands: which bits each looks at, and how many of them may differ there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np

LANES = 16  # hashes compared at once

_NARROWEST, _WIDEST = 8, 24  # bits of a band: its buckets are counted in a table
# What the plan weighs, in nanoseconds: opening a bucket, or one that lies anywhere; that it holds more than sixteen
# hashes, and how many more, cannot be foreseen; turning to sixteen of its hashes, comparing these with one more, and
# setting a row in order. And what those cost that only seem near, where 0, 1 or 2 bits may differ, spread over all.
_OPEN, _REACH, _MANY, _TURN, _COMPARE, _ORDER = 5.0, 10.0, 5.0, 1.5, 0.5, 12.0
_SEEM = (0.1, 0.033, 0.009)
# And of a join that meets midway: a key, and one row of its bucket; listing a bucket one bit away, and each hash of it
# beyond eight; turning to sixteen of a list, and comparing these with one more; and what only seems near, from a row of
# its own bucket or from one that is listed.
_KEY, _ROW, _LIST, _LONG, _TURN_LISTED, _COMPARE_LISTED = 25.0, 3.3, 4.0, 0.4, 5.0, 0.64
_SEEM_OWN, _SEEM_LISTED = 0.037, 0.011
MIDWAY = 2  # bits of a band that may differ where pairs of one word meet midway, at most


@dataclass(frozen=True)
class Band:
    """width bits from bit `start`; `share` of them may differ."""

    start: int
    width: int
    share: int


def bands(bits: int, radius: int, count: int, others: int | None = None) -> list[Band]:
    """Return the cheapest bands for a join of so many hashes, so that sum(share + 1) = radius + 1 or more.

    Bands do not overlap. They need not cover every bit: a hash within the radius is so on any part of its bits.
    """
    numbers = range(1, min(bits // _NARROWEST, radius + 1) + 1)

    def cost(width: int, share: int) -> float:
        if bits == 64 and others is None and share <= MIDWAY:
            return _cost_midway(width, share, count)
        return _cost(width, share, count, others)

    plans = [_plan(bits, radius, number, cost) for number in numbers]
    return min(plans, key=lambda plan: sum(cost(band.width, band.share) for band in plan))


def _plan(bits: int, radius: int, number: int, cost: Callable[[int, int], float]) -> list[Band]:
    """Return this number of bands, each bit given to the band where it saves the most."""
    spare = radius + 1 - number
    shares = [spare // number + (at < spare % number) for at in range(number)]
    widths = [_NARROWEST] * number

    def saved(at: int) -> float:
        if widths[at] == _WIDEST:
            return 0.0
        return cost(widths[at], shares[at]) - cost(widths[at] + 1, shares[at])

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
    turns = max(min(1.0, theirs), theirs / LANES + 0.5)
    pair = (_OPEN if mine > 2 else _REACH) + (_MANY if theirs > LANES else 0.0) + turns * (_TURN + mine * _COMPARE)
    pair += mine * theirs * _SEEM[min(share, 2)]
    # Of its own bucket a row looks at the half behind it, by itself.
    own = count * (theirs / LANES / 2 + 1) * _TURN if others is None else 0.0
    return full * flips * pair + own + (second if others is None else count + second) * _ORDER


@lru_cache(8192)
def _cost_midway(width: int, share: int, count: int) -> float:
    keys = 1 << width
    each = count / keys
    listed = width * each / 2  # where the key has a one; as many where not
    found = _KEY + each * (_ROW + each / 2 / LANES * _TURN)
    if share > 0:
        blocks = listed / LANES + 0.5
        found += width * (_LIST + max(0.0, each - 8) * _LONG)
        found += blocks * (_TURN_LISTED + each * _COMPARE_LISTED) + each * listed * _SEEM_OWN
        if share > 1:
            found += 2 * blocks * (_TURN_LISTED + listed / 2 * _COMPARE_LISTED) + listed * listed * _SEEM_LISTED
    return keys * found + count * _ORDER


def flipped(width: int, share: int) -> list[int]:
    """Return every key of the band's width with at most `share` bits set, fewest bits first."""
    found = [0]
    newest = [0]
    for _ in range(share):
        newest = [flip | 1 << bit for flip in newest for bit in range(flip.bit_length(), width)]
        found += newest
    return found
