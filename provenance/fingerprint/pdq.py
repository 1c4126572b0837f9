"""PDQ, the perceptual hash of 256 bits, computed from a picture's luma exactly as published, at its full size.

`pdq-256`: Jarosz box filter twice along each axis (window ceil(side / 128)), sampled at 64 x 64 points, the 16 x 16
lowest non-constant DCT-II coefficients, one bit each: above the median or not. 32 bytes, in the order of PDQ's hex
form. `quality` (0 to 100) sums the steps between neighbouring samples: a low one means that there is little to see.

The filter and the sampling are linear and separable, so they are two sparse products: the same numbers as a running
box, but only the 64 x 64 samples are ever computed. Luma is Pillow's 8-bit BT.601; its rounding can turn a bit of a
coefficient that equals the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import sparse

from provenance.fingerprint.glance import SIDE, quality

BITS = 256
_FREQUENCIES = 16
_WINDOWS = 128  # the box is as wide as the side divided by this, rounded up
_VIEW_STEPS, _DCT_STEPS = 2.0**12, 2.0**24  # to a level of luma, and to a weight of one

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pdq:
    """A hash of 32 bytes and its quality, 0 to 100."""

    hash: bytes
    quality: int


def luma(image: Image.Image, paper: int = 255) -> npt.NDArray[np.uint8]:
    """Return the picture's luma, uint8[height, width]; what is transparent shows grey paper of that level behind it."""
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGBA", image.size, (paper, paper, paper, 255))
        image.alpha_composite(seen)
    return np.asarray(image if image.mode == "L" else image.convert("L"))


def samples(plane: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return PDQ's 64 x 64 view of a luma plane: filtered and sampled, float32[64, 64] in 0..255."""
    height, width = plane.shape
    rows = _filter(height) @ plane.astype(np.float32)
    return np.ascontiguousarray((_filter(width) @ rows.T).T)


def of_samples(view: npt.NDArray[np.float32]) -> Pdq:
    """Return the hash of a 64 x 64 view."""
    # Whole numbers below 2^53, so every sum is exact: the same bits on every processor and number of threads, and a
    # coefficient that is nought by symmetry is nought, where rounding would make a bit of it by chance.
    dct = _dct()
    down = np.rint(dct @ np.rint(view.astype(np.float64) * _VIEW_STEPS) / _DCT_STEPS)
    coefficients = down @ dct.T
    median = np.partition(coefficients.ravel(), BITS // 2 - 1)[BITS // 2 - 1]
    return Pdq(pack((coefficients > median).astype(np.uint8)), quality(view))


def measure(image: Image.Image) -> Pdq:
    """Return a picture's PDQ hash and quality."""
    return of_samples(samples(luma(image)))


def pack(bits: Bits) -> bytes:
    """Return 16 x 16 bits (row: vertical frequency) as the 32 bytes of PDQ's hex form."""
    return np.packbits(bits.reshape(-1), bitorder="little")[::-1].tobytes()


def unpack(hashes: npt.NDArray[np.uint8]) -> Bits:
    """Return uint8[n, 32] hashes as uint8[n, 16, 16] bits."""
    return np.unpackbits(hashes[:, ::-1], axis=1, bitorder="little").reshape(-1, _FREQUENCIES, _FREQUENCIES)


def turned(hashes: npt.NDArray[np.uint8], form: str) -> npt.NDArray[np.uint8]:
    """Return what the hashes (uint8[n, 32]) would be of the mirrored or turned pictures, as far as bits can tell.

    form: one of FORMS. Mirroring changes the sign of every other frequency, so its bit; coefficients between nought and
    the median may come out wrong, a handful of the 256.
    """
    bits = unpack(hashes)
    transpose, down, across = FORMS[form]
    if transpose:
        bits = bits.transpose(0, 2, 1)
    odd = (np.arange(_FREQUENCIES) % 2 == 0).astype(np.uint8)  # index 0 is the first frequency: odd about the middle
    if down:
        bits = bits ^ odd[None, :, None]
    if across:
        bits = bits ^ odd[None, None, :]
    return np.packbits(bits.reshape(len(bits), BITS), axis=1, bitorder="little")[:, ::-1].copy()


# name -> (transpose first, then flip top to bottom, then flip left to right)
FORMS = {
    "upright": (False, False, False),
    "mirror": (False, False, True),
    "flip": (False, True, False),
    "turn-180": (False, True, True),
    "transpose": (True, False, False),
    "turn-90": (True, True, False),  # counter-clockwise
    "turn-270": (True, False, True),
    "transverse": (True, True, True),
}


def turn(view: npt.NDArray[np.generic], form: str) -> npt.NDArray[np.generic]:
    """Return a square view mirrored or turned as `turned` means it."""
    transpose, down, across = FORMS[form]
    view = view.T if transpose else view
    return view[:: -1 if down else 1, :: -1 if across else 1]


@lru_cache(maxsize=64)
def _filter(side: int) -> sparse.csr_matrix:
    """The box filter twice and the sampling, along an axis of `side` samples: float32[64, side]."""
    window = (side + _WINDOWS - 1) // _WINDOWS
    right = (window + 2) // 2 - 1
    left = window - 1 - right
    at = np.arange(side)
    low, high = np.maximum(at - left, 0), np.minimum(at + right, side - 1)
    counts = high - low + 1
    ends = np.concatenate(([0], np.cumsum(counts)))
    columns = np.arange(ends[-1]) + np.repeat(low - ends[:-1], counts)
    box = sparse.csr_matrix((np.repeat(1.0 / counts, counts), columns, ends), shape=(side, side))
    points = ((np.arange(SIDE) + 0.5) * side / SIDE).astype(np.int64)
    return (box[points] @ box).astype(np.float32).tocsr()


@lru_cache(maxsize=1)
def _dct() -> npt.NDArray[np.float64]:
    frequency, place = np.arange(1, _FREQUENCIES + 1)[:, None], np.arange(SIDE)[None, :]
    return np.rint(_DCT_STEPS * np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * frequency * (2 * place + 1)))
