"""Videos as sequences: a clip inside a film, a copy at another pace, found as one match with time ranges on both sides.

A track is its trail (`fingerprint.trail`): small views, eight a second, of which `views` says what is compared.

1. Views with nothing in them (black, slates) take no part. A held picture is one entry, for as long as it is held.
2. Neighbours between tracks of different files, whole and inside the bars, upright and mirrored, are votes.
3. Votes for one speed and one offset, several within a few seconds, are the seed of a match (`alignment`).
4. The seed is laid on the trails, fitted, and grown as far as the views agree and move alike.

What only holds still is no match: what two frames share is for `pictures` to say. Tracks of one file are not matched
with each other. A pure function of the two tracks, but for the caps, which are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from provenance.dedup import alignment
from provenance.dedup._beside import BARS, MIDDLE, PICTURE, UPPER
from provenance.dedup.neighbours import within
from provenance.dedup.views import Entries, Track, mirror_bits, mirrored, sketch

RADIUS = 10  # bits of 64 between views that vote; strangers begin at 12
MOST = 256  # neighbours of one entry in one band: beyond, it is a title or a loop that half the archive has
MOST_PARTNERS = 64  # tracks that one track is laid on, those with the most votes first
FEWEST_VOTES = 4
FORMS = ("upright", "mirror")

_BLOCK = 1 << 19  # entries that look at once
_HELD_SKETCHES = 8

# Which framings are looked for among which: what has another framing in its copy differs too much to vote.
_JOINS = (
    ((PICTURE, BARS), (PICTURE, BARS)),
    ((UPPER,), (UPPER,)),
    ((MIDDLE,), (PICTURE,)),
)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """The same footage in two tracks (numbers, a < b): from `first[0]` to `first[1]` seconds in a, and `second` in b.

    speed: how much faster b shows it than a. agreement: the share of the views in the range that agree. form: one of
    FORMS.
    """

    a: int
    b: int
    first: tuple[float, float]
    second: tuple[float, float]
    speed: float
    agreement: float
    form: str = "upright"

    def to_second(self, time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return when b shows what a shows at these times."""
        return self.second[0] + (time - self.first[0]) / self.speed

    def to_first(self, time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self.first[0] + (time - self.second[0]) * self.speed


def matches(
    tracks: Sequence[Track], new: npt.NDArray[np.bool_] | None = None, entries: Entries | None = None
) -> tuple[list[Match], Counter[str]]:
    """Return the matches between tracks, in the order of the tracks and of time, and what was counted.

    tracks: each is asked for when it is needed, more than once: they need not all be held. new: bool[tracks], those of
    which one of a pair at least must be; None for all. entries: of all tracks, where they are known; else every track
    is asked for them.
    """
    new = np.ones(len(tracks), bool) if new is None else new
    counts: Counter[str] = Counter({"video tracks": len(tracks)})
    found: list[Match] = []
    if not new.any():
        return found, +counts
    sketched = lru_cache(maxsize=_HELD_SKETCHES)(lambda number: sketch(tracks[number]))
    for a, b, form, votes in _partners(entries or Entries.of(tracks), new, counts):
        counts["video pairs that voted"] += 1
        if not alignment.promising(votes):
            continue
        counts["video pairs compared"] += 1
        other = sketched(b)
        runs, cut = alignment.runs(sketched(a), mirrored(other) if form else other, votes)
        counts["video matches capped"] += cut
        for run in runs:
            found.append(Match(a, b, run.first, run.second, run.speed, run.agreement, FORMS[form]))
    counts["video matches"] = len(found)
    return sorted(found, key=lambda each: (each.a, each.b, each.first)), +counts


Votes = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _partners(
    entries: Entries, new: npt.NDArray[np.bool_], counts: Counter[str]
) -> Iterator[tuple[int, int, int, Votes]]:
    """Yield pairs of tracks with enough votes: a < b, the form, and the times in a and in b that voted."""
    told = [np.empty((0, 5))]
    for looking, there in _JOINS:
        own, met = entries.only(looking, thin=True), entries.only(there, thin=False)
        # What is new looks among all, and what is old among what is new.
        for one, two in ((own.among(new), met), (own.among(~new), met.among(new))):
            for form, at, to in _neighbours(one, two, counts):
                told.append(_votes(one, two, at, to, form, entries.asset))
    votes = np.unique(np.concatenate(told), axis=0)
    starts = np.flatnonzero((np.diff(votes[:, :3], axis=0, prepend=-1) != 0).any(axis=1))
    ends = np.append(starts[1:], len(votes))
    for group in _strongest(votes, starts, ends, len(new), counts):
        part = votes[starts[group] : ends[group]]
        yield int(part[0, 0]), int(part[0, 1]), int(part[0, 2]), (part[:, 3], part[:, 4])


def _neighbours(looks: Entries, met: Entries, counts: Counter[str]) -> Iterator[tuple[int, Rows, Rows]]:
    """Yield entries that look and those that they are near to, in each form of theirs."""
    # It is the same from either side, and in both forms at once; the fewer ask.
    swapped = len(met.look) < len(looks.look)
    asking, asked = (met.bits, looks.bits) if swapped else (looks.bits, met.bits)
    for low in range(0, len(asking), _BLOCK):
        block = asking[low : low + _BLOCK]
        forms = np.concatenate([block, block ^ mirror_bits()])
        pairs = within(forms[:, None], RADIUS, asked[:, None], most=MOST)
        counts["video views capped"] += pairs.capped + pairs.oversized
        turned = int(np.searchsorted(pairs.a, len(block)))
        for form, part in enumerate((slice(0, turned), slice(turned, None))):
            one, two = low + pairs.a[part] - form * len(block), pairs.b[part]
            yield (form, two, one) if swapped else (form, one, two)


def _votes(looks: Entries, met: Entries, one: Rows, two: Rows, form: int, asset: Rows) -> npt.NDArray[np.float64]:
    """Return track a < b, form, time in a and in b of neighbours of different files: float64[n, 5]."""
    a, b = looks.track[one], met.track[two]
    keep = asset[a] != asset[b]
    a, b, at, to = a[keep], b[keep], looks.time[one[keep]], met.time[two[keep]]
    ends = np.stack([a, b]), np.stack([at, to])
    swap = a > b
    tracks, times = (np.where(swap, each[::-1], each) for each in ends)
    return np.concatenate([tracks, np.full((1, len(a)), form), times]).T


def _strongest(
    votes: npt.NDArray[np.float64], starts: Rows, ends: Rows, count: int, counts: Counter[str]
) -> Iterator[int]:
    """Yield the groups of votes worth a look, in order: each track's partners with the most votes."""
    size = ends - starts
    partners = np.zeros(count, np.int64)
    kept = []
    for group in np.lexsort((np.arange(len(size)), -size)).tolist():
        if size[group] < FEWEST_VOTES:
            break
        a, b = votes[starts[group], :2].astype(np.int64)
        if min(partners[a], partners[b]) >= MOST_PARTNERS:
            counts["video partners capped"] += 1
            continue
        partners[[a, b]] += 1
        kept.append(group)
    yield from sorted(kept)
