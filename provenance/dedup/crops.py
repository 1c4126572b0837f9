"""One picture inside another: crops, pan-and-scan, bands over the edge, slight turns, a picture in a picture.

1. Descriptors of two pictures that nearly agree vote for the pair.
2. A pair with enough votes is fitted: one scale, turn and shift under which the most corners fall on each other.
3. The caller lays one over the other by that fit and judges what is seen (`likeness`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from provenance.dedup.likeness import SIDE, Glance
from provenance.dedup.neighbours import within
from provenance.fingerprint.local import FEATURE

Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.complex128]

_VOTE_BITS = 6  # of 63: descriptors that propose a pair
_MATCH_BITS = 10  # of 63: descriptors that are fitted, once a pair is proposed
_VOTES = 4
_MOST_MATCHES = 60
_FEWEST = 6  # corners in different places that must fall on each other; strangers reach 5
_SPAN = 0.35  # of both sides of the picture that lies in the other: one caption or logo is not enough
_NEAR = 0.02  # of the longer side: how close a corner must fall
_SCALES = (0.2, 5.0)
_TURN = 0.35  # radians: descriptors do not hold beyond
_MOST_PER_FEATURE = 64  # one corner's neighbours: beyond, it is a texture or a logo that half the archive has


@dataclass(frozen=True)
class Features:
    """Corners of n pictures, in the order of the pictures. owner: int64[m]; bits: uint64[m]; place: complex[m], right
    and down from the top left corner, in units of the picture's longer side. start: int64[n + 1], where each picture's
    begin. shape: float64[n, 2], width and height in the same unit."""

    owner: Rows
    bits: npt.NDArray[np.uint64]
    place: Places
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
        return cls(owner, told["bits"].astype(np.uint64), x + 1j * y, start, shape)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a point z of the first picture lies in the second: turn * z + shift. corners: how many agree on it."""

    turn: complex
    shift: complex
    corners: int


def proposed(features: Features, rows: Rows, new: npt.NDArray[np.bool_]) -> tuple[list[tuple[int, int]], int]:
    """Return pairs of the given pictures that share enough descriptors, most first, and how many corners were capped.

    new: bool[n]; one of a pair at least must be.
    """
    among = np.flatnonzero(np.isin(features.owner, rows))
    bits = features.bits[among][:, None]
    # A corner found on two sizes of one picture votes once; equal descriptors are joined once.
    distinct, of_feature = np.unique(bits, axis=0, return_inverse=True)
    of_feature = of_feature.reshape(-1)
    owners = features.owner[among]
    order = np.argsort(of_feature, kind="stable")
    starts = np.searchsorted(of_feature[order], np.arange(len(distinct) + 1))
    pairs = within(distinct, _VOTE_BITS, most=_MOST_PER_FEATURE)
    sizes = np.diff(starts)
    common = sizes > _MOST_PER_FEATURE
    a = np.concatenate([pairs.a, np.flatnonzero(sizes > 1)])
    b = np.concatenate([pairs.b, np.flatnonzero(sizes > 1)])
    keep = ~(common[a] | common[b])
    a, b = a[keep], b[keep]
    votes_a, votes_b = _owners(a, b, order, starts, owners)
    keep = (votes_a != votes_b) & (new[votes_a] | new[votes_b])
    low, high = np.minimum(votes_a, votes_b)[keep], np.maximum(votes_a, votes_b)[keep]
    keys, counts = np.unique(low * len(features.shape) + high, return_counts=True)
    enough = counts >= _VOTES
    best = np.argsort(-counts[enough], kind="stable")
    ends = np.divmod(keys[enough][best], max(1, len(features.shape)))
    return list(zip(*(end.tolist() for end in ends), strict=True)), pairs.capped + int(common.sum())


