"""Hashes of archives that are not: strangers and copies, slates and black frames."""

from __future__ import annotations

import numpy as np


def random_hashes(count: int, width: int, seed: int) -> np.ndarray:
    """Random hashes of which every other one is a copy of another, some bits off."""
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 1 << 63, (count, width), dtype=np.uint64) * np.uint64(2)
    copies = chance.integers(0, count, count // 2)
    hashes[: count // 2] = hashes[copies]
    for _ in range(12 * width // 2):
        at = chance.integers(0, count, count // 2)
        bit = np.uint64(1) << chance.integers(0, 64, count // 2, dtype=np.uint64)
        hashes[at, chance.integers(0, width, count // 2)] ^= bit
    return hashes


def slates(count: int, width: int, seed: int) -> np.ndarray:
    """Random hashes of which a fifth are copies, or near copies, of three slates and a black frame."""
    chance = np.random.default_rng(seed)
    hashes = random_hashes(count, width, seed)
    slates = chance.integers(0, 1 << 63, (4, width), dtype=np.uint64)
    slates[0] = 0
    crowd = chance.choice(count, count // 5, replace=False)
    hashes[crowd] = slates[chance.integers(0, 4, len(crowd))]
    for _ in range(4):
        some = chance.choice(crowd, len(crowd) // 2, replace=False)
        hashes[some, chance.integers(0, width, len(some))] ^= np.uint64(1) << chance.integers(
            0, 64, len(some), np.uint64
        )
    return hashes
