"""Videos as sequences: a clip inside a film, a copy at another pace, found as one match with time ranges on both sides.

A track is its trail (`fingerprint.trail`): small views, eight a second. What is compared of a view is its 64 lowest
frequencies: as signs, 64 bits by which neighbours are found, and as a direction, whose cosine says how well two views
agree.

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
from provenance.dedup._beside import BARS, MIDDLE, PICTURE, UPPER, WHOLE, Box, Sketch, drawn, part
from provenance.dedup.neighbours import within
from provenance.fingerprint.trail import SIDE, Views

RADIUS = 10  # bits of 64 between views that vote; strangers begin at 12
MOST = 256  # neighbours of one entry in one band: beyond, it is a title or a loop that half the archive has
MOST_PARTNERS = 64  # tracks that one track is laid on, those with the most votes first
FEWEST_VOTES = 4
FORMS = ("upright", "mirror")

_FLAT = 6.0  # levels of standard deviation: below, there is nothing to see
_HELD = 2  # bits: a view this close to the last one that counted is held
_THIN_SECONDS = 0.25  # between entries that look for neighbours
_BLOCK = 1 << 19  # entries that look at once
_HELD_SKETCHES = 8

_UPPER, _MIDDLE = (0.0, 0.0, 1.0, 0.75), (0.125, 0.0, 0.875, 1.0)
_SCALE = 4096
# Which framings are looked for among which: what has another framing in its copy differs too much to vote.
_JOINS = (
    ((PICTURE, BARS), (PICTURE, BARS)),
    ((UPPER,), (UPPER,)),
    ((MIDDLE,), (PICTURE,)),
)

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """The trail of one video track, upright. asset: the file it is of. time: float64[n], seconds, rising. view:
    uint8[n, 16, 16]. shot: int64[n], 0 where not known. inside: left, top, right, bottom of what lies inside its bars,
    as shares of width and height; None without bars."""

    asset: int
    time: npt.NDArray[np.float64]
    view: Views
    shot: Rows
    inside: Box | None = None


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


def matches(tracks: Sequence[Track], new: npt.NDArray[np.bool_] | None = None) -> tuple[list[Match], Counter[str]]:
    """Return the matches between tracks, in the order of the tracks and of time, and what was counted.

    tracks: each is asked for when it is needed, more than once: they need not all be held. new: bool[tracks], those of
    which one of a pair at least must be; None for all.
    """
    new = np.ones(len(tracks), bool) if new is None else new
    counts: Counter[str] = Counter({"video tracks": len(tracks)})
    found: list[Match] = []
    if not new.any():
        return found, +counts
    sketched = lru_cache(maxsize=_HELD_SKETCHES)(lambda number: sketch(tracks[number]))
    for a, b, form, votes in _partners(tracks, new, counts):
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


def sketch(track: Track) -> Sketch:
    """Return what is compared of a track."""
    boxes = _boxes(track)
    features = np.stack(list(_features(track, boxes)))
    bits = _signs(features)
    telling = _telling(track)
    length = np.sqrt((features * features).sum(axis=2, keepdims=True))
    unit = (features / np.maximum(length, 1e-6)).astype(np.float32)
    return Sketch(track.time, unit, bits, telling, _moving(bits[0], telling), track.view, boxes)


def _boxes(track: Track) -> tuple[Box, ...]:
    inside = track.inside or WHOLE
    return (inside, _within(inside, _UPPER), _within(inside, _MIDDLE), *([WHOLE] if track.inside else []))


def _features(track: Track, boxes: Sequence[Box]) -> Iterator[npt.NDArray[np.float64]]:
    flat = track.view.reshape(-1, SIDE * SIDE).astype(np.float64)
    return (flat @ _frequencies(box) for box in boxes)


def _signs(features: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(np.packbits(features > 0, axis=-1)).view(np.uint64)[..., 0]


def _telling(track: Track) -> npt.NDArray[np.bool_]:
    """Return the views in which there is something to see."""
    return part(track.view, track.inside or WHOLE).std(axis=(1, 2)) >= _FLAT


def _within(outer: Box, inner: Box) -> Box:
    """Return a box inside a box as one."""
    left, top, right, bottom = outer
    wide, high = right - left, bottom - top
    return left + inner[0] * wide, top + inner[1] * high, left + inner[2] * wide, top + inner[3] * high


def mirrored(told: Sketch) -> Sketch:
    """Return what the mirrored track would give."""
    return told.mirrored(_mirror_signs())


def _moving(bits: npt.NDArray[np.uint64], telling: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the entries that show something else than the last one that counted."""
    moving = np.zeros(len(bits), bool)
    last: int | None = None
    for at, value in zip(np.flatnonzero(telling).tolist(), bits[telling].tolist(), strict=True):
        if last is None or (value ^ last).bit_count() > _HELD:
            moving[at], last = True, value
    return moving


@lru_cache(maxsize=1)
def _lowest() -> tuple[Rows, Rows]:
    """The 64 lowest frequencies without the constant, down and across; of equals those down first."""
    every = [(down, across) for down in range(9) for across in range(9) if down + across]
    chosen = np.array(sorted(every, key=lambda each: (sum(each), each))[:64], np.int64)
    return chosen[:, 0], chosen[:, 1]


