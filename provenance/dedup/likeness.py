"""Two pictures laid over each other: the same, near, or merely alike.

Both are seen as 64 x 64 luma samples (`glance_64`). Fingerprints propose a pair and where one lies in the other; this
decides, by what is left when the tones of one are fitted to the other:

same     nothing but what compression and scaling leave
near     the same picture, changed: in its tones, under a band, a mark or a logo, cut or framed anew
alike    a drawing that differs in one place inside (lips, eyes, a hand): made on purpose, so another picture
other    anything else
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

SIDE = 64
_BLOCK = 8
_FINE = 4.0  # samples: structure finer than this is compared, lighting is not

AGREES = 0.90  # correlation of the fine structure of two copies; strangers stay far below
_BAND_MORE = 0.03  # asked for where a band was left out of the comparison
_EXACT = 0.98
_GRAIN = 2.0  # levels: detail weaker than this is noise
_STRONG = 0.6  # of the picture's own contrast: a difference that a person sees
# A variant differs in one place: what differs lies in a window, or is far above the rest.
_WINDOW, _HELD, _CLEAR = 21, 0.66, 0.4  # samples; share of the difference inside; least height, of the contrast
_PEAKED, _HIGH = 12.0, 1.0  # highest over mean difference; least height
_COLUMNS = 0.6  # of a band's length that must differ: bands go from edge to edge, mouths do not
_HALF_AGREES = 0.6  # enough to ask whether one place alone is why the rest does not agree better
_CORNER = 0.25  # of each side: where logos and page numbers are put

Glance = npt.NDArray[np.float32]

# Filters of a 64 x 64 view as matrices: ten times faster than filtering so small a picture.
_SMOOTH = ndimage.uniform_filter1d(np.eye(SIDE, dtype=np.float32), 3, axis=0)
_BLUR = ndimage.gaussian_filter1d(np.eye(SIDE, dtype=np.float32), _FINE, axis=0)
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
    first: Glance, second: Glance, seen: npt.NDArray[np.bool_] | None = None, *, least: float = AGREES
) -> Likeness:
    """Return the likeness of two pictures that lie over each other, float32[64, 64].

    seen: which samples both have; None for all. least: how well the fine structure must agree.
    """
    mask: npt.NDArray[np.bool_] = _ALL if seen is None else seen
    a, b = smooth(first), smooth(second)
    fine = _fine(a), _fine(b)
    whole = _correlation(*fine, mask)
    judged = Likeness(Relation.OTHER, (), whole)
    if whole >= min(least, _HALF_AGREES):
        judged = _judged(a, b, mask, whole, exact=seen is None)
        if whole >= least and judged.near:
            return judged
    for name, rest in _without_band(mask):
        agreement = _correlation(*fine, rest)
        if agreement >= least + _BAND_MORE and _spans(a, b, mask, rest):
            found = _judged(a, b, rest, agreement, exact=seen is None)
            if found.near:
                return Likeness(Relation.NEAR, (name, *found.changes), agreement)
    return judged if judged.relation is Relation.ALIKE else Likeness(Relation.OTHER, (), whole)


def _spans(a: Glance, b: Glance, mask: npt.NDArray[np.bool_], rest: npt.NDArray[np.bool_]) -> bool:
    """Return whether what was left out differs along its whole length."""
    off, _ = _fitted(a, b, rest)
    band = mask & ~rest
    if not band.any():  # the part that both have does not reach into it
        return False
    differs = band & (np.abs(off) >= 0.3 * max(float(b[rest].std()), 4.0))
    along = 0 if np.ptp(np.nonzero(band)[0]) < np.ptp(np.nonzero(band)[1]) else 1
    return bool(differs.any(axis=along).sum() >= _COLUMNS * band.any(axis=along).sum())


def _judged(a: Glance, b: Glance, mask: npt.NDArray[np.bool_], agreement: float, *, exact: bool) -> Likeness:
    """Tell copies from variants, once the fine structure agrees. exact: they lie sample on sample, none was moved."""
    off, toned = _fitted(a, b, mask)
    left = np.where(mask, np.abs(off), 0) / max(float(b[mask].std()), 4.0)
    squared = left * left
    mean = float(np.sqrt(squared[mask].mean()))
    window = _WINDOW * _WINDOW * ndimage.uniform_filter(squared, _WINDOW, mode="constant")
    in_one_place = left.max() >= _CLEAR and window.max() >= _HELD * squared.sum()
    if in_one_place or (exact and left.max() >= _HIGH and left.max() >= _PEAKED * mean):
        if not _in_corner(*np.nonzero(left > 0.4 * left.max())):
            return Likeness(Relation.ALIKE, ("one place differs",), agreement)
        return Likeness(Relation.NEAR, ("logo or mark in a corner",), agreement)
    changes: tuple[str, ...] = ("tones",) if toned else ()
    if left.max() >= _STRONG:
        changes += ("overlay",)
    same = agreement >= _EXACT and not changes
    return Likeness(Relation.SAME if same else Relation.NEAR, changes, agreement)


def _in_corner(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> bool:
    edge = int(_CORNER * SIDE)
    vertical = rows.max() < edge or rows.min() >= SIDE - edge
    return bool(vertical and (columns.max() < edge or columns.min() >= SIDE - edge))


def smooth(view: Glance) -> Glance:
    """Return a view without its finest grain: a copy that was scaled has another."""
    return _SMOOTH @ view @ _SMOOTH.T


def _fine(view: Glance) -> Glance:
    """Return the fine structure, as strong in one place as in another: no caption may speak for the whole picture."""
    detail = view - _blurred(view)
    power = detail * detail
    level = np.sqrt(np.maximum(_blurred(power), 0) + _GRAIN**2 + 0.05 * power.mean())
    return detail / level


def _blurred(view: Glance) -> Glance:
    return _BLUR @ view @ _BLUR.T


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
