"""One picture laid over another by where its corners fall, then moved until what both show agrees best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from provenance.dedup.corners import Fit
from provenance.dedup.likeness import SIDE, Glance, fine, smooth

Affine = npt.NDArray[np.float64]  # [2, 3]: x and y in the other's samples, of x, y and 1 in ours

_AS_LARGE = 1.25  # times: of two that cover about the same, either may be the grid
_STEPS = 4
_WORTH = 0.1  # agreement below which moving does not help: they are strangers
_SETTLED = 0.02  # samples
_MOVED, _UNMOVED = 1.5, 0.6  # samples, at the corner that moved most


@dataclass(frozen=True)
class Laid:
    """Two pictures on one 64 x 64 grid: that of the one which covers less or, where they cover about the same and one
    is turned, that in which they agree better.

    here, there: what they show; seen: where both show something. enlarged: how many times the other is enlarged;
    moved: whether it had to be shifted or scaled; unmoved: whether they lie on each other sample on sample.
    """

    here: Glance
    there: Glance
    seen: npt.NDArray[np.bool_]
    enlarged: float
    moved: bool
    unmoved: bool


def lay(first: Glance, second: Glance, shapes: npt.NDArray[np.float64], found: Fit) -> Laid:
    """Lay two pictures over each other. shapes: float64[2, 2], their widths and heights in units of the longer side."""
    own, other = shapes
    larger = float(own.prod() * abs(found.turn) ** 2 / other.prod())  # times the area of the second
    if found.turned and 1 / _AS_LARGE < larger < _AS_LARGE:
        # A turned copy has wedges of paper in its corners. Seen through the other's frame they are not there.
        ways = _laid(first, second, own, other, found), _laid(second, first, other, own, found.back())
        return max(ways, key=lambda way: way[0])[1]
    if larger > 1:
        return _laid(second, first, other, own, found.back())[1]
    return _laid(first, second, own, other, found)[1]


def _laid(
    here: Glance, there: Glance, own: npt.NDArray[np.float64], other: npt.NDArray[np.float64], found: Fit
) -> tuple[float, Laid]:
    """Lay one picture over another on its own grid; return also how well they agree."""
    turn, shift = found.turn, found.shift
    # From samples of the grid to samples of the other: share of the side is (sample + 0.5) / SIDE.
    scale = own / SIDE
    to = SIDE / other
    middle = turn * complex(*(scale * 0.5)) + shift
    place: Affine = np.array(
        [
            [turn.real * scale[0] * to[0], -turn.imag * scale[1] * to[0], middle.real * to[0] - 0.5],
            [turn.imag * scale[0] * to[1], turn.real * scale[1] * to[1], middle.imag * to[1] - 0.5],
        ]
    )
    # Enlarged, the other shows less detail: this one is blurred as much.
    grown = [1 / max(1e-6, float(np.hypot(*place[:, axis]))) for axis in (0, 1)]
    for axis, times in ((1, grown[0]), (0, grown[1])):
        if times > 1.1:
            here = ndimage.gaussian_filter1d(here, 0.45 * times, axis=axis)
    enlarged = max(1.0, float(np.sqrt(grown[0] * grown[1])))
    place, agreement = _settled(here, there, place, enlarged)
    shown, seen = _sampled(there, place)
    off = float(np.abs((place - np.eye(2, 3)) @ _ENDS).max())
    return agreement, Laid(here, shown, seen, enlarged, off > _MOVED, off < _UNMOVED)


def _sampled(view: Glance, place: Affine) -> tuple[Glance, npt.NDArray[np.bool_]]:
    """Return a view seen through the grid, and which samples of the grid lie inside it."""
    x, y = (row[0] * _ACROSS + row[1] * _DOWN + row[2] for row in place)
    seen = (x > -0.5) & (x < SIDE - 0.5) & (y > -0.5) & (y < SIDE - 0.5)
    x, y = np.clip(x, 0, SIDE - 1.001), np.clip(y, 0, SIDE - 1.001)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, low = (x - left).astype(np.float32), (y - top).astype(np.float32)
    at = top * SIDE + left
    flat = view.reshape(-1)
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + SIDE] * (1 - right) + flat[at + SIDE + 1] * right
    return upper * (1 - low) + lower * low, seen


def _settled(here: Glance, there: Glance, place: Affine, enlarged: float) -> tuple[Affine, float]:
    """Return the place moved, scaled and sheared until the fine structure of both agrees best (Lucas and Kanade), and
    how well it agrees.

    A few corners of a small inset fix it to a sample or two; the picture itself to a fraction.
    """
    ours = fine(smooth(here), enlarged)
    best, highest = place, -1.0
    for _ in range(_STEPS + 1):
        shown, seen = _sampled(there, place)
        theirs = fine(smooth(shown), enlarged)
        agreement = _agreement(ours, theirs, seen)
        if agreement > highest:
            best, highest = place, agreement
        if agreement < _WORTH or seen.mean() < 0.1:
            break
        down, across = np.gradient(theirs)
        terms = np.stack([across * _ACROSS, across * _DOWN, across, down * _ACROSS, down * _DOWN, down])[:, seen]
        off = (ours - theirs)[seen]
        step = np.linalg.solve(terms @ terms.T + 1e-3 * len(off) * _HOLD, terms @ off).reshape(2, 3)
        if np.abs(step @ _ENDS).max() > 8:
            break
        # The grid moves, so what it is moved by is turned into the other's samples.
        moved = np.vstack([step + np.eye(2, 3), [0, 0, 1]])
        place = place @ moved
        if np.abs(step @ _ENDS).max() < _SETTLED:
            break
    return best, highest


def _agreement(a: Glance, b: Glance, seen: npt.NDArray[np.bool_]) -> float:
    x, y = a[seen], b[seen]
    if len(x) < 64:
        return -1.0
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / np.sqrt(max(1e-9, float((x @ x) * (y @ y)))))


_DOWN, _ACROSS = (each.astype(np.float32) for each in np.mgrid[0:SIDE, 0:SIDE])
_ENDS = np.array([[0, SIDE, 0, SIDE], [0, 0, SIDE, SIDE], [1, 1, 1, 1]], np.float64)
_HOLD = np.diag([1.0, 1, 1e-3, 1, 1, 1e-3])  # scale and shear move only for good reason
