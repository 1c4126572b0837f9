"""How our Parquet files are written and opened: the same rows give the same bytes, and a reader gets no path.

One writer configuration for shards and tables: format 2.6, data pages V1, checksums on every page, zstd, small row
groups. Columns named `raw` are left uncompressed, without dictionary and without statistics.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.dataset._sink import Sink, Stored
from provenance.dataset.schema import FORMAT_VERSION
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, ForeignError, InputError, SchemaError
from provenance.model.words import canonical_json

_KEY = b"provenance"
_RESTORE = "restore it from a mirror, then provenance verify"


class ObjectWriter:
    """Writes row groups into a new object of a store. Until `finish` returns nothing of it is visible.

    schema: with its metadata. raw: leaf columns kept as they are (see the module). The file is made at the first group.
    """

    def __init__(self, store: Store, folder: str, schema: pa.Schema, raw: Collection[str]) -> None:
        self.schema = schema
        self._store, self._folder, self._raw = store, folder, raw
        self._stack = contextlib.ExitStack()
        self._sink: Sink | None = None
        self._parquet: pq.ParquetWriter | None = None

    def group(self, rows: pa.RecordBatch) -> None:
        """Write one row group. CommitError."""
        if self._parquet is None:
            self._sink = self._stack.enter_context(self._store.new_object(self._folder, ".parquet"))
            self._parquet = _writer(self._sink, self.schema, self._raw)
        if rows.num_rows:
            self._parquet.write_table(pa.Table.from_batches([rows], self.schema), rows.num_rows)

    def finish(self) -> Stored:
        if self._parquet is None:
            self.group(pa.RecordBatch.from_pylist([], self.schema))
        assert self._parquet is not None and self._sink is not None
        self._parquet.close()
        self._stack.close()
        assert self._sink.stored is not None
        return self._sink.stored

    def abandon(self) -> None:
        """Drop everything that was written. After `finish`, nothing is left to drop."""
        with contextlib.suppress(_Abandoned):
            self._stack.__exit__(_Abandoned, _Abandoned(), None)


class _Abandoned(Exception):
    """Ends a sink's block without an object."""


def _writer(sink: Sink, schema: pa.Schema, raw: Collection[str]) -> pq.ParquetWriter:
    packed = [leaf for leaf in _leaves(schema.remove_metadata()) if leaf not in raw]
    return pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        version="2.6",
        data_page_version="1.0",
        compression=dict.fromkeys(packed, "zstd") | dict.fromkeys(raw, "none"),
        compression_level=dict.fromkeys(packed, 3),
        use_dictionary=packed,
        write_statistics=packed,
        write_page_checksum=True,
        # A page is closed only between batches; with the usual 1024 a page of pictures could pass 2 GiB,
        # and large pages cost page faults.
        write_batch_size=16,
        store_schema=True,
    )


@functools.cache
def _leaves(schema: pa.Schema) -> tuple[str, ...]:
    """Return the dotted names of a schema's Parquet leaf columns, as Parquet itself spells them."""
    buffer = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), buffer)
    found = pq.ParquetFile(pa.BufferReader(buffer.getvalue())).schema
    return tuple(found.column(at).path for at in range(len(found)))


def marked(schema: pa.Schema, dataset: str, holds: str, more: dict[bytes, bytes] | None = None) -> pa.Schema:
    """Return a schema whose metadata says whose file this is: dataset id, format version, and the kind or table."""
    mark = canonical_json({"dataset": dataset, "format": FORMAT_VERSION, "holds": holds})
    return schema.with_metadata({_KEY: mark, **(more or {})})


def at_descriptor(handle: int) -> str:
    """Return the name under which this process alone reaches an open file: no other file, no folder, no pattern."""
    return f"/proc/self/fd/{handle}"


@contextlib.contextmanager
def opened(source: Any, schema: pa.Schema, dataset: str, holds: str, where: str) -> Iterator[pq.ParquetFile]:
    """Give a Parquet file whose schema and mark are exactly what they must be; page checksums are verified.

    source: `at_descriptor`, or a buffer reader over proven bytes. ChangedError for what cannot be read, SchemaError for
    other columns, types, order or nullability, ForeignError for a file of another dataset.
    """
    with told(where), pq.ParquetFile(source, page_checksum_verification=True) as file:
        _check(file.schema_arrow, schema, dataset, holds, where)
        yield file


@contextlib.contextmanager
def told(where: str) -> Iterator[None]:
    """Tell what goes wrong while a Parquet file is read as ChangedError."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise ChangedError("cannot be read as the Parquet it should be", where=where, next_step=_RESTORE) from error


def _check(found: pa.Schema, schema: pa.Schema, dataset: str, holds: str, where: str) -> None:
    if not found.equals(schema, check_metadata=False):
        raise SchemaError(_difference(found, schema), where=where, next_step=_RESTORE)
    try:
        mark = json.loads((found.metadata or {})[_KEY])
        owner, version, kind = mark["dataset"], mark["format"], mark["holds"]
    except (KeyError, ValueError, TypeError) as error:
        raise ForeignError("does not say which dataset it belongs to", where=where, next_step=_RESTORE) from error
    if version != FORMAT_VERSION:
        raise SchemaError(
            f"is of format {version}, not {FORMAT_VERSION}",
            where=where,
            next_step="use the matching provenance version",
        )
    if owner != dataset:
        raise ForeignError(f"belongs to dataset {owner}, not {dataset}", where=where, next_step=_RESTORE)
    if kind != holds:
        raise SchemaError(f"holds {kind}, not {holds}", where=where, next_step=_RESTORE)


def _difference(found: pa.Schema, schema: pa.Schema) -> str:
    """Return the first difference between two schemas in one sentence."""
    for at, (here, there) in enumerate(zip(found, schema, strict=False)):
        if not here.equals(there):
            return f"column {at + 1} is {_show(here)} where {_show(there)} belongs"
    return f"has {len(found)} columns where {len(schema)} belong"


def _show(field: pa.Field) -> str:
    return f"{field.name!r} ({field.type}{'' if field.nullable else ', never empty'})"


def require(rows: pa.RecordBatch, what: str) -> None:
    """Return when no column that must not be has an empty value. InputError."""
    for field, column in zip(rows.schema, rows.columns, strict=True):
        if not field.nullable and column.null_count:
            raise InputError(f"{field.name!r} of {what} must not be empty")


def joined(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Return batches as one, each column one piece: where a batch ended must not show in the bytes written."""
    table = pa.Table.from_batches(batches, schema.remove_metadata()).combine_chunks()
    columns = [column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
