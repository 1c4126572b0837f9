"""Two tracks laid on each other along a line: entry beside entry, and what that proves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from provenance.fingerprint.trail import SIDE, Views

PICTURE, UPPER, MIDDLE, BARS = range(4)
AGREES = 0.70  # cosine of two views; of strangers one pair in ten thousand reaches 0.57
LEAST_AGREEMENT = 0.75  # of the views in its range that have something to show
FEWEST_MOVES = 4  # views that differ from the one before: what only holds still is no match
_GAP = 1.0  # seconds of disagreement that end a match
_BLANK = 10.0  # seconds of nothing to see that end it
_NOISE = 0.003  # of the cosine: what compression leaves
_CHANGE = 0.01  # of a view's own energy: what must change in the course of a match
_MOVES_ALIKE = 0.7  # correlation of what changes
_LOCAL_SECONDS, _LOCAL_CHANGE, _AGAINST = 3.0, 0.004, 0.3  # where both move and not alike, they disagree
_DENSE = 0.3  # seconds between entries: below, motion itself can be compared
_EDGE = 2  # parts of sixteen at each edge, where captions and logos are put
_HIGH, _CLEAR = 2.0, 35.0  # of a view's contrast, and of what it differs elsewhere: another figure stands there

Times = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Sketch:
    """What is compared of one track of n entries.

    unit: float32[framings, n, 64], directions. bits: uint64[framings, n], their signs. Framings: the picture inside its
    bars, its upper part (above subtitles), its middle (pan and scan), and the whole with its bars where there are some.
    telling: there is something to see. moving: it differs from the last entry that counted. view: uint8[n, 16, 16], as
    stored; boxes: where in it each framing lies.
    """

    time: Times
    unit: Floats
    bits: npt.NDArray[np.uint64]
    telling: Bools
    moving: Bools
    view: Views
    boxes: tuple[Box, ...]

    def seen(self, framing: int, rows: npt.NDArray[np.int64]) -> Floats:
        """Return what entries show in a framing, drawn to 16 x 16."""
        return part(self.view[rows], self.boxes[framing])

    @cached_property
    def step(self) -> float:
        """Seconds between entries, as a rule."""
        return float(np.median(np.diff(self.time))) if len(self.time) > 1 else 1.0

    def mirrored(self, signs: Floats) -> Sketch:
        """The same track, left and right exchanged. signs: float32[64], what that does to each frequency."""
        boxes = tuple((1 - right, top, 1 - left, bottom) for left, top, right, bottom in self.boxes)
        return replace(self, unit=self.unit * signs, view=self.view[..., ::-1], boxes=boxes)


@dataclass(frozen=True, slots=True)
class Line:
    """x's time t lies at `at + speed * (t - of)` in y."""

    of: float
    at: float
    speed: float

    def __call__(self, time: Times) -> Times:
        return self.at + self.speed * (time - self.of)

    def meets(self, time: float) -> float:
        return self.at + self.speed * (time - self.of)

    def moved(self, of: float) -> Line:
        """The same line, told from another point."""
        return Line(of, self.meets(of), self.speed)


