"""The tables of a version: index, assets and quarantine. Written in one pass and flat memory, read back proven.

A table is one object, named by its digest. The order of its rows is given by whoever writes it; batches of any size
give the same bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.dataset import _parquet
from provenance.dataset.schema import ASSETS, CAPTIONS, INDEX, QUARANTINE
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, InputError

GROUP_ROWS = 65_536
HELD_BYTES = 64 << 20  # a larger table is proven as a copy in a file of our own, not in memory

TABLES = {"index": INDEX, "assets": ASSETS, "quarantine": QUARANTINE, "captions": CAPTIONS}
ALWAYS = frozenset({"index", "assets", "quarantine"})  # the tables that every version has

# Random bytes: neither a dictionary nor zstd makes them smaller, and both cost time when 10⁷ rows are opened.
_RAW = {"index": {"item_id", "payload_sha256", "content_sha256"}}


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table at rest, as a version lists it. path: relative to the dataset, POSIX; bytes: of the file."""

    path: str
    sha256: str
    rows: int
    bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class TableWriter:
    """Writes one table, batch by batch. Until `finish` returns nothing of it is visible.

    table: a name in TABLES. dataset: its id, written into the file.
    """

    def __init__(self, store: Store, table: str, dataset: str) -> None:
        self.rows = 0
        self._table, self._plain = table, TABLES[table]
        self._object = _parquet.ObjectWriter(
            store, table, _parquet.marked(self._plain, dataset, table), _RAW.get(table, frozenset())
        )
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. InputError when the batch has other columns, or an empty value where none may be."""
        if not batch.schema.equals(self._plain, check_metadata=False):
            raise InputError(f"rows of other columns than those of the {self._table} table")
        _parquet.require(batch, f"the {self._table} table")
        at = 0
        while at < batch.num_rows:
            part = batch.slice(at, GROUP_ROWS - self._held_rows)
            self._held.append(part)
            self._held_rows += part.num_rows
            at += part.num_rows
            if self._held_rows == GROUP_ROWS:
                self._flush()
        self.rows += batch.num_rows

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows given as mappings; a nullable column that is missing is NULL. InputError."""
        unknown = {name for row in rows for name in row} - set(self._plain.names)
        if unknown:
            raise InputError(f"the {self._table} table has no column {min(unknown)!r}")
        try:
            batch = pa.RecordBatch.from_pylist(list(rows), self._plain)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"a row of the {self._table} table does not fit its columns ({error})") from error
        self.write(batch)

    def finish(self) -> TableInfo:
        """Make the table durable and return what a version lists."""
        if self._held:
            self._flush()
        stored = self._object.finish()
        return TableInfo(stored.path, stored.sha256, self.rows, stored.bytes)

    def abandon(self) -> None:
        """Drop everything that was written. After `finish`, nothing is left to drop."""
        self._held = []
        self._object.abandon()

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.abandon()

    def _flush(self) -> None:
        self._object.group(_parquet.joined(self._held, self._object.schema))
        self._held, self._held_rows = [], 0


def load_table(
    store: Store, table: str, info: TableInfo, dataset: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return columns of a table whose every byte is proven by its digest: all of them when `columns` is None.

    A column that is not asked for is neither decoded nor held.
    """
    with _proven(store, table, info, dataset) as file:
        return file.read(columns=None if columns is None else list(columns))


def stream_table(
    store: Store, table: str, info: TableInfo, dataset: str, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a table's batches in order, decoding one row group at a time; as `load_table` otherwise."""
    with _proven(store, table, info, dataset) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, columns=None if columns is None else list(columns)).to_batches()


def load_arrays(store: Store, info: TableInfo, dataset: str, columns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Return columns of the index as arrays, each of its own type, 32-byte digests as uint8[rows, 32]; nought for NULL.

    Read batch by batch into arrays of the full length: nothing is held twice. As `load_table` otherwise.
    """
    out = {name: _empty(INDEX.field(name).type, info.rows) for name in columns}
    at = 0
    for batch in stream_table(store, "index", info, dataset, columns):
        for name, whole in out.items():
            column = batch.column(name)
            if column.null_count:
                column = pc.fill_null(column, pa.scalar(0).cast(column.type))
            told = digests(column) if whole.ndim == 2 else column.to_numpy(zero_copy_only=False)
            whole[at : at + len(batch)] = told
        at += len(batch)
    return out


def _empty(kind: pa.DataType, rows: int) -> npt.NDArray[Any]:
    if pa.types.is_fixed_size_binary(kind):
        return np.empty((rows, kind.byte_width), np.uint8)
    return np.empty(rows, kind.to_pandas_dtype())


@contextlib.contextmanager
def _proven(store: Store, table: str, info: TableInfo, dataset: str) -> Iterator[pq.ParquetFile]:
    # Read once into what is ours alone, then parsed: nobody can change a byte between the proof and the use.
    with contextlib.ExitStack() as stack:
        if info.bytes <= HELD_BYTES:
            source: pa.NativeFile = pa.BufferReader(store.load(info.path, info.sha256, info.bytes))
        else:
            own = stack.enter_context(store.copied(info.path, info.sha256, info.bytes))
            source = stack.enter_context(pa.OSFile(f"/proc/self/fd/{own}"))
        file = stack.enter_context(_parquet.opened(source, TABLES[table], dataset, table, info.path))
        if file.metadata.num_rows != info.rows:
            raise ChangedError(f"has {file.metadata.num_rows} rows where {info.rows} were signed", where=info.path)
        yield file


def digests(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.uint8]:
    """Return a binary(32) column as uint8[rows, 32], without a copy where it is one chunk. It has no NULL."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # of no chunk at all
        return np.empty((0, 32), np.uint8)
    flat = np.frombuffer(array.buffers()[1], np.uint8) if len(array) else np.empty(0, np.uint8)
    return flat[array.offset * 32 : (array.offset + len(array)) * 32].reshape(-1, 32)


def exact_groups(content: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return for each row the first row with the same digest, int64[rows]. content: uint8[rows, 32].

    Compared in full: two digests that share their first 64 bits, which can be made on purpose, stay apart.
    """
    count = len(content)
    if count == 0:
        return np.empty(0, np.int64)
    words = np.ascontiguousarray(content).view(np.uint64)
    order = np.argsort(words[:, 0], kind="stable")
    close = words[order[1:], 0] == words[order[:-1], 0]
    again = _repeats(words, order, close)
    if (close & ~again).any():
        # Rare, or made on purpose: sort by all four words, so that equal digests stand together.
        order = np.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
        again = _repeats(words, order, np.ones(count - 1, bool))
    starts = np.concatenate(([0], np.flatnonzero(~again) + 1))
    groups = np.empty(count, np.int64)
    # Both sorts are stable: the first of a run is its first row.
    groups[order] = np.repeat(order[starts], np.diff(np.concatenate((starts, [count]))))
    return groups


def _repeats(
    words: npt.NDArray[np.uint64], order: npt.NDArray[np.int64], close: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return for each row but the first, in order, whether it equals the one before; only `close` ones are compared."""
    again = close.copy()
    rows = np.flatnonzero(close)
    again[rows] = (words[order[rows]] == words[order[rows + 1]]).all(axis=1)
    return again
