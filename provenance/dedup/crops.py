"""One picture inside another: crops, pan-and-scan, bands over the edge, slight turns, a picture in a picture.

1. Descriptors of two pictures that nearly agree vote for the pair, and for where one lies in the other: a corner's size
   and place tell scale and shift. Votes that agree on both propose the pair, upright or mirrored.
2. A proposed pair is fitted: one scale, turn and shift under which the most corners fall on each other.
3. The caller lays one over the other by that fit (`laying`) and judges what is seen (`likeness`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.dedup.neighbours import within
from provenance.fingerprint.local import FEATURE, STEPS, mirrored

Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.complex128]

_VOTE_BITS = 6  # of 63: descriptors that propose a pair
_MATCH_BITS = 10  # of 63: descriptors that are fitted, once a pair is proposed
_VOTES = 3  # in different places, that agree where one picture lies in the other
_CELLS = 40  # of the longer side: corners in one cell are one
_CELLS_KEPT = 42
_ROOM = 0.25  # of the inner picture's side: how far its middle may lie from where another vote puts it
_MOST_MATCHES = 150
_MOST_AGREED = 48
_FEWEST = 3  # corners in different places that must fall on each other: what is seen there decides
_NEAR = 0.02  # of the longer side of the smaller one: how close a corner must fall
_SCALES = (0.18, 5.5)
_TURN = 0.35  # radians: descriptors do not hold beyond
_SIZES = 0.3  # logarithm: how far the scale may lie from what the sizes of two corners tell
_MOST_PER_FEATURE = 64  # one corner's neighbours: beyond, it is a texture or a logo that half the archive has
_VOTE_ROOM = 8_000_000  # votes that fit in memory: the larger the archive, the fewer others a corner votes for
_LEAST_PER_FEATURE = 4


@dataclass(frozen=True)
class Features:
    """Corners of n pictures, in the order of the pictures. owner: int64[m]; bits: uint64[m]; place: complex[m], right
    and down from the top left corner, in units of the picture's longer side; size: int64[m], on which of the sizes it
    was found. start: int64[n + 1], where each picture's begin. shape: float64[n, 2], width and height in the same
    unit."""

    owner: Rows
    bits: npt.NDArray[np.uint64]
    place: Places
    size: Rows
    start: Rows
    shape: npt.NDArray[np.float64]

    @classmethod
    def of(cls, records: list[bytes], sizes: npt.NDArray[np.float32]) -> Features:
        """Unpack `local_features` of pictures, with their widths and heights in pixels."""
        shape = sizes.astype(np.float64) / sizes.max(axis=1, keepdims=True) if len(sizes) else np.empty((0, 2))
        counts = np.array([len(record) // FEATURE.itemsize for record in records], np.int64)
        owner = np.repeat(np.arange(len(records)), counts)
        told = np.frombuffer(b"".join(records), FEATURE)
        x, y = (told[name] / 65535 * shape[owner, at] for at, name in enumerate(("x", "y")))
        start = np.concatenate(([0], np.cumsum(counts)))
        return cls(owner, told["bits"].astype(np.uint64), x + 1j * y, told["size"].astype(np.int64), start, shape)

    def mirror(self) -> Features:
        """Return the corners of the same pictures, mirrored left to right."""
        place = self.shape[self.owner, 0] - np.conj(self.place)
        return Features(self.owner, mirrored(self.bits), place, self.size, self.start, self.shape)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a point z of the first picture lies in the second: turn * z + shift. corners: how many agree on it."""

    turn: complex
    shift: complex
    corners: int


