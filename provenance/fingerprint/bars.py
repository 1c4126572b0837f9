"""Bars: the flat bands round a picture (letterbox, pillarbox, margins of paper) that a copy gains or loses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels; right and bottom are outside

_FLAT = 5.0  # standard deviation, of 255, that compression leaves in a flat line
_EVEN = 8.0  # how far, of 255, a line's mean may lie from that of the outermost one
_LEAST = 0.02  # of the side: thinner bands move no fingerprint
_MOST = 0.75  # of the side: what is left must still be a picture
_TOGETHER = 64  # lines looked at before the next ones


def inner(plane: npt.NDArray[np.uint8]) -> Box | None:
    """Return the box inside the bars of a luma plane (uint8[height, width]); None where there are none worth trimming.

    Bars are of one colour, that of the top or bottom one: white margins inside a letterbox belong to the picture.
    What would leave less than a quarter of a side is no bar but an empty picture.
    """
    height, width = plane.shape
    across, (top, bottom), colour = max(1, width // 256), (0, height), None
    for edge in (0, -1):
        line = plane[edge, ::across].astype(np.float32)
        if colour is None and line.std() <= _FLAT:
            colour = float(line.mean())
            top, bottom = _ends(plane[:, ::across], colour)
    if bottom - top < (1 - _MOST) * height:
        return None
    sides = plane[top : bottom : max(1, height // 256)].T
    left, right = _ends(sides, float(sides[0].mean()) if colour is None else colour)
    if right - left < (1 - _MOST) * width:
        return None
    thin = max(top, height - bottom) < _LEAST * height and max(left, width - right) < _LEAST * width
    return None if thin else (left, top, right, bottom)


def _ends(lines: npt.NDArray[np.uint8], colour: float) -> tuple[int, int]:
    """Return the first line that is no bar of this colour, and the first of the bar after it."""
    before = _bar(lines, colour)
    return (0, 0) if before == len(lines) else (before, len(lines) - _bar(lines[::-1], colour))


def _bar(lines: npt.NDArray[np.uint8], colour: float) -> int:
    """Return how many lines from the first on are of this colour: few are looked at where there is no bar."""
    for start in range(0, len(lines), _TOGETHER):
        sample = lines[start : start + _TOGETHER].astype(np.float32)
        bar = (sample.std(axis=1) <= _FLAT) & (np.abs(sample.mean(axis=1) - colour) <= _EVEN)
        if not bar.all():
            return start + int(np.argmin(bar))
    return len(lines)
