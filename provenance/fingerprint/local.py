"""Local features: corners of a picture and what is round them, by which a crop is known inside the whole.

`corner-dct63-v1`: the luma plane is reduced to 256 pixels on its longer side, and that to four sizes below, each
2^(-1/3) of the one before. On each, the strongest Harris corners that are not near a stronger one, at most twice the
fair share of each sixteenth of the picture; round each, a window of 24 x 24 pixels, smoothed, sampled at 12 x 12 and
transformed (DCT-II); its descriptor is the signs of the 8 x 8 lowest coefficients without the constant one, 63 bits.
They hold under compression, changes of tone, scale and turns of a few degrees; a mirrored crop is not found.

Stored as FEATURE records, little-endian: descriptor, and the corner's place as shares of width and height (0..65535).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

FEATURE = np.dtype([("bits", "<u8"), ("x", "<u2"), ("y", "<u2")])

_SIDE = 256
_STEPS = (1.0, 2 ** (-1 / 3), 2 ** (-2 / 3), 0.5, 2 ** (-4 / 3))
_EACH = (32, 28, 24, 18, 12)  # corners kept on each size
_HALF = 12  # of the window
_SAMPLES = 12
_LOW = 8
_GRID, _SHARE = 4, 2  # parts along a side; how many times its fair share of corners one part may have
_APART = 4  # pixels between corners
_STRENGTH = 40.0  # below it, a corner is noise of a flat field

Plane = npt.NDArray[np.uint8]


def features(plane: Plane) -> bytes:
    """Return the FEATURE records of a luma plane, uint8[height, width]; none for one that is flat or tiny."""
    height, width = plane.shape
    image = Image.fromarray(plane)
    found = []
    for step, most in zip(_STEPS, _EACH, strict=True):
        scale = _SIDE * step / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if min(size) <= 2 * _APART:
            continue
        shown = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
        if step == 1:
            image = shown
        level = ndimage.gaussian_filter(np.asarray(shown).astype(np.float32), 1.0)
        rows, columns = _corners(level, most)
        if not len(rows):
            continue
        record = np.empty(len(rows), FEATURE)
        record["bits"] = _described(level, rows, columns)
        record["x"] = np.rint((columns + 0.5) / size[0] * 65535)
        record["y"] = np.rint((rows + 0.5) / size[1] * 65535)
        found.append(record)
    return np.concatenate(found).tobytes() if found else b""


def _corners(level: npt.NDArray[np.float32], most: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    down, across = np.gradient(level)
    aa, bb, ab = (ndimage.uniform_filter(each, 5) for each in (down * down, across * across, down * across))
    strength = aa * bb - ab * ab - 0.05 * (aa + bb) ** 2
    peak = strength == _highest(_highest(strength).T).T
    rows, columns = np.nonzero(peak & (strength > _STRENGTH))
    order = np.argsort(-strength[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    # A caption has the sharpest corners of all: no part of the picture may use up the places of the others.
    part = rows * _GRID // level.shape[0] * _GRID + columns * _GRID // level.shape[1]
    grouped = np.argsort(part, kind="stable")
    parts, first = np.unique(part[grouped], return_index=True)
    before = np.empty(len(part), np.int64)  # stronger corners in the same part
    before[grouped] = np.arange(len(part)) - first[np.searchsorted(parts, part[grouped])]
    kept = np.flatnonzero(before < max(2, most * _SHARE // _GRID**2))[:most]
    return rows[kept], columns[kept]


def _highest(lines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return at each place the highest value within `_APART` lines of it: by doubling, so four steps for nine lines."""
    padded = np.full((len(lines) + 2 * _APART, lines.shape[1]), -np.inf, np.float32)
    padded[_APART:-_APART] = lines
    high, width = padded, 1
    while 2 * width <= 2 * _APART + 1:
        high, width = np.maximum(high[width:], high[:-width]), 2 * width
    return np.maximum(high[: len(lines)], high[2 * _APART + 1 - width :])


def _described(
    level: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    padded = np.pad(level, _HALF, mode="reflect")
    offsets = np.arange(_SAMPLES) * (2 * _HALF // _SAMPLES)
    windows = padded[
        (rows[:, None] + offsets)[:, :, None],
        (columns[:, None] + offsets)[:, None, :],
    ]
    dct = _dct()
    low = np.einsum("ij,njk,lk->nil", dct, windows, dct, optimize=["einsum_path", (0, 1), (0, 1)])
    signs = low.reshape(len(rows), -1)[:, 1:] > 0
    bits = np.zeros((len(rows), 64), np.uint8)
    bits[:, 1:] = signs
    return np.packbits(bits, axis=1).view(">u8").reshape(-1).astype(np.uint64)


@lru_cache(maxsize=1)
def _dct() -> npt.NDArray[np.float32]:
    frequency, place = np.arange(_LOW)[:, None], np.arange(_SAMPLES)[None, :]
    return np.cos(np.pi / (2 * _SAMPLES) * frequency * (2 * place + 1)).astype(np.float32)
