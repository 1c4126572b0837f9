"""Units of work: which assets go together, and the key that names a unit's result.

Extraction is a pure function of bytes, extractors and their options, so resume, incremental rebuild, retries and a lost
worker are one question: is the result for this key committed, or finished and waiting, or not?

Boundaries are content-defined: a unit ends after an asset whose path hashes to a marker, so that a file added or
removed moves the borders of its own unit and no other's. Caps on count and bytes keep units small enough to lose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from provenance.archive.sequences import Asset
from provenance.archive.walk import Found
from provenance.model.words import canonical_json, sha256_hex

MARKER_EVERY = 32
MOST_ASSETS = 128
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """What a custody list says of one file: the hash it was sealed with."""

    path: bytes
    algorithm: str
    digest: str
    source: str


@dataclass(frozen=True, slots=True)
class Planned:
    """One asset of a unit, with the sidecars and custody entries that concern it."""

    asset: Asset
    sidecars: tuple[Found, ...] = ()
    expected: tuple[Expected, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """Assets that one worker reads in one go."""

    number: int
    assets: tuple[Planned, ...]


def plan(assets: Iterable[Planned]) -> Iterator[Unit]:
    """Group assets, given in byte order of their paths, into units. Lazy; holds one unit at a time."""
    number, held, size = 0, list[Planned](), 0
    for planned in assets:
        weight = sum(file.size for file in planned.asset.files)
        if held and size + weight > MOST_BYTES:
            yield Unit(number, tuple(held))
            number, held, size = number + 1, [], 0
        held.append(planned)
        size += weight
        if _marks(planned.asset.path) or len(held) >= MOST_ASSETS or size > MOST_BYTES:
            yield Unit(number, tuple(held))
            number, held, size = number + 1, [], 0
    if held:
        yield Unit(number, tuple(held))


def _marks(path: bytes) -> bool:
    return int.from_bytes(hashlib.sha256(path).digest()[:4], "big") % MARKER_EVERY == 0


def key(toolset: Sequence[str], dataset: str, unit: Unit, digests: Sequence[Sequence[str]]) -> str:
    """Return the name of a unit's result.

    digests: for each asset, one entry per file and then one per sidecar: its SHA-256, or `!cause` when it cannot be
    read. Rights are not in it: a change of rights re-extracts nothing.
    """
    told = []
    for planned, found in zip(unit.assets, digests, strict=True):
        asset = planned.asset
        paths = [file.path.hex() for file in asset.files] + [sidecar.path.hex() for sidecar in planned.sidecars]
        expected = [[entry.path.hex(), entry.algorithm, entry.digest] for entry in planned.expected]
        told.append([asset.path.hex(), asset.type, paths, list(found), list(asset.missing), expected])
    return sha256_hex(canonical_json(["provenance-unit-v1", dataset, list(toolset), told]))
