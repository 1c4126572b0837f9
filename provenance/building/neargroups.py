"""The near groups of a version: fingerprints read from its shards, joined, and numbered by their first row.

Two groups of one item. Its near group is all that shares its picture or words: drafts of a scene and the frames of a
pan, too; what a holder says of one is heard for all of it. Its copy group, inside that, is what may stand for it in
training: nothing in it shows or says anything new.

A pure function of the items: a build that kept most units from the version before gives the same groups as one from
scratch. Where units were only added, the groups of the old ones stand and only what is new is joined with all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.footage import Footage
from provenance.dataset.shard import ShardInfo, read_shard
from provenance.dataset.store import Store
from provenance.dedup import pictures, texts
from provenance.dedup.copies import of_pictures
from provenance.dedup.groups import grouped
from provenance.dedup.pictures import Pictures
from provenance.model.words import Kind

NAME = "near-v3"  # what a version's groups were made by; another rule has another name

Rows = npt.NDArray[np.int64]

_PICTURE = [
    "width", "height", "pdq_256", "pdq_quality", "trimmed_pdq_256", "glance_64", "trimmed_glance_64", "local_features"
]  # fmt: skip
_GLANCE = pictures.SIDE * pictures.SIDE


@dataclass(frozen=True)
class Groups:
    """For each row the first row of its group, int64[rows]. near: all that is related. copies: inside that."""

    near: Rows
    copies: Rows

    def __getitem__(self, rows: slice | Rows) -> Groups:
        return Groups(self.near[rows], self.copies[rows])


@dataclass(frozen=True)
class Items:
    """What is known of every index row. exact: the first row with equal content; such rows are copies. asset: its row
    in the assets table. quality: of two copies the better one has more. int64[rows] each."""

    exact: Rows
    asset: Rows
    quality: Rows


NO_GROUPS = Groups(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Part:
    """The shards of one unit. kept: for a unit of the version before, the groups of its rows, as rows of this version;
    None for what is new."""

    shards: tuple[ShardInfo, ...]
    kept: Groups | None = None


def near_groups(store: Store, dataset: str, parts: Sequence[Part], items: Items) -> tuple[Groups, Counter[str]]:
    """Return the groups of every index row, and what was counted. parts: the units in the order of the index."""
    count = len(items.exact)
    every = np.arange(count, dtype=np.int64)
    # Exact copies are one row of the join.
    first = items.exact == every
    near, copies = [(items.exact, every)], [(items.exact, every)]
    new, before = _kept(parts, count)
    near.append((before.near, every))
    told: Counter[str] = Counter()
    seen: tuple[Rows, Pictures] = (np.empty(0, np.int64), Pictures.empty())
    if new.any():
        seen = load_pictures(store, dataset, parts, first)
        found = pictures.near_pairs(seen[1], new[seen[0]])
        a, b = found.near()
        near.append((seen[0][a], seen[0][b]))
        told += found.counts
        for a, b, counts in _footage_links(store, dataset, parts, first, new):
            near.append((a, b))
            told += counts
        rows, sketches = load_texts(store, dataset, parts, first)
        a, b, alike, counts = texts.near_pairs(sketches)
        near.append((rows[a], rows[b]))
        copies.append((rows[a[alike >= texts.COPY]], rows[b[alike >= texts.COPY]]))
        told += counts
    joined = _grouped(count, near)
    # Groups that nothing new has come to stand as they were.
    touched = np.isin(joined, joined[new])
    copies.append((before.copies[~touched], every[~touched]))
    at = np.flatnonzero(touched[seen[0]])
    rows = seen[0][at]
    same = of_pictures(seen[1].take(at), joined[rows], items.asset[rows], items.quality[rows])
    copies.append((rows[same], rows))
    return Groups(joined, _grouped(count, copies)), told


def _kept(parts: Sequence[Part], count: int) -> tuple[npt.NDArray[np.bool_], Groups]:
    """Return which rows are new, and the groups of the others; a new row is its own."""
    new = np.ones(count, bool)
    near, copies = np.arange(count, dtype=np.int64), np.arange(count, dtype=np.int64)
    at = 0
    for part in parts:
        rows = slice(at, at + sum(shard.rows for shard in part.shards))
        if part.kept is not None:
            new[rows], near[rows], copies[rows] = False, part.kept.near, part.kept.copies
        at = rows.stop
    return new, Groups(near, copies)


def _grouped(count: int, links: Sequence[tuple[Rows, Rows]]) -> Rows:
    return grouped(count, *(np.concatenate(ends) for ends in zip(*links, strict=True)))


def _footage_links(
    store: Store, dataset: str, parts: Sequence[Part], first: npt.NDArray[np.bool_], new: npt.NDArray[np.bool_]
) -> Iterator[tuple[Rows, Rows, Counter[str]]]:
    """Yield the links between frames of videos that match in time. Copies that are exact all along say nothing new."""
    films = footage(store, dataset, parts, first)
    found, counts = films.matches(new)
    yield np.empty(0, np.int64), np.empty(0, np.int64), counts
    for match in found:
        yield films.links(match)


def footage(store: Store, dataset: str, parts: Sequence[Part], wanted: npt.NDArray[np.bool_]) -> Footage:
    """Return the video tracks of which a frame is wanted. wanted: bool[index rows]."""
    shards, at = [], 0
    for part in parts:
        for shard in part.shards:
            shards.append((at, shard))
            at += shard.rows
    return Footage(store, dataset, shards, wanted)


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
    column = table.column(name).combine_chunks()
    fixed = column.fill_null(bytes(width)).cast(pa.binary(width))
    return np.frombuffer(fixed.buffers()[1], np.uint8)[width * fixed.offset :][: width * len(fixed)].reshape(-1, width)


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
                yield at, read_shard(store, shard, dataset, columns)
            at += shard.rows
