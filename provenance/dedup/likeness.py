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

_AGREES = 0.90  # correlation of the fine structure of two copies; strangers stay far below
_BAND_AGREES = 0.93  # asked for more where a band was left out of the comparison
_EXACT = 0.98
_STRONG = 0.6  # of the picture's own contrast: a difference that a person sees
_PEAKED = 11.0  # highest over mean difference: copies differ everywhere a little, variants in one place a lot
_PLACE = 0.015  # of the picture: what differs strongly in a changed detail
_CORNER = 0.25  # of each side: where logos and page numbers are put

Glance = npt.NDArray[np.float32]


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


def compare(first: Glance, second: Glance, seen: npt.NDArray[np.bool_] | None = None) -> Likeness:
    """Return the likeness of two pictures that lie over each other, float32[64, 64].

    seen: which samples both have; None for all.
    """
    a, b = ndimage.uniform_filter(first, 3), ndimage.uniform_filter(second, 3)
    mask: npt.NDArray[np.bool_] = np.ones((SIDE, SIDE), bool) if seen is None else seen
    if min(a[mask].std(), b[mask].std()) < 2:
        return Likeness(Relation.OTHER)
    fine = _fine(a), _fine(b)
    agreement = _correlation(*fine, mask)
    if agreement >= _AGREES:
        return _judged(a, b, mask, agreement)
    for name, rest in _without_band(mask):
        if min(a[rest].std(), b[rest].std()) < 2:
            continue
        agreement = _correlation(*fine, rest)
        if agreement >= _BAND_AGREES:
            found = _judged(a, b, rest, agreement)
            return Likeness(found.relation, (name, *found.changes), agreement) if found.near else found
    return Likeness(Relation.OTHER, (), agreement)


def _judged(a: Glance, b: Glance, mask: npt.NDArray[np.bool_], agreement: float) -> Likeness:
    """Tell copies from variants, once the fine structure agrees."""
    off, toned = _fitted(a, b, mask)
    left = np.where(mask, np.abs(off), 0) / max(float(b[mask].std()), 4.0)
    mean = float(np.sqrt((left[mask] ** 2).mean()))
    if left.max() >= _STRONG and left.max() >= _PEAKED * mean:
        rows, columns = np.nonzero(left > 0.4 * left.max())
        if len(rows) <= _PLACE * SIDE * SIDE:
            if not _in_corner(rows, columns):
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


def _fine(view: Glance) -> Glance:
    return view - ndimage.gaussian_filter(view, _FINE)


def _correlation(a: Glance, b: Glance, mask: npt.NDArray[np.bool_]) -> float:
    x, y = a[mask] - a[mask].mean(), b[mask] - b[mask].mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-3 else 0.0


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
        curve = np.linalg.lstsq(terms * weight[:, None], y * weight, rcond=None)[0]
        off = np.abs(y - terms @ curve)
        weight = 1 / np.maximum(1, off / max(2.0, 1.5 * float(np.median(off))))
    grid = a.astype(np.float64) / 255
    left = b - (curve[0] + curve[1] * grid + curve[2] * grid**2)
    moved = np.abs(terms @ curve - 255 * x).mean()
    return left.astype(np.float32), bool(moved > 6)
