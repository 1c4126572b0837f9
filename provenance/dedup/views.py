"""What is compared of a video track: the 64 lowest frequencies of its views, in several framings.

As signs they are 64 bits, by which neighbours are found; as a direction, its cosine says how well two views agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from provenance.dedup._beside import WHOLE, Box, Sketch, drawn, part
from provenance.fingerprint.trail import SIDE, Views

_FLAT = 6.0  # levels of standard deviation: below, there is nothing to see
_HELD = 2  # bits: a view this close to the last one that counted is held
_THIN_SECONDS = 0.25  # between entries that look for neighbours
_UPPER, _MIDDLE = (0.0, 0.0, 1.0, 0.75), (0.125, 0.0, 0.875, 1.0)
_SCALE = 4096

# A moving entry of a track: its track by number, seconds, the signs of what it shows in a framing, and whether it looks
# for neighbours, or is only looked for.
LOOKS = "looks-v1"  # how entries are told; another way has another name
LOOK = np.dtype([("track", "<i4"), ("time", "<f8"), ("bits", "<u8"), ("framing", "i1"), ("thin", "?")])

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """The trail of one video track, upright. asset: the file it is of. time: float64[n], seconds, rising. view:
    uint8[n, 16, 16]. shot: int64[n], 0 where not known. inside: left, top, right, bottom of what lies inside its bars,
    as shares of width and height; None without bars."""

    asset: int
    time: npt.NDArray[np.float64]
    view: Views
    shot: Rows
    inside: Box | None = None


@dataclass(frozen=True)
class Entries:
    """What looks for neighbours and is looked for: the moving entries of all tracks, in every framing.

    asset: int64[tracks], their files. look: LOOK[n], track after track.
    """

    asset: Rows
    look: npt.NDArray[np.void]

    @classmethod
    def of(cls, tracks: Sequence[Track]) -> Entries:
        asset, told = np.empty(len(tracks), np.int64), [np.empty(0, LOOK)]
        for number in range(len(tracks)):
            track = tracks[number]
            asset[number] = track.asset
            told.append(looks(track, number))
        return cls(asset, np.concatenate(told))

    @property
    def track(self) -> npt.NDArray[np.int32]:
        return self.look["track"]

    @property
    def time(self) -> npt.NDArray[np.float64]:
        return self.look["time"]

    @property
    def bits(self) -> npt.NDArray[np.uint64]:
        return np.ascontiguousarray(self.look["bits"])

    def only(self, framings: tuple[int, ...], *, thin: bool) -> Entries:
        """The entries in these framings. thin: those that look, no more than one each quarter of a second."""
        keep = np.isin(self.look["framing"], framings) & (self.look["thin"] | (not thin))
        return Entries(self.asset, self.look[keep])

    def among(self, tracks: npt.NDArray[np.bool_]) -> Entries:
        """The entries of some tracks."""
        return self if tracks.all() else Entries(self.asset, self.look[tracks[self.look["track"]]])


def looks(track: Track, number: int) -> npt.NDArray[np.void]:
    """Return the moving entries of a track, framing after framing: LOOK[n]. number: by which they call the track."""
    every = [_signs(features) for features in _features(track, _boxes(track))]
    rows = np.flatnonzero(_moving(every[0], _telling(track)))
    thin = np.zeros(len(rows), bool)
    thin[np.unique(np.floor(track.time[rows] / _THIN_SECONDS), return_index=True)[1]] = True
    told = np.empty((len(every), len(rows)), LOOK)
    told["track"], told["time"], told["thin"] = number, track.time[rows], thin
    for framing, bits in enumerate(every):
        told["framing"][framing], told["bits"][framing] = framing, bits[rows]
    return told.reshape(-1)


def sketch(track: Track) -> Sketch:
    """Return what is compared of a track."""
    boxes = _boxes(track)
    features = np.stack(list(_features(track, boxes)))
    bits = _signs(features)
    telling = _telling(track)
    length = np.sqrt((features * features).sum(axis=2, keepdims=True))
    unit = (features / np.maximum(length, 1e-6)).astype(np.float32)
    return Sketch(track.time, unit, bits, telling, _moving(bits[0], telling), track.view, boxes)


def _boxes(track: Track) -> tuple[Box, ...]:
    inside = track.inside or WHOLE
    return (inside, _within(inside, _UPPER), _within(inside, _MIDDLE), *([WHOLE] if track.inside else []))


def _features(track: Track, boxes: Sequence[Box]) -> Iterator[npt.NDArray[np.float64]]:
    flat = track.view.reshape(-1, SIDE * SIDE).astype(np.float64)
    return (flat @ _frequencies(box) for box in boxes)


def _signs(features: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(np.packbits(features > 0, axis=-1)).view(np.uint64)[..., 0]


def _telling(track: Track) -> npt.NDArray[np.bool_]:
    """Return the views in which there is something to see."""
    return part(track.view, track.inside or WHOLE).std(axis=(1, 2)) >= _FLAT


def _within(outer: Box, inner: Box) -> Box:
    """Return a box inside a box as one."""
    left, top, right, bottom = outer
    wide, high = right - left, bottom - top
    return left + inner[0] * wide, top + inner[1] * high, left + inner[2] * wide, top + inner[3] * high


def mirrored(told: Sketch) -> Sketch:
    """Return what the mirrored track would give."""
    return told.mirrored(_mirror_signs())


def _moving(bits: npt.NDArray[np.uint64], telling: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the entries that show something else than the last one that counted."""
    moving = np.zeros(len(bits), bool)
    last: int | None = None
    for at, value in zip(np.flatnonzero(telling).tolist(), bits[telling].tolist(), strict=True):
        if last is None or (value ^ last).bit_count() > _HELD:
            moving[at], last = True, value
    return moving


@lru_cache(maxsize=1)
def _lowest() -> tuple[Rows, Rows]:
    """The 64 lowest frequencies without the constant, down and across; of equals those down first."""
    every = [(down, across) for down in range(9) for across in range(9) if down + across]
    chosen = np.array(sorted(every, key=lambda each: (sum(each), each))[:64], np.int64)
    return chosen[:, 0], chosen[:, 1]


@lru_cache(maxsize=256)
def _frequencies(box: Box) -> npt.NDArray[np.float64]:
    """What makes of a view the lowest 64 frequencies (DCT-II) of what lies in a box: float64[256, 64].

    Each times the root of its frequency: the coarse must not drown the fine. In whole numbers, so that products with
    bytes are exact, on every machine and number of threads.
    """
    down, across = _lowest()
    cosines = np.cos(np.pi / (2 * SIDE) * np.arange(9)[:, None] * (2 * np.arange(SIDE) + 1))
    left, top, right, bottom = box
    rows, columns = (np.einsum("ij,jk->ik", cosines, drawn(*ends)) for ends in ((top, bottom), (left, right)))
    table = rows[down][:, :, None] * columns[across][:, None, :] * np.sqrt(down + across)[:, None, None]
    return np.rint(table.reshape(-1, SIDE * SIDE).T * _SCALE)


@lru_cache(maxsize=1)
def _mirror_signs() -> Floats:
    """What mirroring does to the frequencies: float32[64] of 1 and -1."""
    return np.where(_lowest()[1] % 2, -1, 1).astype(np.float32)


@lru_cache(maxsize=1)
def mirror_bits() -> np.uint64:
    """Return the signs that mirroring turns round."""
    return np.ascontiguousarray(np.packbits(_mirror_signs() < 0)).view(np.uint64)[0]
