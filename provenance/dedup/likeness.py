"""Two pictures laid over each other: the same, near, or merely alike.

Both are seen as 64 x 64 luma samples (`glance_64`). Fingerprints propose a pair and where one lies in the other; this
decides, by what is left when the tones of one are fitted to the other:

same     nothing but what compression and scaling leave
near     the same picture, changed: in its tones, under a band, a mark or a logo, cut or framed anew
alike    a drawing that differs in one place inside (lips, eyes, a hand): made on purpose, so another picture
other    anything else

Two that lie sample on sample as they are must agree to the last tone. Where one was moved, scaled or turned to lie on
the other, lines fall between samples, and what an edge is off by no more than its own slope says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

SIDE = 64
_BLOCK = 8
_FINE = 4.0  # samples: structure finer than this is compared, lighting is not
_COARSE = 1.6  # times enlarged, from which on coarser structure is compared

AGREES = 0.90  # correlation of the fine structure of two copies; strangers stay far below
_BAND_MORE = 0.03  # asked for where a band was left out of the comparison
_EXACT = 0.98
_GRAIN = 2.0  # levels: detail weaker than this is noise
# A variant differs in one place, or in several: by more than its edges account for, in parts of the contrast.
_LEAST_CONTRAST = 16.0  # levels: of pencil on paper, that of the paper is not asked for
_EXCUSED, _MOVED_EXCUSED = 0.7, 1.5  # samples that an edge may be off
_CLEAR = 0.4
_WINDOW, _HELD = 21, 0.9  # samples; share of the difference inside
_HIGH, _PEAKED, _HELD_HIGH = 0.75, 20.0, 0.83  # least height; highest over mean difference; share inside
# Least height and least samples that stand out of one place that differs, and the sum of squares of several.
_AS_IT_LIES = (0.4, 1, 120.0)
_MOVED = (1.2, 10, 20.0)
_COLUMNS = 0.6  # of a band's length that must differ: bands go from edge to edge, mouths do not
_BAND_EDGE, _EDGE_COLUMNS = 0.08, 0.85  # of the contrast; of the band's length
_HALF_AGREES = 0.6  # enough to ask whether one place alone is why the rest does not agree better
_CORNER = 0.25  # of each side: where logos and page numbers are put

Glance = npt.NDArray[np.float32]

# Filters of a 64 x 64 view as matrices: ten times faster than filtering so small a picture.
_SMOOTH = ndimage.uniform_filter1d(np.eye(SIDE, dtype=np.float32), 3, axis=0)
_ALL = np.ones((SIDE, SIDE), bool)


class Relation(StrEnum):
    """How two pictures are related, closest first."""

    SAME = "same"
    NEAR = "near"
    ALIKE = "alike"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Likeness:
    """The relation, what was changed (words for people), and how well the fine structure agrees (-1 to 1)."""

    relation: Relation
    changes: tuple[str, ...] = ()
    agreement: float = 0.0

    @property
    def near(self) -> bool:
        return self.relation in (Relation.SAME, Relation.NEAR)


def compare(
    first: Glance,
    second: Glance,
    seen: npt.NDArray[np.bool_] | None = None,
    *,
    least: float = AGREES,
    enlarged: float = 1.0,
) -> Likeness:
    """Return the likeness of two pictures that lie over each other, float32[64, 64].

    seen: which samples both have, when one was moved to lie on the other; None when they lie so by themselves. least:
    how well the fine structure must agree. enlarged: how many times one of them was enlarged for it.
    """
    mask: npt.NDArray[np.bool_] = _ALL if seen is None else seen
    a, b = smooth(first), smooth(second)
    details = fine(a, enlarged), fine(b, enlarged)
    whole = _correlation(*details, mask)
    judge = _Judge(seen is None, enlarged)
    judged = Likeness(Relation.OTHER, (), whole)
    if whole >= min(least, _HALF_AGREES):
        judged = judge.judged(a, b, mask, whole)
        if whole >= least and judged.near:
            return judged
    for name, rest in _without_band(mask):
        if not rest.any():
            continue
        agreement = _correlation(*details, rest)
        if agreement >= least + _BAND_MORE and _spans(a, b, mask, rest):
            found = judge.judged(a, b, rest, agreement)
            if found.near:
                return Likeness(Relation.NEAR, (name, *found.changes), agreement)
    return judged if judged.relation is Relation.ALIKE else Likeness(Relation.OTHER, (), whole)


def _spans(a: Glance, b: Glance, mask: npt.NDArray[np.bool_], rest: npt.NDArray[np.bool_]) -> bool:
    """Return whether what was left out differs along its whole length."""
    off, _ = _fitted(a, b, rest)
    band = mask & ~rest
    if not band.any():  # the part that both have does not reach into it
        return False
    contrast = max(float(b[rest].std()), 4.0)
    differs = band & (np.abs(off) >= 0.3 * contrast)
    along = 0 if np.ptp(np.nonzero(band)[0]) < np.ptp(np.nonzero(band)[1]) else 1
    if differs.any(axis=along).sum() < _COLUMNS * band.any(axis=along).sum():
        return False
    # A band has an edge of its own, straight across the picture: hair and skies that differ have none.
    reach = ndimage.binary_dilation(band, iterations=2) & mask
    for view in (a, b):
        step = np.where(reach, np.abs(np.gradient(view, axis=along)), 0)
        across = int((step > _BAND_EDGE * contrast).sum(axis=1 - along).max())
        if across >= _EDGE_COLUMNS * reach.any(axis=along).sum():
            return True
    return False


@dataclass(frozen=True)
class _Judge:
    """Tells copies from variants, once the fine structure agrees.

    exact: they lie sample on sample, none was moved. enlarged: as for `compare`.
    """

    exact: bool
    enlarged: float

    def judged(self, a: Glance, b: Glance, mask: npt.NDArray[np.bool_], agreement: float) -> Likeness:
        off, toned = _fitted(a, b, mask)
        beyond = self._beyond_edges(b - off, b, mask) / max(float(b[mask].std()), _LEAST_CONTRAST)
        squared = beyond * beyond
        highest = float(beyond.max())
        window = _WINDOW * _WINDOW * ndimage.uniform_filter(squared, _WINDOW, mode="constant")
        share = window.max() / max(1e-6, float(squared.sum()))
        clear, samples, much = _AS_IT_LIES if self.exact else _MOVED
        in_one_place = share >= _HELD and highest >= clear and (beyond > _CLEAR).sum() >= samples
        if self.exact:
            peaked = highest >= _PEAKED * float(np.sqrt(squared[mask].mean()))
            in_one_place |= highest >= _HIGH and (peaked or share >= _HELD_HIGH)
        if in_one_place or squared.sum() > much:
            if in_one_place and _in_corner(*np.nonzero(beyond > 0.4 * highest)):
                return Likeness(Relation.NEAR, ("logo or mark in a corner",), agreement)
            return Likeness(
                Relation.ALIKE, ("one place differs" if in_one_place else "several places differ",), agreement
            )
        changes: tuple[str, ...] = ("tones",) if toned else ()
        if highest >= _CLEAR:
            changes += ("overlay",)
        same = agreement >= _EXACT and not changes
        return Likeness(Relation.SAME if same else Relation.NEAR, changes, agreement)

    def _beyond_edges(self, a: Glance, b: Glance, mask: npt.NDArray[np.bool_]) -> Glance:
        """Return by how much two differ beyond what an edge that is a little displaced or dulled accounts for."""
        slopes = [ndimage.maximum_filter(np.hypot(*np.gradient(each)), 5) for each in (a, b)]
        excused = (_EXCUSED if self.exact else _MOVED_EXCUSED * self.enlarged) * np.minimum(*slopes)
        inside = mask if self.exact else ndimage.binary_erosion(mask, iterations=2, border_value=0)
        found: Glance = np.where(inside, np.maximum(0, np.abs(a - b) - excused), 0)
        return found


def _in_corner(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> bool:
    edge = int(_CORNER * SIDE)
    vertical = rows.max() < edge or rows.min() >= SIDE - edge
    return bool(vertical and (columns.max() < edge or columns.min() >= SIDE - edge))


def smooth(view: Glance) -> Glance:
    """Return a view without its finest grain: a copy that was scaled has another."""
    return _SMOOTH @ view @ _SMOOTH.T


def fine(view: Glance, enlarged: float = 1.0) -> Glance:
    """Return the fine structure, as strong in one place as in another: no caption may speak for the whole picture.

    enlarged: how many times one of the two that are compared was: what is fine for it is as much coarser.
    """
    blur = _blur(max(1, round(2 * enlarged / _COARSE)))
    detail = view - blur @ view @ blur.T
    power = detail * detail
    level = np.sqrt(np.maximum(blur @ power @ blur.T, 0) + _GRAIN**2 + 0.05 * power.mean())
    found: Glance = detail / level
    return found


@lru_cache(maxsize=16)
def _blur(halves: int) -> Glance:
    return ndimage.gaussian_filter1d(np.eye(SIDE, dtype=np.float32), _FINE * max(1.0, halves / 2), axis=0)


def _correlation(a: Glance, b: Glance, mask: npt.NDArray[np.bool_]) -> float:
    """Correlation of what both show; nought where one of them shows nothing."""
    x, y = a[mask], b[mask]
    x, y = x - x.mean(), y - y.mean()
    xx, yy = float(x @ x), float(y @ y)
    return float(x @ y) / float(np.sqrt(xx * yy)) if min(xx, yy) > 0.01 * len(x) else 0.0


def _without_band(mask: npt.NDArray[np.bool_]) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """The samples without a band along one edge, thinner bands first."""
    out = []
    for part in (1, 2):
        cut = part * _BLOCK
        for name, band in (
            ("band at the bottom", np.s_[SIDE - cut :, :]),
            ("band at the top", np.s_[:cut, :]),
            ("band at the right", np.s_[:, SIDE - cut :]),
            ("band at the left", np.s_[:, :cut]),
        ):
            if mask[band].any():
                rest = mask.copy()
                rest[band] = False
                out.append((name, rest))
    return out


def _fitted(a: Glance, b: Glance, mask: npt.NDArray[np.bool_]) -> tuple[Glance, bool]:
    """Return b less the tones of a fitted to it, and whether the tones had to be changed to fit.

    A quadratic curve, by weighted least squares that let a few wild samples be wild.
    """
    x, y = a[mask].astype(np.float64) / 255, b[mask].astype(np.float64)
    terms = np.stack([np.ones_like(x), x, x * x], axis=1)
    weight = np.ones_like(x)
    curve: npt.NDArray[np.floating] = np.zeros(3)
    for _ in range(4):
        weighted = terms * (weight * weight)[:, None]
        curve = np.linalg.solve(weighted.T @ terms + 1e-9 * len(x) * np.eye(3), weighted.T @ y)
        off = np.abs(y - terms @ curve)
        weight = 1 / np.maximum(1, off / max(2.0, 1.5 * float(np.median(off))))
    grid = a.astype(np.float64) / 255
    left = b - (curve[0] + curve[1] * grid + curve[2] * grid**2)
    moved = np.abs(terms @ curve - 255 * x).mean()
    return left.astype(np.float32), bool(moved > 6)