@dataclass(frozen=True)
class Beside:
    """Entries of x in a range, each beside the nearest of y. cosine: float32[n], -1 where y has none near enough."""

    x: Sketch
    y: Sketch
    row: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    time: Times
    met: Bools  # y has an entry there
    both: Bools  # and both have something to show
    neither: Bools  # and none has
    cosine: Floats
    framing: tuple[int, int]

    @classmethod
    def of(
        cls,
        x: Sketch,
        y: Sketch,
        framing: tuple[int, int],
        line: Line,
        low: float,
        high: float,
        most: int | None = None,
    ) -> Beside:
        start, end = np.searchsorted(x.time, [low - 1e-6, high + 1e-6])
        row = np.arange(start, end)
        if most is not None and len(row) > most:
            row = row[:: -(-len(row) // most)]
        place = line(x.time[row])
        after = np.clip(np.searchsorted(y.time, place), min(1, len(y.time) - 1), len(y.time) - 1)
        before = np.maximum(after - 1, 0)
        gap = y.time[after] - y.time[before]
        share = np.clip((place - y.time[before]) / np.maximum(gap, 1e-9), 0, 1).astype(np.float32)
        # Between two entries that lie close, y is what both say by their nearness; else it is the nearer one.
        share = np.where(gap <= _DENSE, share, np.rint(share))
        other = np.where(share < 0.5, before, after)
        met = np.abs(place - y.time[other]) <= max(0.1, 0.55 * y.step)
        seen_x, seen_y = x.telling[row], y.telling[other]
        both = met & seen_x & seen_y
        cosine = np.full(len(row), -1, np.float32)
        mine, ends = x.unit[framing[0]][row[both]], (y.unit[framing[1]][each[both]] for each in (before, after))
        weight = share[both][:, None]
        mixed = next(ends) * (1 - weight) + next(ends) * weight
        cosine[both] = (mine * mixed).sum(axis=1) / np.maximum(np.linalg.norm(mixed, axis=1), 1e-6)
        return cls(x, y, row, other, x.time[row], met, both, met & ~seen_x & ~seen_y, cosine, framing)

    @property
    def worth(self) -> float:
        """How well the views agree. By the logarithm: those that lie right tell more than those a cut tears away."""
        off = 1 - self.cosine[self.both]
        return -float(np.log(np.maximum(off, 0) + _NOISE).mean()) if len(off) else -1.0

    @property
    def agrees(self) -> Bools:
        """Views that agree, and do not move otherwise where both move."""
        alike = self.cosine >= AGREES
        if self.x.step > _DENSE or self.y.step > _DENSE or len(self.row) < 3:
            return alike
        one, two = self._directions()
        window = max(3, round(_LOCAL_SECONDS / self.x.step))
        mask = alike[:, None].astype(np.float32)

        def local(values: Floats) -> Floats:
            """Means of the views that are alike: a cut that comes a frame late is no motion."""
            return ndimage.uniform_filter1d(values * mask, window, axis=0, mode="constant") / seen

        seen = np.maximum(ndimage.uniform_filter1d(mask, window, axis=0, mode="constant"), 1e-6)
        one, two = one - local(one), two - local(two)
        moved, *energy = (
            local((each * other).sum(axis=1, keepdims=True))[:, 0]
            for each, other in ((one, two), (one, one), (two, two))
        )
        against = (np.minimum(*energy) > _LOCAL_CHANGE) & (
            moved < _AGAINST * np.sqrt(np.maximum(energy[0] * energy[1], 0))
        )
        return alike & ~against

    def _directions(self) -> tuple[Floats, Floats]:
        return self.x.unit[self.framing[0]][self.row], self.y.unit[self.framing[1]][self.other]

    def around(self, middle: float) -> npt.NDArray[np.int64] | None:
        """Return the entries, from the first to the last that agrees, of the stretch that is nearest to the middle.

        What disagrees for too long ends a stretch; so does nothing to see.
        """
        agrees = self.agrees
        good = np.flatnonzero(agrees)
        if not len(good):
            return None
        against = np.cumsum(~agrees & ~self.neither) * self.x.step
        gap = max(_GAP, 1.5 * self.x.step)
        splits = (np.diff(against[good]) > gap) | (np.diff(self.time[good]) > max(_BLANK, 3 * self.x.step))
        parts = np.split(good, np.flatnonzero(splits) + 1)
        away = [max(0.0, self.time[part[0]] - middle, middle - self.time[part[-1]]) for part in parts]
        part = parts[int(np.argmin(away))]
        return np.arange(part[0], part[-1] + 1)

    def proof(self, part: npt.NDArray[np.int64]) -> float | None:
        """Return the share of views in a stretch that agree; None when it proves nothing: too little agrees, nothing
        moves, what moves does not move alike, or one place differs all along, as in drawings made to differ."""
        agrees = self.agrees[part]
        shown = part[~self.neither[part]]
        agreement = float(agrees.sum() / max(1, len(shown)))
        good = part[agrees]
        moves = min(int(self.x.moving[self.row[good]].sum()), len(np.unique(self.other[good])))
        if agreement < LEAST_AGREEMENT or moves < FEWEST_MOVES:
            return None
        told = part[self.both[part]]
        one, two = (each[told] for each in self._directions())
        one, two = one - one.mean(axis=0), two - two.mean(axis=0)
        energy = float((one * one).sum(axis=1).mean()), float((two * two).sum(axis=1).mean())
        alike = float((one * two).sum(axis=1).mean()) / max(1e-9, float(np.sqrt(energy[0] * energy[1])))
        if min(energy) < _CHANGE or alike < _MOVES_ALIKE or self._one_place_differs(good):
            return None
        return agreement

    def _one_place_differs(self, good: npt.NDArray[np.int64]) -> bool:
        """Return whether one place inside differs strongly most of the time, and the rest hardly: another take."""

        def toned(view: Floats) -> Floats:
            flat = view - view.mean(axis=(1, 2), keepdims=True)
            return flat / np.maximum(flat.std(axis=(1, 2), keepdims=True), 1.0)

        left = toned(self.x.seen(self.framing[0], self.row[good]))
        left -= toned(self.y.seen(self.framing[1], self.other[good]))
        inside = np.abs(left[:, _EDGE : -2 * _EDGE, _EDGE:-_EDGE])
        highest, elsewhere = inside.max(axis=(1, 2)), np.maximum(np.median(inside, axis=(1, 2)), 0.02)
        return float(np.median(highest)) >= _HIGH and float(np.median(highest / elsewhere)) >= _CLEAR


def part(views: Views, box: Box) -> Floats:
    """Return what lies in the box, drawn to 16 x 16 again: float32[n, 16, 16]."""
    seen = views.astype(np.float32)
    if box == WHOLE:
        return seen
    left, top, right, bottom = box
    return np.einsum("ij,njk,lk->nil", drawn(top, bottom), seen, drawn(left, right), optimize=True)


def drawn(low: float, high: float) -> Floats:
    """Weights that draw the part from `low` to `high` of an axis over the whole of it; parts cut by its ends, never."""
    first, last = int(np.ceil(low * SIDE - 1e-3)), int(np.floor(high * SIDE + 1e-3)) - 1
    if last <= first:
        return np.eye(SIDE, dtype=np.float32)
    place = np.clip((low + (np.arange(SIDE) + 0.5) / SIDE * (high - low)) * SIDE - 0.5, first, last)
    before = np.minimum(place.astype(np.int64), last - 1)
    weights = np.zeros((SIDE, SIDE), np.float32)
    weights[np.arange(SIDE), before] = 1 - (place - before)
    weights[np.arange(SIDE), before + 1] = place - before
    return weights