def _owners(a: Rows, b: Rows, order: Rows, starts: Rows, owners: Rows) -> tuple[Rows, Rows]:
    """Spread pairs of distinct descriptors out to pairs of the pictures that bear them."""
    sizes = np.diff(starts)
    times = sizes[a] * sizes[b]
    pair = np.repeat(np.arange(len(a)), times)
    place = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    one, two = place // sizes[b][pair], place % sizes[b][pair]
    return owners[order[starts[a[pair]] + one]], owners[order[starts[b[pair]] + two]]


def fit(features: Features, a: int, b: int) -> Fit | None:
    """Return where picture a lies in picture b, None when too few corners agree on any place."""
    of_a, of_b = (slice(features.start[row], features.start[row + 1]) for row in (a, b))
    distance = np.bitwise_count(features.bits[of_a][:, None] ^ features.bits[of_b][None])
    one, two = np.nonzero(distance <= _MATCH_BITS)
    if len(one) > _MOST_MATCHES:
        closest = np.argsort(distance[one, two], kind="stable")[:_MOST_MATCHES]
        one, two = one[closest], two[closest]
    p, q = features.place[of_a][one], features.place[of_b][two]
    first, second = np.triu_indices(len(p), 1)
    far = np.abs(p[second] - p[first]) > 0.05
    first, second = first[far], second[far]
    if not len(first):
        return None
    turn = (q[second] - q[first]) / (p[second] - p[first])
    size = np.abs(turn)
    fair = (size > _SCALES[0]) & (size < _SCALES[1]) & (np.abs(np.angle(turn)) < _TURN)
    turn, first, size = turn[fair], first[fair], size[fair]
    if not len(turn):
        return None
    shift = q[first] - turn * p[first]
    reach = _NEAR * np.minimum(1, size)
    falls = np.abs(turn[:, None] * p[None] + shift[:, None] - q[None]) < reach[:, None]
    best = int(falls.sum(axis=1).argmax())
    p, q = p[falls[best]], q[falls[best]]
    corners = min(len(np.unique(np.round(ends * 50))) for ends in (p, q))
    spans = [[np.ptp(ends.real), np.ptp(ends.imag)] / features.shape[row] for ends, row in ((p, a), (q, b))]
    if corners < _FEWEST or max(float(span.min()) for span in spans) < _SPAN:
        return None
    mean_p, mean_q = p.mean(), q.mean()
    spread = p - mean_p
    exact = complex((np.conj(spread) * (q - mean_q)).sum() / (np.abs(spread) ** 2).sum())
    return Fit(exact, complex(mean_q - exact * mean_p), corners)


def laid_over(
    features: Features, a: int, b: int, found: Fit, glances: tuple[Glance, Glance]
) -> tuple[Glance, Glance, npt.NDArray[np.bool_]]:
    """Return both pictures on one 64 x 64 grid, that of the one which covers less, and which samples both have."""
    turn, shift = found.turn, found.shift
    area = [float(np.prod(features.shape[row])) for row in (a, b)]
    if area[0] * abs(turn) ** 2 > area[1]:
        a, b, glances = b, a, (glances[1], glances[0])
        turn, shift = 1 / turn, -shift / turn
    share = (np.arange(SIDE) + 0.5) / SIDE
    grid = share[None, :] * features.shape[a, 0] + 1j * share[:, None] * features.shape[a, 1]
    other = turn * grid + shift
    x, y = other.real / features.shape[b, 0], other.imag / features.shape[b, 1]
    seen = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    there = ndimage.map_coordinates(glances[1], [y * SIDE - 0.5, x * SIDE - 0.5], order=1, mode="nearest")
    # Enlarged, the other shows less detail: this one is blurred as much.
    here = glances[0]
    for axis, row in ((0, 1), (1, 0)):
        enlarged = features.shape[b, row] / (abs(turn) * features.shape[a, row])
        if enlarged > 1.1:
            here = ndimage.gaussian_filter1d(here, 0.45 * enlarged, axis=axis)
    return here, there, seen
