"""Payload shards: items in Parquet, immutable, named by their digest, and an item is one `pread` away.

The same rows give the same bytes, however they were appended: row groups end by rows and bytes alone, and nothing of
the time or the machine is written. The payload column is plain: no compression, no dictionary, so that a payload lies
in the file as it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.dataset import _parquet
from provenance.dataset._pages import payload_pages, place
from provenance.dataset.schema import PAYLOAD, PAYLOAD_LEAF, huggingface_metadata
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, InputError
from provenance.model.words import Kind

GROUP_ROWS = 1024
GROUP_BYTES = 8 * 1024 * 1024  # of payload: a group is built, hashed and written while it is in the cache
Longs = npt.NDArray[np.int64]

MOST_PAYLOAD = 1024 * 1024 * 1024  # a Parquet page ends at 2 GiB


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """A shard at rest, as a version lists it. path: relative to the dataset, POSIX; bytes: of the file."""

    kind: Kind
    sha256: str
    path: str
    rows: int
    bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ShardInfo:
        """Return what `as_json` was made of. TypeError and ValueError for anything else."""
        return cls(**{**told, "kind": Kind(told["kind"])})


def shard_folder(kind: Kind) -> str:
    return f"data/{kind.value}"


class ShardWriter:
    """Writes one shard of one kind. Until `finish` returns nothing of it is visible; left without it, nothing remains.

    To be able to drop an asset that fails midway, give it a writer of its own, or append when it is whole.
    """

    def __init__(self, store: Store, kind: Kind, dataset: str) -> None:
        self.kind, self.rows = kind, 0
        schema = PAYLOAD[kind]
        self._object = _parquet.ObjectWriter(
            store,
            shard_folder(kind),
            _parquet.marked(schema, dataset, kind.value, {b"huggingface": huggingface_metadata(schema)}),
            {PAYLOAD_LEAF[kind]},
        )
        # The payload is the first column. It is copied once, when its row group is written; the rest is small.
        self._rest = pa.schema(list(schema)[1:])
        self._names = frozenset(schema.names)
        self._payloads: list[bytes] = []
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0

    def append_many(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows: columns of `dataset.schema` by name; a nullable one that is missing is NULL.

        A few hundred at a time: one by one, small ones cost ten times as much.

        InputError for an unknown column, an empty one that must not be, a wrong type, or a `payload_bytes` that is not
        the payload's length. Some of these rows may then be in already: abandon the shard.
        """
        run: list[Mapping[str, Any]] = []
        payloads: list[bytes] = []
        size = 0
        for row in rows:
            payload = self._payload(row)
            count, held = len(self._payloads) + len(run), self._held_bytes + size
            if count and (count >= GROUP_ROWS or held + len(payload) > GROUP_BYTES):
                self._hold(run, payloads)
                self._flush()
                run, payloads, size = [], [], 0
            run.append(row)
            payloads.append(payload)
            size += len(payload)
        self._hold(run, payloads)

    def finish(self) -> ShardInfo:
        """Make the shard durable and return what a version lists. InputError when it has no rows."""
        if not self.rows:
            raise InputError(f"a shard of {self.kind.value} has no rows")
        self._flush()
        stored = self._object.finish()
        return ShardInfo(self.kind, stored.sha256, stored.path, self.rows, stored.bytes)

    def abandon(self) -> None:
        """Drop everything that was written. After `finish`, nothing is left to drop."""
        self._held, self._payloads = [], []
        self._object.abandon()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.abandon()

    def _payload(self, row: Mapping[str, Any]) -> bytes:
        """Return a row's payload, once the row has no other columns than it may have."""
        unknown = row.keys() - self._names
        if unknown:
            raise InputError(f"{self.kind.value} have no column {min(unknown)!r}")
        found = row.get("text") if self.kind is Kind.SCRIPTS else (row.get("image") or {}).get("bytes")
        try:
            payload = found.encode() if isinstance(found, str) else found
        except UnicodeEncodeError:
            payload = None
        if not isinstance(payload, bytes):
            raise InputError(f"an item of {self.kind.value} has no payload that can be kept")
        if len(payload) != row.get("payload_bytes"):
            raise InputError(f"payload_bytes is {row.get('payload_bytes')} for a payload of {len(payload)} bytes")
        if len(payload) > MOST_PAYLOAD:
            raise InputError(f"a payload of {len(payload)} bytes is more than one item may have ({MOST_PAYLOAD})")
        return payload

    def _hold(self, run: list[Mapping[str, Any]], payloads: list[bytes]) -> None:
        if not run:
            return
        try:
            batch = pa.RecordBatch.from_pylist(run, self._rest)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"a row of {self.kind.value} does not fit its columns ({error})") from error
        _parquet.require(batch, self.kind.value)
        self._held.append(batch)
        self._payloads += payloads
        self._held_bytes += sum(map(len, payloads))
        self.rows += len(run)

    def _flush(self) -> None:
        ends = np.cumsum([0, *map(len, self._payloads)], dtype=np.int64)
        buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(self._payloads))]
        first = self._object.schema.field(0)
        if self.kind is Kind.SCRIPTS:
            payload = pa.StringArray.from_buffers(len(self._payloads), *buffers[1:])
        else:
            picture = pa.BinaryArray.from_buffers(pa.binary(), len(self._payloads), buffers)
            nowhere = pa.nulls(len(self._payloads), pa.string())
            payload = pa.StructArray.from_arrays([picture, nowhere], fields=list(first.type))
        rest = _parquet.joined(self._held, self._rest)
        self._object.group(pa.RecordBatch.from_arrays([payload, *rest.columns], schema=self._object.schema))
        self._held, self._payloads, self._held_bytes = [], [], 0


