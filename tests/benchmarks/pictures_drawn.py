"""Fingerprints of pictures that never were: what a search over them costs, without decoding any."""

from __future__ import annotations

import numpy as np

from provenance.dedup.likeness import SIDE
from provenance.dedup.pictures import Pictures
from provenance.fingerprint.local import FEATURE

CORNERS = 290  # as many as frames and paintings have on the average


def drawn(count: int, seed: int = 3) -> Pictures:
    """Return fingerprints of strangers of which a tenth are copies of others."""
    chance = np.random.default_rng(seed)
    copies, of = np.arange(0, count, 10), chance.integers(0, count, len(range(0, count, 10)))
    whole = chance.integers(0, 256, (count, 32), np.uint8)
    glance = np.repeat(np.repeat(chance.integers(0, 256, (count, SIDE // 8, SIDE // 8), np.uint8), 8, 1), 8, 2)
    corners = np.empty((count, CORNERS), FEATURE)
    corners["bits"] = chance.integers(0, 1 << 63, corners.shape, np.uint64)
    for name in ("x", "y"):
        corners[name] = chance.integers(0, 1 << 16, corners.shape, np.uint16)
    corners["size"] = 0
    for each in (whole, glance, corners):
        each[copies] = each[of]
    return Pictures(
        whole=whole,
        quality=np.full(count, 100),
        inside=np.zeros((count, 32), np.uint8),
        glance=glance,
        inside_glance=np.zeros_like(glance),
        size=np.full((count, 2), 1000, np.float32),
        local=np.array([each.tobytes() for each in corners], object),
    )
