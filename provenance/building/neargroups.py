"""The near groups of a version: fingerprints read from its shards, joined, and numbered by their first row.

A pure function of the items: a build that kept most units from the version before gives the same groups as one from
scratch. Where units were only added, the groups of the old ones stand and only what is new is joined with all.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.dataset.shard import ShardInfo, read_columns
from provenance.dataset.store import Store
from provenance.dedup import pictures, texts
from provenance.dedup.groups import grouped
from provenance.dedup.pictures import Pictures
from provenance.model.words import Kind

NAME = "near-v1"  # what a version's groups were made by; another rule has another name

Rows = npt.NDArray[np.int64]

_PICTURE = [
    "width", "height", "pdq_256", "pdq_quality", "trimmed_pdq_256", "glance_64", "trimmed_glance_64", "local_features"
]  # fmt: skip
_GLANCE = pictures.SIDE * pictures.SIDE


@dataclass(frozen=True)
class Part:
    """The shards of one unit. kept: for a unit of the version before, the near group of each of its rows there,
    counted from the version's own first row; None for what is new."""

    shards: tuple[ShardInfo, ...]
    kept: Rows | None = None


def near_groups(store: Store, dataset: str, parts: Sequence[Part], exact: Rows) -> tuple[Rows, Counter[str]]:
    """Return for every index row the first row of its near-duplicates, int64[rows], and what was counted.

    parts: the units in the order of the index. exact: the exact groups; their members are near, too.
    """
    count = len(exact)
    # Exact copies are one row of the join.
    first = exact == np.arange(count)
    links = [(exact, np.arange(count, dtype=np.int64))]
    new = np.ones(count, bool)
    at = 0
    for part in parts:
        size = sum(shard.rows for shard in part.shards)
        if part.kept is not None:
            links.append((part.kept, np.arange(at, at + size, dtype=np.int64)))
            new[at : at + size] = False
        at += size
    told: Counter[str] = Counter()
    if new.any():
        rows, sketched = load_pictures(store, dataset, parts, first)
        found = pictures.near_pairs(sketched, new[rows])
        a, b = found.near()
        links.append((rows[a], rows[b]))
        told += found.counts
        rows, sketches = load_texts(store, dataset, parts, first)
        a, b, counts = texts.near_pairs(sketches)
        links.append((rows[a], rows[b]))
        told += counts
    return grouped(count, *(np.concatenate(ends) for ends in zip(*links, strict=True))), told


def load_pictures(
    store: Store, dataset: str, parts: Sequence[Part], wanted: npt.NDArray[np.bool_]
) -> tuple[Rows, Pictures]:
    """Return the index rows of the wanted pictures that have fingerprints, and these. wanted: bool[index rows]."""
    rows: list[Rows] = []
    held: list[Pictures] = []
    for at, table in _tables(store, dataset, parts, (Kind.FRAMES, Kind.ART), _PICTURE):
        have = np.flatnonzero(wanted[at : at + table.num_rows] & table.column("glance_64").is_valid().to_numpy())
        if len(have):
            rows.append(at + have)
            held.append(sketched(table.take(have)))
    if not held:
        return np.empty(0, np.int64), Pictures.empty()
    return np.concatenate(rows), Pictures.joined(held)


def sketched(table: pa.Table) -> Pictures:
    """Return the fingerprints in rows of pictures that have them."""
    size = np.stack([table.column(name).to_numpy() for name in ("width", "height")], axis=1).astype(np.float32)
    return Pictures(
        whole=_bytes(table, "pdq_256", 32),
        quality=table.column("pdq_quality").to_numpy().astype(np.int64),
        inside=_bytes(table, "trimmed_pdq_256", 32),
        glance=_bytes(table, "glance_64", _GLANCE).reshape(-1, pictures.SIDE, pictures.SIDE),
        inside_glance=_bytes(table, "trimmed_glance_64", _GLANCE).reshape(-1, pictures.SIDE, pictures.SIDE),
        size=size,
        local=np.array([record or b"" for record in table.column("local_features").to_pylist()], object),
    )


def _bytes(table: pa.Table, name: str, width: int) -> npt.NDArray[np.uint8]:
    """Return a column as uint8[rows, width], noughts for NULL."""
    told = (value or bytes(width) for value in table.column(name).to_pylist())
    return np.frombuffer(b"".join(told), np.uint8).reshape(-1, width)


def load_texts(
    store: Store, dataset: str, parts: Sequence[Part], wanted: npt.NDArray[np.bool_]
) -> tuple[Rows, npt.NDArray[np.uint32]]:
    """Return the index rows of the wanted texts that have a MinHash, and these: uint32[n, 128]."""
    rows: list[int] = []
    sketches: list[bytes] = []
    for at, table in _tables(store, dataset, parts, (Kind.SCRIPTS,), ["minhash_128"]):
        for row, sketch in enumerate(table.column(0).to_pylist(), at):
            if sketch is not None and wanted[row]:
                rows.append(row)
                sketches.append(sketch)
    return np.array(rows, np.int64), np.frombuffer(b"".join(sketches), "<u4").reshape(-1, 128)


def _tables(
    store: Store, dataset: str, parts: Sequence[Part], kinds: Sequence[Kind], columns: list[str]
) -> Iterator[tuple[int, pa.Table]]:
    """Yield the first index row of each shard of these kinds, and its columns. Page checksums are verified."""
    at = 0
    for part in parts:
        for shard in part.shards:
            if shard.kind in kinds:
                handle = store.open(shard.path)
                try:
                    yield at, read_columns(handle, shard.kind, dataset, columns, shard.path)
                finally:
                    os.close(handle)
            at += shard.rows
