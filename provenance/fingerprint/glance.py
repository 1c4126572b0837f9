"""What PDQ sees of a picture, 64 x 64 samples of luma: how much there is to see in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIDE = 64
BLANK_QUALITY = 10  # below it, PDQ of two strangers may agree
_INK = 8  # levels of luma: more than compression leaves on flat paper


def quality(view: npt.NDArray[np.float32]) -> int:
    """Return PDQ's measure of a 64 x 64 view: 0 for a flat picture, 100 for one with plenty of edges."""
    steps = sum(int(np.abs(np.trunc(np.diff(view, axis=axis) * 100 / 255)).sum()) for axis in (0, 1))
    return min(100, steps // 90)


def near_blank(glance: bytes) -> bool:
    """Return whether there is something in the picture, yet too little for any fingerprint to know it again.

    Something: samples that stand out from the paper, fewer than one in a hundred. A flat picture has nothing in it.
    """
    view = np.frombuffer(glance, np.uint8).reshape(SIDE, SIDE).astype(np.float32)
    if quality(view) >= BLANK_QUALITY:
        return False
    away = np.abs(view - np.median(view))
    return bool(away.max() > _INK and (away > _INK).mean() < 0.01)
