"""Corners of pictures, and where one picture lies in another by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from provenance.fingerprint.local import FEATURE, STEPS, mirrored

Rows = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Places = npt.NDArray[np.complex128]

CELLS = 40  # of the longer side: corners in one cell are one
ROOM = 0.25  # of the inner picture's side: how far its middle may lie from where another vote puts it

_MATCH_BITS = 10  # of 63: descriptors that are fitted, once a pair is proposed
_MOST_MATCHES = 150
_MOST_AGREED = 48
_FEWEST = 3  # corners in different places that must fall on each other: what is seen there decides
_NEAR = 0.02  # of the longer side of the smaller one: how close a corner must fall
_SCALES = (0.18, 5.5)
_TURN = 0.35  # radians: descriptors do not hold beyond
_UPRIGHT = 0.02  # radians: less may be the corners' own error
_SIZES = 0.3  # logarithm: how far the scale may lie from what the sizes of two corners tell


class Column(Protocol):
    """Values by the numbers of pictures: an array, or what reads them when it is asked."""

    def __getitem__(self, pictures: Any, /) -> Any: ...


@dataclass(frozen=True)
class Packed:
    """The records of n pictures, end to end: uint8[bytes], and how many bytes each has: int64[n]."""

    data: npt.NDArray[np.uint8]
    length: Rows


@dataclass(frozen=True)
class Features:
    """Corners of n pictures, picture after picture. record: FEATURE[m]; start: int64[n + 1], where each picture's
    begin. shape: float64[n, 2], width and height in units of the longer side. mirror: whether they are told as those of
    the pictures mirrored left to right."""

    record: npt.NDArray[np.void]
    start: Rows
    shape: npt.NDArray[np.float64]
    mirror: bool = False

    @classmethod
    def of(cls, records: Sequence[bytes] | Packed, sizes: npt.NDArray[np.float32]) -> Features:
        """Unpack `local_features` of pictures, with their widths and heights in pixels."""
        shape = sizes.astype(np.float64) / sizes.max(axis=1, keepdims=True) if len(sizes) else np.empty((0, 2))
        if not isinstance(records, Packed):
            data = np.frombuffer(b"".join(records), np.uint8)
            records = Packed(data, np.array([len(each) for each in records], np.int64))
        start = np.concatenate(([0], np.cumsum(records.length) // FEATURE.itemsize))
        return cls(records.data.view(FEATURE), start, shape)

    def mirrored(self) -> Features:
        return replace(self, mirror=not self.mirror)

    def of_picture(self, row: int) -> Rows:
        return np.arange(self.start[row], self.start[row + 1])

    def owner(self, at: Rows) -> Rows:
        """Return whose these corners are: the number of the picture."""
        return np.searchsorted(self.start, at, side="right") - 1

    def bits(self, at: Rows | slice = slice(None)) -> Bits:
        """Return the descriptors of corners, uint64."""
        found = np.ascontiguousarray(self.record["bits"][at]).astype(np.uint64, copy=False)
        return mirrored(found) if self.mirror else found

    def place(self, at: Rows) -> Places:
        """Return where corners lie, right and down from the top left corner, in units of the longer side."""
        record, shape = self.record[at], self.shape[self.owner(at)]
        x, y = (record[name] / 65535 * shape[:, side] for side, name in enumerate(("x", "y")))
        return (shape[:, 0] - x if self.mirror else x) + 1j * y

    def size(self, at: Rows) -> Rows:
        """Return on which of the sizes corners were found."""
        return self.record["size"][at].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a point z of the first picture lies in the second: turn * z + shift. corners: how many agree on it."""

    turn: complex
    shift: complex
    corners: int

    @property
    def turned(self) -> bool:
        """Whether one is turned against the other."""
        return abs(float(np.angle(self.turn))) > _UPRIGHT

    def back(self) -> Fit:
        """Return where the second lies in the first."""
        return Fit(1 / self.turn, -self.shift / self.turn, self.corners)


def fit(first: Features, second: Features, a: int, b: int) -> Fit | None:
    """Return where picture a of the first lies in picture b of the second, None when too few corners agree."""
    of_a, of_b = first.of_picture(a), second.of_picture(b)
    distance = np.bitwise_count(first.bits(of_a)[:, None] ^ second.bits(of_b)[None])
    one, two = np.nonzero(distance <= _MATCH_BITS)
    closest = np.argsort(distance[one, two], kind="stable")[:_MOST_MATCHES]
    one, two = of_a[one[closest]], of_b[two[closest]]
    if len(one) < _FEWEST:
        return None
    p, q = first.place(one), second.place(two)
    told = 2.0 ** ((second.size(two) - first.size(one)) / STEPS)
    # Of all matches, those that agree on scale and shift with the one that most agree with.
    centre = q + told * ((first.shape[a, 0] + 1j * first.shape[a, 1]) / 2 - p)
    scales = np.log(told)
    meets = np.abs(centre[:, None] - centre[None]) < ROOM * told[:, None]
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
    fine = CELLS * max(1.0, 1 / float(scale[best])), CELLS * max(1.0, float(scale[best]))
    corners = min(len(np.unique(np.round(p * fine[1]))), len(np.unique(np.round(q * fine[0]))))
    if corners < _FEWEST:
        return None
    mean_p, mean_q = p.mean(), q.mean()
    spread = p - mean_p
    exact = complex((np.conj(spread) * (q - mean_q)).sum() / (np.abs(spread) ** 2).sum())
    return Fit(exact, complex(mean_q - exact * mean_p), corners)
