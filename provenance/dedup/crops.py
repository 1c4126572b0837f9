"""One picture inside another: crops, pan-and-scan, bands over the edge, slight turns, a picture in a picture.

Descriptors of two pictures that nearly agree vote for the pair, and for where one lies in the other: a corner's size
and place tell scale and shift. Votes that agree on both propose the pair, upright or mirrored. The caller fits the pair
(`corners`), lays one over the other (`laying`) and judges what is seen (`likeness`).

Pictures ask in blocks, and are asked in blocks: what is held is two blocks of corners, their orders and so many votes,
however many pictures there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.dedup.corners import CELLS, ROOM, Bits, Column, Features, Places, Rows
from provenance.dedup.neighbours import Words, within
from provenance.fingerprint.local import STEPS, mirrored

_VOTE_BITS = 6  # of 63: descriptors that propose a pair
_VOTES = 3  # in different places, that agree where one picture lies in the other
_CELLS_KEPT = CELLS + 2
_MOST_PER_FEATURE = 64  # one corner's neighbours: beyond, it is a texture or a logo that half the archive has
_LEAST_PER_FEATURE = 4
_VOTE_ROOM = 8_000_000  # votes held at once: the more ask, the fewer others a corner votes for
_BLOCK = 12_288  # pictures, up to 4.5 million corners: two of them are held
_FEW = 8  # times that those who are asked are more than those who ask: only who is near them is looked at
_MOST_BEARERS = 1_024  # corners that one new descriptor may meet in one band, before it is known which are common


@dataclass(frozen=True)
class Proposed:
    """Pictures (rows, a < b) whose corners agree on where a lies in b, most first. form: of a. capped: corners of which
    not all neighbours were looked at, told once, with pairs or without."""

    form: str
    pairs: list[tuple[int, int]]
    capped: int


def proposed(
    records: Column, sizes: npt.NDArray[np.float32], rows: Rows, new: npt.NDArray[np.bool_]
) -> Iterator[Proposed]:
    """Yield which of the given pictures (rows, rising) may show a part of each other, each pair once in a form.

    records: the `local_features` of pictures, bytes of each or all of them `Packed`. sizes: float32[n, 2], widths and
    heights in pixels. new: bool[n]; one of a pair at least must be.
    """
    asking = _cut(rows[new[rows]])
    for at, block in enumerate(asking):
        one = _Corners.of(records, sizes, block)
        yield from _voted(one, one)
        for other in [*asking[at + 1 :], *_cut(rows[~new[rows]])]:
            features = Features.of(records[other], sizes[other])
            if _FEW * len(one.bearer) < len(features.record):
                two, capped = _Corners.near(one, features, other)
                yield Proposed("upright", [], capped)
            else:
                two = _Corners.known(features, other)
            yield from _voted(one, two)


def _cut(rows: Rows) -> list[Rows]:
    return [rows[at : at + _BLOCK] for at in range(0, len(rows), _BLOCK)]


@dataclass(frozen=True)
class _Corners:
    """Corners of pictures by their descriptors. row: the pictures. distinct: uint64[d], rising. bearer: the corners, in
    the order of their descriptors; start: int64[d + 1], where each descriptor's begin."""

    features: Features
    row: Rows
    distinct: Bits
    bearer: Rows
    start: Rows

    @classmethod
    def of(cls, records: Column, sizes: npt.NDArray[np.float32], rows: Rows) -> _Corners:
        return cls.known(Features.of(records[rows], sizes[rows]), rows)

    @classmethod
    def known(cls, features: Features, rows: Rows, among: Rows | None = None) -> _Corners:
        """Set corners, all or some (rising), in the order of their descriptors."""
        bits = features.bits() if among is None else features.bits(among)
        order = np.argsort(bits, kind="stable")
        bits = bits[order]
        first = np.flatnonzero(np.concatenate(([True], bits[1:] != bits[:-1]))) if len(bits) else order
        bearer = order if among is None else among[order]
        return cls(features, rows, bits[first], bearer, np.append(first, len(bits)))

    @classmethod
    def near(cls, few: _Corners, features: Features, rows: Rows) -> tuple[_Corners, int]:
        """Return of many corners those that are near to one of the few, upright or mirrored, and how many of the few
        had more neighbours than were looked at."""
        pairs = within(_both(few.distinct), _VOTE_BITS, features.bits()[:, None], most=_MOST_BEARERS)
        return cls.known(features, rows, np.unique(pairs.b)), pairs.capped

    @property
    def bearers(self) -> Rows:
        return np.diff(self.start)


