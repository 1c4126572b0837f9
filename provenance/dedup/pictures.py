"""Near-duplicate pictures: fingerprints propose pairs, `likeness` decides.

1. Pictures with too little in them for PDQ to know them again take no part, and are counted.
2. Equal fingerprints are joined once: black frames and stills held for minutes are one row here.
3. PDQ neighbours, whole and inside the bars, upright and mirrored or turned, are candidates.
4. Each candidate is laid over the other and judged. Only same and near become links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from provenance.dedup.likeness import SIDE, Glance, Likeness, Relation, compare
from provenance.dedup.neighbours import within, words
from provenance.fingerprint import pdq

RADIUS = 31  # bits of 256, PDQ's own: farther apart, strangers come in
MOST = 512  # neighbours of one picture in one band: beyond, it is a slate or a still, and all are joined anyway
LEAST_QUALITY = 20  # of PDQ: below it, hashes of strangers meet

Rows = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """The fingerprints of n pictures.

    whole: uint8[n, 32]. quality: int[n]. inside: uint8[n, 32], nought where there are no bars. box: float32[n, 4], what
    is inside the bars (left, top, right, bottom) as shares of the sides; 0, 0, 1, 1 without bars. glance: uint8[n, 64,
    64].
    """

    whole: Bytes
    quality: npt.NDArray[np.int64]
    inside: Bytes
    box: npt.NDArray[np.float32]
    glance: Bytes

    def __len__(self) -> int:
        return len(self.whole)

    @classmethod
    def empty(cls) -> Pictures:
        nothing = np.empty((0, 32), np.uint8)
        return cls(
            nothing,
            np.empty(0, np.int64),
            nothing,
            np.empty((0, 4), np.float32),
            np.empty((0, SIDE, SIDE), np.uint8),
        )

    @classmethod
    def joined(cls, parts: Sequence[Pictures]) -> Pictures:
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))


@dataclass(frozen=True, slots=True)
class Link:
    """Two pictures (rows) that belong together, or look alike without."""

    a: int
    b: int
    likeness: Likeness


@dataclass
class Found:
    """Links, and what was counted on the way."""

    links: list[Link] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def near(self) -> tuple[Rows, Rows]:
        """The links that join: rows a and b."""
        joined = [(link.a, link.b) for link in self.links if link.likeness.near]
        pairs = np.array(joined, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def near_pairs(pictures: Pictures, only: npt.NDArray[np.bool_] | None = None) -> Found:
    """Return the links between pictures. only: bool[n], those of which at least one must be in a pair; None for all."""
    found = Found()
    telling = np.flatnonzero(pictures.quality >= LEAST_QUALITY)
    found.counts["pictures"] = len(pictures)
    found.counts["too little to see"] = len(pictures) - len(telling)
    views = _views(pictures, telling)
    seen: set[tuple[int, int]] = set()
    for form in pdq.FORMS:
        turned = words(pdq.turned(views.hashes, form))
        upright = form == "upright"
        pairs = within(turned, RADIUS, None if upright else words(views.hashes), most=MOST)
        found.counts["capped"] += pairs.capped
        for at, to in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True):
            a, b = int(views.row[at]), int(views.row[to])
            if a == b or (only is not None and not (only[a] or only[b])):
                continue
            key = (min(a, b), max(a, b))
            if key in seen:
                continue
            found.counts["candidates"] += 1
            likeness = _laid_over(pictures, views, at, to, form)
            if likeness.relation is not Relation.OTHER:
                seen.add(key)
                found.links.append(Link(*key, likeness))
    return found


@dataclass(frozen=True)
class _Views:
    """What is compared: each telling picture whole, and once more inside its bars."""

    row: Rows
    trimmed: npt.NDArray[np.bool_]
    hashes: Bytes


def _views(pictures: Pictures, rows: Rows) -> _Views:
    barred = rows[pictures.inside[rows].any(axis=1)]
    trimmed = np.repeat([False, True], [len(rows), len(barred)])
    hashes = np.concatenate([pictures.whole[rows], pictures.inside[barred]])
    return _Views(np.concatenate([rows, barred]), trimmed, hashes)


def _laid_over(pictures: Pictures, views: _Views, at: int, to: int, form: str) -> Likeness:
    a = pdq.turn(_view(pictures, int(views.row[at]), bool(views.trimmed[at])), form)
    b = _view(pictures, int(views.row[to]), bool(views.trimmed[to]))
    likeness = compare(a.astype(np.float32), b)
    changes = likeness.changes
    if form != "upright":
        changes = (form.replace("turn-", "turned by "), *changes)
    if views.trimmed[at] != views.trimmed[to]:
        changes = ("bars", *changes)
    if not likeness.near or changes == likeness.changes:
        return likeness
    return Likeness(Relation.NEAR, changes, likeness.agreement)


def _view(pictures: Pictures, row: int, trimmed: bool) -> Glance:
    glance = pictures.glance[row].astype(np.float32)
    if not trimmed:
        return glance
    left, top, right, bottom = (pictures.box[row] * SIDE).tolist()
    share = (np.arange(SIDE) + 0.5) / SIDE
    rows, columns = top + share * (bottom - top) - 0.5, left + share * (right - left) - 0.5
    at = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(glance, at, order=1, mode="nearest")
