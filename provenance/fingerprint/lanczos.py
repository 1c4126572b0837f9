"""Pillow's LANCZOS reduction of a grey picture to 32 x 32, the same bytes for a fifth of the work.

Pillow weighs whole numbers: 8-bit samples by weights of 22 bits after the point, along the rows first, rounded to 8
bits, then along the columns. Such sums are exact in double precision in whatever order they are taken, so a matrix
product gives them on every machine alike. Small pictures are left to Pillow, tall ones too, for some versions begin
those with the columns, and so are all of them where this Pillow turns out to weigh otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 32
_LOBES = 3.0
_POINT = 1 << 22
_WORTH = 1 << 18  # pixels: below, working out the weights of a new size costs more than they save
_ROWS = 64  # taken at a time, so that their doubles stay in the cache
_TOO_NEAR = 1e-4  # of the middle between two whole weights; sines differ by a ten-thousandth of that at the most
_GROUP = 8  # outputs that share one product: their windows overlap

Doubles = npt.NDArray[np.float64]


def reduced(plane: npt.NDArray[np.uint8]) -> Image.Image:
    """Return `resize((32, 32), LANCZOS)` of the picture of mode L that a plane, uint8[height, width], shows."""
    height, width = plane.shape
    if width * height >= _WORTH and height + SIDE <= 2 * width and agrees():
        return Image.fromarray(_reduced(plane))
    return Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _reduced(plane: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = plane.shape
    across = np.empty((height, SIDE))
    for top in range(0, height, _ROWS):
        rows = plane[top : top + _ROWS].astype(np.float64)
        for first, (start, end, weights) in _windows(width):
            across[top : top + _ROWS, first : first + _GROUP] = rows[:, start:end] @ weights
    return _rounded(_weights(height).T @ _rounded(across)).astype(np.uint8)


def _rounded(sums: Doubles) -> Doubles:
    return np.clip(np.floor((sums + _POINT // 2) / _POINT), 0, 255)


@lru_cache(maxsize=16)
def _windows(side: int) -> list[tuple[int, tuple[int, int, Doubles]]]:
    """Return the weights in groups of outputs, each with the samples it needs: first output, (start, end, part)."""
    weights, found = _weights(side), []
    for first in range(0, SIDE, _GROUP):
        part = weights[:, first : first + _GROUP]
        used = np.flatnonzero(part.any(axis=1))
        start, end = int(used[0]), int(used[-1]) + 1
        found.append((first, (start, end, np.ascontiguousarray(part[start:end]))))
    return found


@lru_cache(maxsize=16)
def _weights(side: int) -> Doubles:
    """Return the whole-numbered weights of each sample in each output, float64[side, 32], reckoned as Pillow does."""
    scale = side / SIDE
    stretch = max(scale, 1.0)
    centers = (np.arange(SIDE) + 0.5)[:, None] * scale
    starts = np.maximum((centers - _LOBES * stretch + 0.5).astype(np.int64), 0)
    ends = np.minimum((centers + _LOBES * stretch + 0.5).astype(np.int64), side)
    samples = starts + np.arange((ends - starts).max())
    # Operation by operation as in C.
    places = (samples - centers + 0.5) * (1.0 / stretch)
    places[samples >= ends] = _LOBES  # where the weight is nought
    parts = _shares(places, np.sin) * _POINT
    near = (np.abs(parts - np.floor(parts) - 0.5) < _TOO_NEAR).any(axis=1)
    if near.any():
        # NumPy's sine may differ from the C library's in its last bit, and here that could make another weight.
        parts[near] = _shares(places[near], _sine) * _POINT
    weights = np.zeros((side, SIDE))
    output, at = np.nonzero(samples < ends)
    weights[samples[output, at], output] = np.trunc(parts + np.where(parts < 0, -0.5, 0.5))[output, at]
    return weights


def _shares(places: Doubles, sine: Callable[[Doubles], Doubles]) -> Doubles:
    """Return the Lanczos window at these places, divided by its sum: a row for each output."""
    values = _sinc(places, sine) * _sinc(places / _LOBES, sine)
    values[(places < -_LOBES) | (places >= _LOBES)] = 0
    return values / np.cumsum(values, axis=1)[:, -1:]


def _sinc(places: Doubles, sine: Callable[[Doubles], Doubles]) -> Doubles:
    angles = places * math.pi
    return np.divide(sine(angles), angles, out=np.ones_like(angles), where=angles != 0)


def _sine(angles: Doubles) -> Doubles:
    return np.array([math.sin(angle) for angle in angles.ravel().tolist()]).reshape(angles.shape)


@lru_cache(maxsize=1)
def agrees() -> bool:
    """Return whether this Pillow reduces two drawn planes as we do; other builds of it weigh with fewer bits."""
    chance = np.random.default_rng(7)
    for shape in ((61, 1000), (400, 230)):
        plane = chance.integers(0, 256, shape, np.uint8)
        theirs = Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        if not np.array_equal(_reduced(plane), np.asarray(theirs)):
            return False
    return True