# Reading.


def read_columns(handle: int, kind: Kind, dataset: str, columns: Sequence[str], where: str = "shard") -> pa.Table:
    """Return columns of an open shard: schema, owner and page checksums checked, the bytes not proven by a digest.

    handle: an open descriptor; it is neither moved nor closed. SchemaError, ForeignError, ChangedError.
    """
    with _opened(handle, kind, dataset, where) as file:
        return file.read(columns=list(columns))


def read_shard(store: Store, shard: ShardInfo, dataset: str, columns: Sequence[str]) -> pa.Table:
    """Return columns of a shard of a store; as `read_columns`."""
    handle = store.open(shard.path)
    try:
        return read_columns(handle, shard.kind, dataset, columns, shard.path)
    finally:
        os.close(handle)


class ShardColumns:
    """Columns of a shard at rest, row group by row group; checked as by `read_columns`. Close it."""

    def __init__(self, store: Store, shard: ShardInfo, dataset: str) -> None:
        """SchemaError, ForeignError, ChangedError."""
        self._where = shard.path
        with contextlib.ExitStack() as stack:
            handle = store.open(shard.path)
            stack.callback(os.close, handle)
            self._file = stack.enter_context(_opened(handle, shard.kind, dataset, shard.path))
            metadata = self._file.metadata
            rows = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
            self._stack = stack.pop_all()
        self.first: Longs = np.cumsum([0, *rows], dtype=np.int64)
        """The first row of each row group, and the number of rows: int64[groups + 1]."""

    def read(self, group: int, columns: Sequence[str]) -> pa.Table:
        """Return columns of a row group. ChangedError."""
        with _parquet.told(self._where):
            return self._file.read_row_group(group, columns=list(columns))

    def close(self) -> None:
        self._stack.close()


def load_columns(store: Store, shard: ShardInfo, dataset: str, columns: Sequence[str]) -> pa.Table:
    """Return columns of a shard whose every byte is proven by its digest. Holds the whole file meanwhile."""
    data = pa.BufferReader(store.load(shard.path, shard.sha256, shard.bytes))
    with _parquet.opened(data, PAYLOAD[shard.kind], dataset, shard.kind.value, shard.path) as file:
        return file.read(columns=list(columns))


def load_item(handle: int, offset: int, length: int, sha256: bytes, where: str = "shard") -> bytes:
    """Return one payload: one read at its stored place, proven by its digest (32 bytes). ChangedError."""
    try:
        payload = os.pread(handle, length, offset)
    except (OSError, OverflowError, ValueError) as error:
        raise ChangedError(f"cannot be read at {offset}", where=where) from error
    if hashlib.sha256(payload).digest() != sha256:
        raise ChangedError(
            f"the item at byte {offset} is not the one that was signed",
            where=where,
            next_step="restore the shard from a mirror, then provenance verify",
        )
    return payload


def payload_places(handle: int, kind: Kind, dataset: str, where: str = "shard") -> tuple[Longs, Longs]:
    """Return where each payload lies in an open shard: offsets and lengths in bytes, int64[rows] each, in row order.

    ChangedError when the pages do not say what the rows say; every length found in the file is compared.
    """
    with _opened(handle, kind, dataset, where) as file:
        lengths = file.read(columns=["payload_bytes"]).column(0).to_numpy().astype(np.int64)
        pages = list(payload_pages(handle, file.metadata, PAYLOAD_LEAF[kind], where))
    return place(handle, pages, lengths, where), lengths


def _opened(handle: int, kind: Kind, dataset: str, where: str) -> contextlib.AbstractContextManager[pq.ParquetFile]:
    return _parquet.opened(_parquet.at_descriptor(handle), PAYLOAD[kind], dataset, kind.value, where)