def _voted(one: _Corners, two: _Corners) -> Iterator[Proposed]:
    """Yield what the corners of one block propose among those of another, or of the same."""
    most = min(_MOST_PER_FEATURE, max(_LEAST_PER_FEATURE, _VOTE_ROOM // max(1, len(one.bearer))))
    for form, a, b, capped in _near(one, two, most):
        # What more corners are close to than that says nothing: a plain edge, a letter, a mark of the house.
        met = np.bincount(a, minlength=len(one.distinct)), np.bincount(b, minlength=len(two.distinct))
        common = one.bearers + met[0] > _MOST_PER_FEATURE, two.bearers + met[1] > _MOST_PER_FEATURE
        keep = ~(common[0][a] | common[1][b])
        yield Proposed(form, [], capped + len(np.unique(a[~keep])))
        for p, q in _spread(one, two, a[keep], b[keep]):
            yield Proposed(form, _agreed(one, two, p, q, form), 0)


def _near(one: _Corners, two: _Corners, most: int) -> Iterator[tuple[str, Rows, Rows, int]]:
    """Yield for each form which descriptors of two are near which of one, in the order of these, and how many had more
    neighbours than `most`."""
    count = len(one.distinct)
    if one is two:
        pairs = within(one.distinct[:, None], _VOTE_BITS, most=most)
        shared = np.flatnonzero(one.bearers > 1)
        a, b = np.concatenate([pairs.a, pairs.b, shared]), np.concatenate([pairs.b, pairs.a, shared])
        order = np.argsort(a, kind="stable")
        yield "upright", a[order], b[order], pairs.capped
        pairs = within(mirrored(one.distinct)[:, None], _VOTE_BITS, one.distinct[:, None], most=most)
        yield "mirror", pairs.a, pairs.b, pairs.capped
        return
    pairs = within(_both(one.distinct), _VOTE_BITS, two.distinct[:, None], most=most)
    turned = int(np.searchsorted(pairs.a, count))
    yield "upright", pairs.a[:turned], pairs.b[:turned], pairs.capped
    yield "mirror", pairs.a[turned:] - count, pairs.b[turned:], 0


def _both(distinct: Bits) -> Words:
    """Return descriptors upright, and then all of them mirrored."""
    return np.concatenate([distinct, mirrored(distinct)])[:, None]


def _spread(one: _Corners, two: _Corners, a: Rows, b: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Spread pairs of distinct descriptors (in the order of a) out to pairs of the corners that bear them: all that
    some of the pictures of one have, as many as there is room for."""
    descriptor = np.empty(len(one.features.record), np.int64)
    descriptor[one.bearer] = np.repeat(np.arange(len(one.distinct)), one.bearers)
    votes = np.bincount(a, two.bearers[b], minlength=len(one.distinct)).astype(np.int64)
    start = np.searchsorted(a, np.arange(len(one.distinct) + 1))
    asks = np.flatnonzero(votes[descriptor])
    total = np.cumsum(votes[descriptor[asks]])
    stops = np.flatnonzero(np.diff(one.features.owner(asks), append=-1)) + 1  # after each picture's last
    at = 0
    while at < len(asks):
        room = _VOTE_ROOM + (total[at - 1] if at else 0)
        end = stops[max(np.searchsorted(total[stops - 1], room, side="right") - 1, np.searchsorted(stops, at, "right"))]
        of = descriptor[asks[at:end]]
        pair, corner = _ranges(start[of], start[of + 1], asks[at:end])
        q, p = _ranges(two.start[b[pair]], two.start[b[pair] + 1], corner)
        yield p, two.bearer[q]
        at = int(end)


def _ranges(start: Rows, end: Rows, of: Rows) -> tuple[Rows, Rows]:
    """Return every number of each range, range after range, and for each what its range is `of`."""
    length = end - start
    before = np.cumsum(length) - length
    return np.repeat(start - before, length) + np.arange(int(length.sum())), np.repeat(of, length)


def _agreed(one: _Corners, two: _Corners, p: Rows, q: Rows, form: str) -> list[tuple[int, int]]:
    """Return the pairs of pictures for which enough votes agree on scale and shift, most first."""
    a, b = one.features.owner(p), two.features.owner(q)
    if one is two:
        # Each pair was found from both sides.
        once = a < b
        p, q, a, b = p[once], q[once], a[once], b[once]
    pair = a * len(two.row) + b
    # The same whichever of the two asked: the first is the one with the lower row.
    swap = one.row[a] > two.row[b]
    turned = (~swap, swap) if form == "mirror" else (np.zeros(len(p), bool),) * 2
    here, there = _places(one.features, p, a, turned[0]), _places(two.features, q, b, turned[1])
    size, other = one.features.size(p), two.features.size(q)
    shape = np.where(swap[:, None], two.features.shape[b], one.features.shape[a])
    middle = (shape[:, 0] + 1j * shape[:, 1]) / 2
    here, there = np.where(swap, there, here), np.where(swap, here, there)
    steps = np.where(swap, size - other, other - size)
    # A corner that is found on two sizes, or thrice in one place, votes once.
    key = pair
    for place in (here, there):
        for side in (place.real, place.imag):
            key = key * _CELLS_KEPT + np.rint(side * CELLS).astype(np.int64)
    _, single = np.unique(key, return_index=True)
    _, of_pair, votes = np.unique(pair[single], return_inverse=True, return_counts=True)
    single = single[votes[of_pair] >= _VOTES]
    told = _agreeing(pair[single], here[single], there[single], steps[single], middle[single])
    a, b = np.divmod(told, len(two.row))
    ends = np.sort(np.stack([one.row[a], two.row[b]]), axis=0)
    return list(zip(*(end.tolist() for end in ends), strict=True))


def _agreeing(pair: Rows, here: Places, there: Places, steps: Rows, middle: Places) -> Rows:
    """Return the pairs of which enough votes put the middle of one at one place of the other, most first."""
    agreed: list[Rows] = []
    for offset in (0, 1):
        # Two neighbouring steps of size are one scale; whichever way they are paired.
        scale = 2.0 ** ((2 * ((steps + offset) // 2) - offset + 0.5) / STEPS)
        centre = (there + 2.0 ** (steps / STEPS) * (middle - here)) / (ROOM * scale)
        for shift in (0, 0.5, 0.5j, 0.5 + 0.5j):
            at = centre + shift
            where = pair * 16 + (steps + offset) // 2 + 8
            for side in (at.real, at.imag):
                where = where * 64 + np.clip(np.floor(side), -32, 31).astype(np.int64) + 32
            keys, counts = np.unique(where, return_counts=True)
            good = counts >= _VOTES
            agreed.append(np.stack([keys[good] >> 16, counts[good]], axis=1))
    told = np.concatenate(agreed)
    order = np.lexsort((-told[:, 1], told[:, 0]))
    told = told[order][np.diff(told[order, 0], prepend=-1) != 0]
    return told[np.argsort(-told[:, 1], kind="stable"), 0]


def _places(features: Features, at: Rows, owner: Rows, turned: npt.NDArray[np.bool_]) -> Places:
    """Return where corners lie; where turned, in the picture mirrored left to right."""
    place = features.place(at)
    return np.where(turned, features.shape[owner, 0] - np.conj(place), place)