@lru_cache(maxsize=256)
def _frequencies(box: Box) -> npt.NDArray[np.float64]:
    """What makes of a view the lowest 64 frequencies (DCT-II) of what lies in a box: float64[256, 64].

    Each times the root of its frequency: the coarse must not drown the fine. In whole numbers, so that products with
    bytes are exact, on every machine and number of threads.
    """
    down, across = _lowest()
    cosines = np.cos(np.pi / (2 * SIDE) * np.arange(9)[:, None] * (2 * np.arange(SIDE) + 1))
    left, top, right, bottom = box
    rows, columns = (np.einsum("ij,jk->ik", cosines, drawn(*ends)) for ends in ((top, bottom), (left, right)))
    table = rows[down][:, :, None] * columns[across][:, None, :] * np.sqrt(down + across)[:, None, None]
    return np.rint(table.reshape(-1, SIDE * SIDE).T * _SCALE)


@lru_cache(maxsize=1)
def _mirror_signs() -> Floats:
    """What mirroring does to the frequencies: float32[64] of 1 and -1."""
    return np.where(_lowest()[1] % 2, -1, 1).astype(np.float32)


Votes = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _partners(
    tracks: Sequence[Track], new: npt.NDArray[np.bool_], counts: Counter[str]
) -> Iterator[tuple[int, int, int, Votes]]:
    """Yield pairs of tracks with enough votes: a < b, the form, and the times in a and in b that voted."""
    entries = _entries(tracks)
    told = [np.empty((0, 5))]
    for looking, there in _JOINS:
        looks, met = entries.only(looking, thin=True), entries.only(there, thin=False)
        # What is new looks among all, and what is old among what is new.
        for one, two in ((looks.of(new), met), (looks.of(~new), met.of(new))):
            for form in range(len(FORMS)):
                for at, to in _neighbours(one, two, form, counts):
                    told.append(_votes(one, two, at, to, form, entries.asset))
    votes = np.unique(np.concatenate(told), axis=0)
    starts = np.flatnonzero((np.diff(votes[:, :3], axis=0, prepend=-1) != 0).any(axis=1))
    ends = np.append(starts[1:], len(votes))
    for group in _strongest(votes, starts, ends, len(tracks), counts):
        part = votes[starts[group] : ends[group]]
        yield int(part[0, 0]), int(part[0, 1]), int(part[0, 2]), (part[:, 3], part[:, 4])


def _neighbours(looks: _Entries, met: _Entries, form: int, counts: Counter[str]) -> Iterator[tuple[Rows, Rows]]:
    """Yield entries that look and those that they are near to, in a form of theirs."""
    bits = looks.bits ^ _mirror_mask() if form else looks.bits
    # It is the same from either side; the fewer ask.
    swapped = len(met.bits) < len(bits)
    asking, asked = (met.bits, bits) if swapped else (bits, met.bits)
    for low in range(0, len(asking), _BLOCK):
        pairs = within(asking[low : low + _BLOCK, None], RADIUS, asked[:, None], most=MOST)
        counts["video views capped"] += pairs.capped + pairs.oversized
        yield (pairs.b, low + pairs.a) if swapped else (low + pairs.a, pairs.b)


def _votes(looks: _Entries, met: _Entries, one: Rows, two: Rows, form: int, asset: Rows) -> npt.NDArray[np.float64]:
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


@dataclass(frozen=True)
class _Entries:
    """Moving entries of all tracks, in every framing. asset: of the tracks."""

    asset: Rows
    track: Rows
    time: npt.NDArray[np.float64]
    bits: npt.NDArray[np.uint64]
    framing: npt.NDArray[np.int8]
    thin: npt.NDArray[np.bool_]

    def only(self, framings: tuple[int, ...], *, thin: bool) -> _Entries:
        """The entries in these framings. thin: those that look, no more than one each quarter of a second."""
        return self._take(np.isin(self.framing, framings) & (self.thin | (not thin)))

    def of(self, tracks: npt.NDArray[np.bool_]) -> _Entries:
        """The entries of some tracks."""
        return self if tracks.all() else self._take(tracks[self.track])

    def _take(self, keep: npt.NDArray[np.bool_]) -> _Entries:
        parts = (getattr(self, name)[keep] for name in ("track", "time", "bits", "framing", "thin"))
        return _Entries(self.asset, *parts)


def _entries(tracks: Sequence[Track]) -> _Entries:
    asset: list[int] = []
    parts = [(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint64), np.empty(0, np.int8), np.empty(0, bool))]
    for number in range(len(tracks)):
        track = tracks[number]
        asset.append(track.asset)
        every = [_signs(features) for features in _features(track, _boxes(track))]
        rows = np.flatnonzero(_moving(every[0], _telling(track)))
        thin = np.zeros(len(rows), bool)
        thin[np.unique(np.floor(track.time[rows] / _THIN_SECONDS), return_index=True)[1]] = True
        for framing, bits in enumerate(every):
            size = np.full(len(rows), number), np.full(len(rows), framing, np.int8)
            parts.append((size[0], track.time[rows], bits[rows], size[1], thin))
    return _Entries(np.array(asset, np.int64), *(np.concatenate(each) for each in zip(*parts, strict=True)))


@lru_cache(maxsize=1)
def _mirror_mask() -> np.uint64:
    return np.ascontiguousarray(np.packbits(_mirror_signs() < 0)).view(np.uint64)[0]
