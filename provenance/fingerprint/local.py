"""Local features: corners of a picture and what is round them, by which a crop or an inset is known again.

`corner-dct63-v2`: the luma plane is reduced to 384 pixels on its longer side, and that to eight sizes below, each
2^(-1/3) of the one before: a picture shown inside another at a sixth of its side still meets itself. Each is smoothed
with the binomial 1 4 6 4 1 along both axes. On each, Harris corners that are not near a stronger one: the strongest of
each of 8 x 8 parts, then the second of each, as many as there is room for; round each, a window of 24 x 24 pixels,
sampled at 12 x 12 and transformed (DCT-II); its descriptor is the signs of the 8 x 8 lowest coefficients without the
constant one, 63 bits. They hold under compression, changes of tone, scale and turns of a few degrees. The window is
symmetric about the corner, so `mirrored` tells the descriptors of the mirrored picture.

Stored as FEATURE records, little-endian: descriptor, the corner's place as shares of width and height (0..65535), and
the number of the size on which it was found. Coefficients are sums of whole numbers, exact in any order: no library and
no processor turns a bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

FEATURE = np.dtype([("bits", "<u8"), ("x", "<u2"), ("y", "<u2"), ("size", "u1")])
STEPS = 3  # sizes from one to its half

_SIDE = 384
_EACH = (72, 64, 56, 48, 40, 32, 24, 16, 12)  # corners kept on each size
_SAMPLES, _APART_SAMPLES = 12, 2  # of the window
_HALF = _SAMPLES * _APART_SAMPLES // 2
_LOW = 8
_GRID = 8  # parts along a side
_APART = 4  # pixels between corners
_STRENGTH = 40.0  # below it, a corner is noise of a flat field
_ONE = 256.0  # a level of luma, once smoothed
_FRAME = 5  # samples round a plane: what smoothing (2), slopes (1) and their means (2) reach beyond it

Plane = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]
Samples = npt.NDArray[np.float32]


def features(plane: Plane) -> bytes:
    """Return the FEATURE records of a luma plane, uint8[height, width]; none for one that is flat or tiny."""
    height, width = plane.shape
    shown = [Image.fromarray(plane)]
    found, seen = [], []
    for number, most in enumerate(_EACH):
        scale = _SIDE * 2 ** (-number / STEPS) / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if min(size) <= 2 * _APART:
            break
        # From the one of twice the size: as good as from the whole, and far cheaper.
        source = shown[max(min(number, 1), number + 1 - STEPS)]
        shown.append(source.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0))
        level = _smoothed(np.asarray(shown[-1]))
        rows, columns = _corners(level, most)
        seen.append(_windows(level, rows, columns))
        record = np.empty(len(rows), FEATURE)
        record["x"] = np.rint((columns + 0.5) / size[0] * 65535)
        record["y"] = np.rint((rows + 0.5) / size[1] * 65535)
        record["size"] = number
        found.append(record)
    if not found:
        return b""
    # All at once: sizes have few corners each.
    records = np.concatenate(found)
    records["bits"] = _described(np.concatenate(seen))
    return records.tobytes()


def mirrored(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return what the descriptors would be in the picture mirrored left to right."""
    return bits ^ np.uint64(_ACROSS)


@dataclass(frozen=True)
class _Level:
    """A smoothed plane with a frame round it, row after row: the sample at (row, column) is flat[row * wide + column +
    frame * (wide + 1)]. Sums of shifted copies are then sums of plain runs, three times faster than of windows; what
    wraps round a row's end stays in the frame."""

    flat: Samples
    wide: int
    height: int
    width: int


def _smoothed(plane: Plane) -> _Level:
    """Return the plane smoothed, 256 to a level of luma: whole numbers."""
    height, width = plane.shape
    framed = np.empty((height + 2 * _FRAME, width + 2 * _FRAME), np.uint16)
    framed[_FRAME:-_FRAME, _FRAME:-_FRAME] = plane
    framed[_FRAME:-_FRAME, :_FRAME] = plane[:, :1]
    framed[_FRAME:-_FRAME, -_FRAME:] = plane[:, -1:]
    framed[:_FRAME] = framed[_FRAME]
    framed[-_FRAME:] = framed[-_FRAME - 1]
    wide = framed.shape[1]
    sums = framed.reshape(-1)
    for step in (wide, 1):
        for _ in range(4):
            sums = sums[step:] + sums[:-step]
    return _Level(sums.astype(np.float32), wide, height, width)


