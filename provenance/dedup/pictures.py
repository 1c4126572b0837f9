"""Near-duplicate pictures: fingerprints propose pairs, `likeness` decides.

1. Pictures with too little in them for PDQ to know them again take no part, and are counted.
2. Of pictures with one PDQ, those that lie on the first of them are searched for once: slates, stills held for minutes.
3. PDQ neighbours, whole and inside the bars, upright and mirrored or turned, are candidates.
4. Whose corners agree where one lies in the other are candidates too, upright and mirrored: crops, insets, and what PDQ
   is blind to.
5. Each candidate is laid over the other and judged. Only same and near become links; pictures that are linked already,
   over others, are not compared again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from provenance.dedup import corners, crops
from provenance.dedup.corners import Column, Features
from provenance.dedup.groups import Joined, grouped
from provenance.dedup.laying import lay
from provenance.dedup.likeness import AGREES, Glance, Likeness, Relation, compare
from provenance.dedup.neighbours import within, words
from provenance.fingerprint import pdq

RADIUS = 31  # bits of 256, PDQ's own: farther apart, strangers come in
MOST = 512  # neighbours of one picture in one band: beyond, it is a slate or a still, and all are joined anyway
LEAST_QUALITY = 20  # of PDQ: below it, hashes of strangers meet

LEAST_SEEN = 0.35  # of the smaller picture that must lie inside the other
FEWEST_CORNERS = 6  # that must fall on each other; strangers reach 5
FITTED_AGREES = 0.80  # of the fine structure, when one was laid over the other by its corners
UNMOVED_AGREES = 0.80  # the same, when nothing had to be moved for it
MOSTLY_SEEN = 0.75  # where less of the smaller one lies in the other, each has much that the other has not:
PART_CORNERS, PART_AGREES = 16, 0.90  # then houses alone, on another shore, are not the picture
SURE_CORNERS, SURE_AGREES = 12, 0.72  # so many corners are half a proof by themselves
INSET = 1.6  # times that the other must be enlarged, for this one to be a picture inside it
INSET_SEEN = 0.85  # of an inset: all of it is there, so few corners are enough
UNMOVED = 0.03  # of the longer side, and of the scale: less may be the corners' own error

Rows = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pictures:
    """The fingerprints of n pictures.

    whole: uint8[n, 32]. quality: int[n]. inside: uint8[n, 32], nought where there are no bars. size: float32[n, 2],
    width and height in pixels. glance, inside_glance: uint8[n, 64, 64]. local: the records of `fingerprint.local`,
    bytes[n], empty for none. The last three may be read when they are asked for: glances picture by picture, records of
    one picture or of many (rising).
    """

    whole: Bytes
    quality: npt.NDArray[np.int64]
    inside: Bytes
    size: npt.NDArray[np.float32]
    glance: Column
    inside_glance: Column
    local: Column

    def __len__(self) -> int:
        return len(self.whole)


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
    alike: set[tuple[int, int]] = field(default_factory=set)  # told apart once: no other view joins them again
    counts: Counter[str] = field(default_factory=Counter)
    every: bool = False
    met: set[tuple[int, int]] = field(default_factory=set)

    def add(self, a: int, b: int, likeness: Likeness, joined: Joined, *, final: bool = True) -> None:
        """Keep a link unless the two are strangers.

        final: whether alike is the last word. As they lie, copies may lie too badly on each other to tell.
        """
        if likeness.relation is not Relation.OTHER:
            if likeness.near or final:
                self.met.add((min(a, b), max(a, b)))
            self.links.append(Link(min(a, b), max(a, b), likeness))
        if likeness.near:
            joined.join(a, b)
        elif likeness.relation is Relation.ALIKE and final:
            self.alike.add((min(a, b), max(a, b)))

    def settled(self, a: int, b: int, joined: Joined) -> bool:
        """Return whether it is known already that two pictures belong together, or that they only look so."""
        if self.every:
            return (min(a, b), max(a, b)) in self.met or a == b
        return joined.first(a) == joined.first(b) or (min(a, b), max(a, b)) in self.alike

    def near(self) -> tuple[Rows, Rows]:
        """The links that join: rows a and b."""
        joined = [(link.a, link.b) for link in self.links if link.likeness.near]
        pairs = np.array(joined, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def near_pairs(
    pictures: Pictures, new: Bools | None = None, *, among: Bools | None = None, every: bool = False
) -> Found:
    """Return links between pictures that join all that belong together.

    new: bool[n], those of which at least one must be in a pair; None for all. among: bool[n], those that take part;
    None for all. every: compare also those that are linked over others already.
    """
    new = np.ones(len(pictures), bool) if new is None else new
    among = np.ones(len(pictures), bool) if among is None else among
    found = Found(every=every)
    told = np.flatnonzero(among & (pictures.quality >= LEAST_QUALITY))
    found.counts["pictures"] = int(among.sum())
    found.counts["too little to see"] = int(among.sum()) - len(told)
    joined = Joined(len(pictures))
    _by_hash(pictures, told, new, found, joined)
    _by_features(pictures, told, new, found, joined)
    return found


def _by_hash(pictures: Pictures, told: Rows, new: Bools, found: Found, joined: Joined) -> None:
    views = _views(pictures, told)
    if not found.every:
        views = _without_repeats(pictures, views, new, found, joined)
    fresh = np.flatnonzero(new[views.row])
    # Few new ones ask all their forms at once: what is old is set in its order once, not eight times.
    together = len(pdq.FORMS) * len(fresh) <= len(views.row)
    for forms in [tuple(pdq.FORMS)] if together else [(form,) for form in pdq.FORMS]:
        turned = words(np.concatenate([pdq.turned(views.hashes[fresh], form) for form in forms]))
        if forms == ("upright",) and len(fresh) == len(views.row):
            pairs = within(turned, RADIUS, most=MOST)
        else:
            pairs = within(turned, RADIUS, words(views.hashes), most=MOST)
        found.counts["capped"] += pairs.capped
        found.counts["oversized buckets"] += pairs.oversized
        which, asked = np.divmod(pairs.a, max(1, len(fresh)))
        order = np.lexsort((pairs.distance, which))
        which, ones, twos = which[order], fresh[asked[order]], pairs.b[order]
        ends = which, ones, twos, views.row[ones], views.row[twos]
        for number, one, two, a, b in zip(*(end.tolist() for end in ends), strict=True):
            if found.settled(a, b, joined):
                continue
            found.counts["compared"] += 1
            likeness = _laid_over(pictures, views, one, two, forms[number])
            whole = not (views.trimmed[one] or views.trimmed[two])
            # Where one place differs, but the rest agrees worse than in copies, one may have been cut a little: corners
            # tell. So it is where bars were cut off.
            found.add(a, b, likeness, joined, final=whole and likeness.agreement >= AGREES)


def _without_repeats(pictures: Pictures, views: _Views, new: Bools, found: Found, joined: Joined) -> _Views:
    """Link views to the first with the very same hash, where they lie on it, and return the views without them."""
    keys = np.ascontiguousarray(np.column_stack([views.hashes, views.trimmed])).view(f"V{views.hashes.shape[1] + 1}")
    _, first, of_view = np.unique(keys.reshape(-1), return_index=True, return_inverse=True)
    leader = first[of_view.reshape(-1)]
    again = np.flatnonzero(leader != np.arange(len(leader)))
    keep = np.ones(len(leader), bool)
    # What was there before has been joined before, and is not known here: it stays.
    for at in again[new[views.row[again]] | new[views.row[leader[again]]]].tolist():
        to = int(leader[at])
        a, b = int(views.row[to]), int(views.row[at])
        if not found.settled(a, b, joined):
            found.counts["compared"] += 1
            found.add(a, b, _laid_over(pictures, views, to, at, "upright"), joined, final=not views.trimmed[at])
        keep[at] = joined.first(a) != joined.first(b)
    return _Views(views.row[keep], views.trimmed[keep], views.hashes[keep])


def _by_features(pictures: Pictures, told: Rows, new: Bools, found: Found, joined: Joined) -> None:
    # Of pictures that are the same, one speaks for all: a shot's held frames are hundreds.
    same = [(link.a, link.b) for link in found.links if link.likeness.relation is Relation.SAME]
    ends = np.array(same, np.int64).reshape(-1, 2)
    rows = told[grouped(len(pictures), ends[:, 0], ends[:, 1])[told] == told]
    for proposed in crops.proposed(pictures.local, pictures.size, rows, new):
        found.counts["capped"] += proposed.capped
        for a, b in proposed.pairs:
            if found.settled(a, b, joined):
                continue
            found.counts["compared"] += 1
            likeness = _fitted(pictures, a, b, proposed.form)
            if likeness is not None:
                found.add(a, b, likeness, joined)


def _fitted(pictures: Pictures, a: int, b: int, form: str) -> Likeness | None:
    """Return the likeness of two pictures laid over each other by their corners; None where they cannot be."""
    features = Features.of([pictures.local[a], pictures.local[b]], pictures.size[[a, b]])
    fit = corners.fit(features.mirrored() if form == "mirror" else features, features, 0, 1)
    if fit is None:
        return None
    one, two = pdq.turn(pictures.glance[a], form).astype(np.float32), pictures.glance[b].astype(np.float32)
    laid = lay(one, two, features.shape, fit)
    inset = laid.enlarged >= INSET
    if laid.seen.mean() < (INSET_SEEN if inset else LEAST_SEEN):
        return None
    if fit.corners < FEWEST_CORNERS and not inset:
        return None
    part = laid.seen.mean() < MOSTLY_SEEN and not inset
    if part and (fit.corners < PART_CORNERS or fit.turned):
        return None
    least = PART_AGREES if part else SURE_AGREES if fit.corners >= SURE_CORNERS else FITTED_AGREES
    if form == "upright" and abs(fit.turn - 1) < UNMOVED and abs(fit.shift) < UNMOVED:
        # What agrees as it lies needs no moving, and fine lines have no excuse. Drawings over one template end here.
        as_they_are = compare(one, two, least=UNMOVED_AGREES)
        if as_they_are.agreement >= UNMOVED_AGREES or laid.unmoved:
            return as_they_are
    likeness = compare(laid.here, laid.there, laid.seen, least=least, enlarged=laid.enlarged)
    if not likeness.near:
        return likeness
    framing: tuple[str, ...] = ("shown inside the other",) if inset else ("framed anew",) if laid.moved else ()
    if fit.turned:
        framing += ("turned a little",)
    if form != "upright":
        framing = (form, *framing)
    return Likeness(Relation.NEAR, (*framing, *likeness.changes), likeness.agreement)


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
    return (pictures.inside_glance if trimmed else pictures.glance)[row].astype(np.float32)
