"""All pairs of hashes within a Hamming distance: exact, none missed, none invented.

Hashes are rows of unsigned 64-bit words, uint64[n, words]. Up to a few thousand are compared each with each; beyond,
multi-index hashing (`_multi_index`) looks only where a neighbour can be; beyond what memory should hold, the same goes
through a directory (`_spilled`), and over an engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from provenance import engines
from provenance.engines import Engine

Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

EVERY = 1 << 62
IN_MEMORY = 256 << 20  # bytes of hashes: the join takes about six times as much
PIECE = 1 << 21
_EACH_WITH_EACH = 6_000
_BLOCK = 1 << 22  # distances held at once


@dataclass(frozen=True)
class Pairs:
    """Neighbours: rows `a` and `b` with their distance in bits. Between two sets, a of the first and b of the second;
    within one, a < b. In the order of a, then b. capped, oversized: rows that had more neighbours than were asked for,
    and buckets that were looked into only so far: black frames, slates, colour bars."""

    a: Rows
    b: Rows
    distance: npt.NDArray[np.uint16]
    capped: int = 0
    oversized: int = 0

    def __len__(self) -> int:
        return len(self.a)


def words(hashes: npt.NDArray[np.uint8]) -> Words:
    """Return uint8[n, bytes] hashes as the words that are compared; the number of bytes is a multiple of eight."""
    return np.ascontiguousarray(hashes).view(np.uint64)


def within(
    hashes: Words, radius: int, others: Words | None = None, *, most: int = EVERY, in_memory: int = IN_MEMORY
) -> Pairs:
    """Return every pair of the set, or of the set and the others, that is at most `radius` bits apart.

    most: for sets in which thousands are near copies of one, how many neighbours a row may meet in one band; oversized
    buckets are not looked through then. Without it nothing is left out. Few hashes are compared each with each, and
    never capped. in_memory: bytes of hashes; more are joined through a temporary directory.
    """
    second = hashes if others is None else others
    if len(hashes) * len(second) <= _EACH_WITH_EACH**2:
        return _each_with_each(hashes, second, radius, own=others is None)
    if hashes.nbytes + (0 if others is None else others.nbytes) > in_memory:
        piece = max(1, in_memory // (8 * hashes.itemsize * hashes.shape[1]))
        with tempfile.TemporaryDirectory(prefix="neighbours-") as folder:
            return _joined(list(spilled(hashes, radius, Path(folder), others, most=most, piece=piece)))
    from provenance.dedup import _multi_index as index  # compiled at first use: small archives never wait for it

    found = index.self_join(hashes, radius, most) if others is None else index.cross_join(hashes, others, radius, most)
    a, b, distance, cuts = found
    return _joined([Pairs(a, b, distance, cuts.rows, cuts.buckets)])


def spilled(
    hashes: Words,
    radius: int,
    folder: Path,
    others: Words | None = None,
    *,
    most: int = EVERY,
    piece: int = PIECE,
    engine: Engine | None = None,
    workers: int = 1,
) -> Iterator[Pairs]:
    """Yield the same pairs part by part, each once, in an order that does not depend on engine or workers.

    hashes, others: also arrays that are mapped from a file. folder: where the pieces of the join are put, 8 + 8 * words
    bytes of each hash for each band; one that a killed run left may be given again. piece: hashes of one unit of work,
    which holds two. CommitError where a worker dies time and again.
    """
    from provenance.dedup import _spilled

    sets = [hashes] if others is None else [hashes, others]
    found = _spilled.spilled_join(sets, radius, most, folder, piece, engine or engines.find("local"), workers)
    for told, cuts in found:
        yield Pairs(*told, cuts.rows, cuts.buckets)


def _joined(parts: list[Pairs]) -> Pairs:
    a, b, distance = (np.concatenate([getattr(part, name) for part in parts]) for name in ("a", "b", "distance"))
    order = np.argsort(a << 32 | b)  # each pair is told once: as good as by a, then b, and twice as fast
    capped, oversized = sum(part.capped for part in parts), sum(part.oversized for part in parts)
    return Pairs(a[order], b[order], distance[order], capped, oversized)


def _each_with_each(first: Words, second: Words, radius: int, *, own: bool) -> Pairs:
    a: list[Rows] = []
    b: list[Rows] = []
    bits: list[npt.NDArray[np.uint16]] = []
    step = max(1, _BLOCK // max(1, len(second)))
    for start in range(0, len(first), step):
        block = first[start : start + step]
        distance = np.zeros((len(block), len(second)), np.uint16)
        for word in range(first.shape[1]):
            distance += np.bitwise_count(block[:, word, None] ^ second[None, :, word])
        near_a, near_b = np.nonzero(distance <= radius)
        keep = near_b > near_a + start if own else slice(None)
        a.append((near_a + start)[keep])
        b.append(near_b[keep])
        bits.append(distance[near_a, near_b][keep])
    if not a:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint16))
    return Pairs(np.concatenate(a), np.concatenate(b), np.concatenate(bits))
