"""Table parts of units to the tables of a version: in order, and in bounded memory.

A unit's rows come from the parts that its worker left, or, when the unit is unchanged, from the tables of the version
before. Both are in the order of the archive's paths, so they merge as streams, read forward once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.carried import Groups
from provenance.dataset.index import digests, stream_table
from provenance.dataset.shard import ShardInfo
from provenance.dataset.store import Store
from provenance.dataset.version import Version
from provenance.model.errors import ChangedError, ConflictError, MissingError

Ranges = dict[str, tuple[int, int]]  # unit -> first row, number of rows


def read_part(store: Store, path: str, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows that a worker left for the commit. ChangedError when they are not what it wrote."""
    try:
        data = store.load(path, os.path.basename(path).partition(".")[0])
    except MissingError as error:
        raise ConflictError(
            "another build of this dataset finished meanwhile and cleared the work folder",
            where=path,
            next_step="run again",
        ) from error
    with pa.ipc.open_file(pa.py_buffer(data)) as reader:
        if not reader.schema.equals(columns):
            raise ChangedError("has columns of another format", where=path, next_step="delete work/ and build again")
        for at in range(reader.num_record_batches):
            yield reader.get_batch(at)


class Old:
    """The tables of a committed version, by unit of work. Rows must be taken in the order of the units."""

    def __init__(self, store: Store, version: Version) -> None:
        self._store, self._version = store, version
        self.assets, units = self._by_unit("assets")
        self.quarantine, _ = self._by_unit("quarantine")
        self.index, self.shards = self._index(units)
        self._forward: dict[str, _Forward] = {}
        self.failed: dict[str, tuple[tuple[bytes, str], ...]] = {}  # what is in quarantine: path and cause
        for batch in self.stream("quarantine", ["unit", "asset_path", "cause"]):
            for unit, path, cause in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                self.failed[unit] = (*self.failed.get(unit, ()), (path, cause))

    @property
    def near_rule(self) -> str | None:
        """What made its near groups."""
        return self._version.content.options.get("near_duplicates")

    def groups(self) -> tuple[npt.NDArray[np.uint8], Groups]:
        """Return its `item_id`, uint8[rows, 32], and its `near_group` and `copy_group` columns."""
        ids, near, copies = [np.empty((0, 32), np.uint8)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for batch in self.stream("index", ["item_id", "near_group", "copy_group"]):
            ids.append(digests(batch.column("item_id")))
            near.append(batch.column("near_group").to_numpy())
            copies.append(batch.column("copy_group").to_numpy())
        return np.concatenate(ids), Groups(np.concatenate(near), np.concatenate(copies))

    def keys(self) -> set[str]:
        return set(self.assets) | set(self.quarantine)

    def shard(self, at: int) -> ShardInfo:
        return self._version.content.shards[at]

    def rewind(self) -> None:
        """Begin all tables anew."""
        self._forward = {}

    def take(self, table: str, unit: str) -> Iterator[pa.RecordBatch]:
        """Yield a unit's rows of `index`, `assets` or `quarantine`."""
        ranges: Ranges = getattr(self, table)
        if unit in ranges:
            yield from self._reader(table).take(*ranges[unit])

    def _reader(self, table: str) -> _Forward:
        if table not in self._forward:
            self._forward[table] = _Forward(self.stream(table))
        return self._forward[table]

    def stream(self, table: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        info = self._version.content.tables[table]
        return stream_table(self._store, table, info, self._version.dataset, columns)

    def _by_unit(self, table: str) -> tuple[Ranges, list[str]]:
        ranges: Ranges = {}
        of_row: list[str] = []
        for batch in self.stream(table, ["unit"]):
            for key in batch.column(0).to_pylist():
                first, count = ranges.get(key, (len(of_row), 0))
                ranges[key] = (first, count + 1)
                of_row.append(key)
        return ranges, of_row

    def _index(self, unit_of_asset: list[str]) -> tuple[Ranges, dict[str, list[int]]]:
        """Where each unit's index rows are, and which shards (by position) are its own."""
        count = len(self._version.content.shards)
        rows, first_asset = np.zeros(count, np.int64), np.full(count, -1, np.int64)
        for batch in self.stream("index", ["shard", "asset"]):
            shard, asset = batch.column(0).to_numpy(), batch.column(1).to_numpy()
            rows += np.bincount(shard, minlength=count)
            present, at = np.unique(shard, return_index=True)
            unseen = first_asset[present] < 0
            first_asset[present[unseen]] = asset[at[unseen]]
        ranges: Ranges = {}
        shards: dict[str, list[int]] = {}
        row = 0
        for shard, count in enumerate(rows.tolist()):
            key = unit_of_asset[first_asset[shard]]
            first, had = ranges.get(key, (row, 0))
            ranges[key] = (first, had + count)
            shards.setdefault(key, []).append(shard)
            row += count
        return ranges, shards


class _Forward:
    """A committed table, read forward once, some rows at a time."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._batch: pa.RecordBatch | None = None
        self._first = 0  # row number of the first row of the batch at hand

    def take(self, first: int, count: int) -> Iterator[pa.RecordBatch]:
        """Yield `count` rows from row `first` on. Rows must be asked for in rising order."""
        while count > 0:
            if self._batch is None or first >= self._first + self._batch.num_rows:
                self._first += self._batch.num_rows if self._batch is not None else 0
                self._batch = next(self._batches)
                continue
            piece = self._batch.slice(first - self._first, count)
            yield piece
            first, count = first + piece.num_rows, count - piece.num_rows


def replaced(
    batch: pa.RecordBatch, columns: dict[str, npt.NDArray[Any] | pa.Array], schema: pa.Schema
) -> pa.RecordBatch:
    """Return the batch in another schema, with some columns put in place of its own or beside them."""
    have = {name: batch.column(name) for name in batch.schema.names}
    have |= {name: pa.array(value) for name, value in columns.items()}
    return pa.RecordBatch.from_arrays([have[field.name].cast(field.type) for field in schema], schema=schema)
