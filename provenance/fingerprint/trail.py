"""What a video shows between the frames that a build takes: small grey views, eight a second.

`trail-16`: for each grid point of 1/8 s from the start of the track the first frame decoded at or after it, as

    uint32 milliseconds from the start, uint32 number of the shot (0: not looked for), 16 x 16 bytes

little-endian, 264 bytes. The bytes are means of the decoder's own luma over equal parts of the picture as stored: rows
from the top, levels (limited or full range) and direction as coded. They are made from the thumbnail that the search
for cuts takes anyway, in whole numbers, so that they cost next to nothing and are the same on every machine. Good for
comparing only.

One record belongs to one frame taken and holds the entries since the record before; the track's last holds the rest.
The records of a track, end to end, are its trail.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIDE = 16
PER_SECOND = 8
ENTRY = np.dtype([("ms", "<u4"), ("shot", "<u4"), ("view", "u1", (SIDE, SIDE))])
MOST_ENTRIES = 8192  # of one record, 17 minutes: whoever takes a frame an hour has no use for more

Views = npt.NDArray[np.uint8]


class Trail:
    """Gathers the entries of one track, frames in presentation order."""

    def __init__(self) -> None:
        self._point = 0  # the next grid point that has no entry yet
        self._held: list[bytes] = []

    def wants(self, time: Fraction) -> bool:
        """Return whether a frame at this time, seconds from the start, gives an entry."""
        return time * PER_SECOND >= self._point

    def add(self, time: Fraction, shot: int | None, thumb: Views) -> None:
        """Take the frame's luma thumbnail, 2-D uint8 of any size. Time must be wanted."""
        self._point = int(time * PER_SECOND // 1) + 1
        if len(self._held) < MOST_ENTRIES:
            entry = np.zeros((), ENTRY)
            entry["ms"], entry["shot"], entry["view"] = min(int(time * 1000), 2**32 - 1), shot or 0, view(thumb)
            self._held.append(entry.tobytes())

    def take(self) -> bytes:
        """Return the entries since the last call, as one record."""
        record, self._held = b"".join(self._held), []
        return record


def view(thumb: Views) -> Views:
    """Return the means over 16 x 16 equal parts of a 2-D uint8 picture, rounded; samples on a border count by share."""
    down, across = _shares(thumb.shape[0]), _shares(thumb.shape[1])
    area = thumb.shape[0] * thumb.shape[1]
    return ((down @ thumb.astype(np.int32) @ across.T + area // 2) // area).astype(np.uint8)


@lru_cache(maxsize=64)
def _shares(samples: int) -> npt.NDArray[np.int32]:
    """How much of each sample lies in each of 16 equal parts, in sixteenths of a sample: int32[16, samples]."""
    at, part = np.arange(samples) * SIDE, np.arange(SIDE)[:, None] * samples
    return np.maximum(np.minimum(at + SIDE, part + samples) - np.maximum(at, part), 0).astype(np.int32)


def unpack(records: bytes) -> npt.NDArray[np.void]:
    """Return records laid end to end as an array of ENTRY. ValueError when they are not whole entries."""
    return np.frombuffer(records, ENTRY)