def _corners(level: _Level, most: int) -> tuple[Rows, Rows]:
    """Return rows and columns of the corners that are kept, strongest first."""
    flat, wide = level.flat, level.wide
    length = len(flat) - 2 * wide - 2
    down = flat[2 * wide + 1 :][:length] - flat[1:][:length]
    across = flat[wide + 2 :][:length] - flat[wide:][:length]
    down *= np.float32(0.5 / _ONE)
    across *= np.float32(0.5 / _ONE)
    ab = _box(down * across, wide)
    down *= down
    across *= across
    aa, bb = _box(down, wide), _box(across, wide)
    trace = aa + bb
    aa *= bb
    ab *= ab
    aa -= ab
    trace *= trace
    trace *= np.float32(0.05)
    strength = np.zeros((level.height + 2 * _APART, level.width + 2 * _APART), np.float32)
    held = np.zeros(level.height * wide, np.float32)
    np.subtract(aa, trace, out=held[: len(aa)])
    strength[_APART:-_APART, _APART:-_APART] = held.reshape(level.height, wide)[:, : level.width]
    span = strength.shape[1]
    highest = _highest(strength.reshape(-1), span)
    own = strength.reshape(-1)[_APART * (span + 1) :][: len(highest)]
    at = np.flatnonzero((own == highest) & (own > _STRENGTH))
    at = at[np.argsort(-own[at], kind="stable")]
    rows, columns = at // span, at % span
    # A caption has the sharpest corners of all, and a small inset faint ones: no part uses up the places of the others.
    part = rows * _GRID // level.height * _GRID + columns * _GRID // level.width
    together = np.argsort(part, kind="stable")
    before = np.empty_like(part)
    before[together] = np.arange(len(part)) - np.searchsorted(part[together], part[together])
    kept = np.argsort(before, kind="stable")[:most]
    return rows[kept], columns[kept]


def _box(plane: Samples, wide: int) -> Samples:
    """Return the means over 5 x 5; the first belongs to the sample two rows and two columns on."""
    for step in (wide, 1):
        two = plane[:-step] + plane[step:]
        five = two[: -3 * step] + two[2 * step : -step]
        five += plane[4 * step :]
        plane = five
    plane *= np.float32(1 / 25)
    return plane


def _highest(plane: Samples, wide: int) -> Samples:
    """Return the highest of the (2 * _APART + 1)^2 round each sample; the first belongs to (_APART, _APART)."""
    for step in (wide, 1):
        for times in (1, 2, 4, 1):
            plane = np.maximum(plane[times * step :], plane[: -times * step])
    return plane


def _windows(level: _Level, rows: Rows, columns: Rows) -> Samples:
    """Return what is round each corner, float32[n, 12, 12]; what lies over the edge repeats the edge."""
    offsets = np.arange(_SAMPLES) * _APART_SAMPLES + _APART_SAMPLES // 2 - _HALF
    down = np.clip(rows[:, None] + offsets, 0, level.height - 1) * level.wide
    across = np.clip(columns[:, None] + offsets, 0, level.width - 1) + (_FRAME - 2) * (level.wide + 1)
    return level.flat[down[:, :, None] + across[:, None, :]]


def _described(windows: Samples) -> npt.NDArray[np.uint64]:
    # Two products of one tall matrix: of thousands of small ones, most of the time is their calls.
    count, dct = len(windows), _dct()
    across = windows.astype(np.float64).reshape(-1, _SAMPLES) @ dct.T
    down = across.reshape(count, _SAMPLES, _LOW).transpose(0, 2, 1).reshape(-1, _SAMPLES) @ dct.T
    low = down.reshape(count, _LOW, _LOW).transpose(0, 2, 1)
    bits = (low > 0).reshape(count, _LOW * _LOW)
    bits[:, 0] = False
    return np.packbits(bits, axis=1).view(">u8").reshape(-1).astype(np.uint64)


@lru_cache(maxsize=1)
def _dct() -> npt.NDArray[np.float64]:
    frequency, place = np.arange(_LOW)[:, None], np.arange(_SAMPLES)[None, :]
    return np.rint(64 * np.cos(np.pi / (2 * _SAMPLES) * frequency * (2 * place + 1)))


# Mirroring changes the sign of every other frequency across.
_ACROSS = int("".join("01" * (_LOW // 2) for _ in range(_LOW)), 2)