def proposed(
    first: Features, features: Features, rows: Rows, new: npt.NDArray[np.bool_]
) -> tuple[list[tuple[int, int]], int]:
    """Return pairs of the given pictures whose corners agree where one lies in the other, most first, and how many
    corners were capped.

    first: the same features, or those of the mirrored pictures. new: bool[n]; one of a pair at least must be.
    """
    among = np.flatnonzero(np.isin(features.owner, rows))
    # Equal descriptors are joined once.
    distinct, of_feature = np.unique(features.bits[among], return_inverse=True)
    own = first is features
    others, of_other = (distinct, of_feature) if own else np.unique(first.bits[among], return_inverse=True)
    two = _Bearers.of(of_feature, len(distinct))
    one = two if own else _Bearers.of(of_other, len(others))
    fresh_one, fresh_two = np.zeros(len(others), bool), np.zeros(len(distinct), bool)
    fresh_one[of_other[new[first.owner[among]]]] = fresh_two[of_feature[new[features.owner[among]]]] = True
    most = min(_MOST_PER_FEATURE, max(_LEAST_PER_FEATURE, _VOTE_ROOM // max(1, len(among))))
    a, b, capped = _near(others, None if own else distinct, fresh_one, fresh_two, most)
    # What more corners are close to than that says nothing: a plain edge, a letter, a mark of the house.
    met = np.bincount(a, minlength=len(others)), np.bincount(b, minlength=len(distinct))
    if own:
        met = (met[0] + met[1],) * 2
        equal = np.flatnonzero((one.sizes > 1) & fresh_one)
        a, b = np.concatenate([a, equal]), np.concatenate([b, equal])
    common_a, common_b = one.sizes + met[0] > _MOST_PER_FEATURE, two.sizes + met[1] > _MOST_PER_FEATURE
    keep = ~(common_a[a] | common_b[b])
    p, q = _spread(a[keep], b[keep], one, two)
    p, q = among[p], among[q]
    a, b = features.owner[p], features.owner[q]
    keep = (a != b) & (new[a] | new[b])
    p, q = p[keep], q[keep]
    if own:
        swap = features.owner[p] > features.owner[q]
        p, q = np.where(swap, q, p), np.where(swap, p, q)
    return _agreed(first, features, p, q), capped + int(common_a.sum())


def _near(
    bits: npt.NDArray[np.uint64],
    others: npt.NDArray[np.uint64] | None,
    fresh: npt.NDArray[np.bool_],
    fresh_others: npt.NDArray[np.bool_],
    most: int,
) -> tuple[Rows, Rows, int]:
    """Return pairs of near descriptors of one set, or of two, one of which is fresh, and how many rows were capped."""

    def ask(those: Rows, among: npt.NDArray[np.uint64], of: npt.NDArray[np.uint64]) -> tuple[Rows, Rows, int]:
        pairs = within(among[those, None], _VOTE_BITS, of[:, None], most=most)
        return those[pairs.a], pairs.b, pairs.capped

    if others is None:
        if fresh.all():
            pairs = within(bits[:, None], _VOTE_BITS, most=most)
            return pairs.a, pairs.b, pairs.capped
        a, b, capped = ask(np.flatnonzero(fresh), bits, bits)
        once = (a < b) | ~fresh[b]
        return a[once], b[once], capped
    a, b, capped = ask(np.flatnonzero(fresh), bits, others)
    if fresh.all():
        return a, b, capped
    d, c, more = ask(np.flatnonzero(fresh_others), others, bits)
    once = ~fresh[c]
    return np.concatenate([a, c[once]]), np.concatenate([b, d[once]]), capped + more


@dataclass(frozen=True)
class _Bearers:
    """Which features bear each distinct descriptor: order[start[d]:start[d + 1]]."""

    order: Rows
    start: Rows
    sizes: Rows

    @classmethod
    def of(cls, of_feature: Rows, count: int) -> _Bearers:
        of_feature = of_feature.reshape(-1)
        order = np.argsort(of_feature, kind="stable")
        start = np.searchsorted(of_feature[order], np.arange(count + 1))
        return cls(order, start, np.diff(start))


def _spread(a: Rows, b: Rows, first: _Bearers, second: _Bearers) -> tuple[Rows, Rows]:
    """Spread pairs of distinct descriptors out to pairs of the features that bear them."""
    times = first.sizes[a] * second.sizes[b]
    pair = np.repeat(np.arange(len(a)), times)
    place = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    one, two = place // second.sizes[b][pair], place % second.sizes[b][pair]
    return first.order[first.start[a[pair]] + one], second.order[second.start[b[pair]] + two]


def _agreed(first: Features, second: Features, p: Rows, q: Rows) -> list[tuple[int, int]]:
    """Return the pairs of pictures for which enough votes agree on scale and shift, most first."""
    count = max(1, len(first.shape))
    # A corner that is found on two sizes, or thrice in one place, votes once.
    pair = first.owner[p] * count + second.owner[q]
    key = pair
    for features, at in ((first, p), (second, q)):
        for side in (features.place[at].real, features.place[at].imag):
            key = key * _CELLS_KEPT + np.rint(side * _CELLS).astype(np.int64)
    _, once = np.unique(key, return_index=True)
    p, q, pair = p[once], q[once], pair[once]
    _, of_pair, votes = np.unique(pair, return_inverse=True, return_counts=True)
    enough = votes[of_pair] >= _VOTES
    p, q, pair = p[enough], q[enough], pair[enough]
    steps = second.size[q] - first.size[p]
    agreed: list[npt.NDArray[np.int64]] = []
    for offset in (0, 1):
        # Two neighbouring steps of size are one scale; whichever way they are paired.
        scale = 2.0 ** ((2 * ((steps + offset) // 2) - offset + 0.5) / STEPS)
        middle = (first.shape[first.owner[p], 0] + 1j * first.shape[first.owner[p], 1]) / 2
        centre = (second.place[q] + 2.0 ** (steps / STEPS) * (middle - first.place[p])) / (_ROOM * scale)
        for shift in (0, 0.5, 0.5j, 0.5 + 0.5j):
            at = centre + shift
            key = pair * 16 + (steps + offset) // 2 + 8
            for side in (at.real, at.imag):
                key = key * 64 + np.clip(np.floor(side), -32, 31).astype(np.int64) + 32
            keys, counts = np.unique(key, return_counts=True)
            good = counts >= _VOTES
            agreed.append(np.stack([keys[good] >> 16, counts[good]], axis=1))
    told = np.concatenate(agreed)
    order = np.lexsort((-told[:, 1], told[:, 0]))
    told = told[order][np.diff(told[order, 0], prepend=-1) != 0]
    told = told[np.argsort(-told[:, 1], kind="stable")]
    ends = np.divmod(told[:, 0], count)
    return list(zip(*(end.tolist() for end in ends), strict=True))


def fit(first: Features, second: Features, a: int, b: int) -> Fit | None:
    """Return where picture a of the first lies in picture b of the second, None when too few corners agree."""
    of_a, of_b = (slice(features.start[row], features.start[row + 1]) for features, row in ((first, a), (second, b)))
    distance = np.bitwise_count(first.bits[of_a][:, None] ^ second.bits[of_b][None])
    one, two = np.nonzero(distance <= _MATCH_BITS)
    closest = np.argsort(distance[one, two], kind="stable")[:_MOST_MATCHES]
    one, two = one[closest], two[closest]
    if len(one) < _FEWEST:
        return None
    p, q = first.place[of_a][one], second.place[of_b][two]
    told = 2.0 ** ((second.size[of_b][two] - first.size[of_a][one]) / STEPS)
    # Of all matches, those that agree on scale and shift with the one that most agree with.
    centre = q + told * ((first.shape[a, 0] + 1j * first.shape[a, 1]) / 2 - p)
    scales = np.log(told)
    meets = np.abs(centre[:, None] - centre[None]) < _ROOM * told[:, None]
    meets &= np.abs(scales[:, None] - scales[None]) < 2 * _SIZES
    among = np.flatnonzero(meets[int(meets.sum(axis=1).argmax())])[:_MOST_AGREED]
    p, q, told = p[among], q[among], told[among]
    start, end = np.triu_indices(len(p), 1)
    far = np.abs(p[end] - p[start]) > 0.05
    start, end = start[far], end[far]
    turn = (q[end] - q[start]) / (p[end] - p[start])
    scale = np.maximum(np.abs(turn), 1e-9)
    fair = (scale > _SCALES[0]) & (scale < _SCALES[1]) & (np.abs(np.angle(turn)) < _TURN)
    for side in (start, end):
        fair &= np.abs(np.log(scale / told[side])) < _SIZES
    turn, start, scale = turn[fair], start[fair], scale[fair]
    if not len(turn):
        return None
    shift = q[start] - turn * p[start]
    reach = _NEAR * np.minimum(1, scale)
    falls = np.abs(turn[:, None] * p[None] + shift[:, None] - q[None]) < reach[:, None]
    falls &= np.abs(np.log(scale[:, None] / told[None])) < _SIZES
    best = int(falls.sum(axis=1).argmax())
    p, q = p[falls[best]], q[falls[best]]
    fine = _CELLS * max(1.0, 1 / float(scale[best])), _CELLS * max(1.0, float(scale[best]))
    corners = min(len(np.unique(np.round(p * fine[1]))), len(np.unique(np.round(q * fine[0]))))
    if corners < _FEWEST:
        return None
    mean_p, mean_q = p.mean(), q.mean()
    spread = p - mean_p
    exact = complex((np.conj(spread) * (q - mean_q)).sum() / (np.abs(spread) ** 2).sum())
    return Fit(exact, complex(mean_q - exact * mean_p), corners)
