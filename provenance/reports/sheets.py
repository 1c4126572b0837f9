"""A report's tables as CSV and Parquet, one file each.

A spreadsheet runs text that begins like a formula. In CSV such text gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from provenance.reports.content import Big, Cell, Column, Form, Report, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_DANGER = "^[ \u00a0]*[" + "".join(f"\\{sign}" if sign in "+-" else sign for sign in _FORMULA) + "]"
_TYPES = {Form.COUNT: pa.int64(), Form.BYTES: pa.int64(), Form.HOURS: pa.float64(), Form.DAY: pa.date32()}


def tame(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula, also behind spaces. Numbers and days are none."""
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA):
        return "'" + value
    if isinstance(value, dt.date):
        return value.isoformat()
    return round(value, 6) if isinstance(value, float) else value


def csv_files(report: Report) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name and the bytes of one CSV file for each table: UTF-8 with BOM, comma, CRLF (RFC 4180)."""
    for table in report.tables():
        yield f"{table.key}.csv", _csv([column.key for column in table.columns], table.rows)
    for key, big in report.big.items():
        yield f"{key}.csv", _long_csv(big)


def _long_csv(big: Big) -> Iterator[bytes]:
    """A long table, column by column and not cell by cell; a batch with a line break in a cell goes the slow way."""
    yield from _csv(big.schema.names, [])
    for batch in big.batches():
        columns = [_tamed(column) for column in batch.columns]
        out = io.BytesIO()
        plain = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
        arrow_csv.write_csv(pa.RecordBatch.from_arrays(columns, names=big.schema.names), out, plain)
        data = out.getvalue()
        if data.count(b"\n") == batch.num_rows:
            yield data.replace(b"\n", b"\r\n")
        else:
            yield from _lines(_cells(batch))


def _tamed(column: pa.Array) -> pa.Array:
    """A column as `tame` leaves its cells; empty text is no cell."""
    if pa.types.is_dictionary(column.type):
        return pc.take(_tamed(column.dictionary), column.indices)
    if pa.types.is_floating(column.type):
        return pc.round(column, 6)
    if not pa.types.is_string(column.type):
        return column
    danger = pc.match_substring_regex(column, _DANGER)
    told = pc.if_else(danger, pc.binary_join_element_wise("'", column, ""), column)
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), told)


def _csv(head: list[str], rows: Iterable[tuple[Cell, ...]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    yield from _lines(itertools.chain([tuple(head)], rows))


def _lines(rows: Iterable[tuple[Cell, ...]]) -> Iterator[bytes]:
    told = iter(rows)
    while part := list(itertools.islice(told, 4096)):
        out = io.StringIO(newline="")
        csv.writer(out).writerows([tame(cell) for cell in row] for row in part)
        yield out.getvalue().encode("utf-8", "replace")


def rows(big: Big) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of a long table, never holding more than a batch of them."""
    for batch in big.batches():
        yield from _cells(batch)


def _cells(batch: pa.RecordBatch) -> Iterator[tuple[Cell, ...]]:
    yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def parquet_files(report: Report) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name and the bytes of one Parquet file for each table. A column of mixed cells is text."""
    for table in report.tables():
        arrow = _arrow(table)
        yield f"{table.key}.parquet", _parquet(arrow.schema, arrow.to_batches())
    for key, big in report.big.items():
        yield f"{key}.parquet", _parquet(big.schema, big.batches())


def _arrow(table: Table) -> pa.Table:
    columns = {}
    for at, column in enumerate(table.columns):
        columns[column.key] = _array(column, [row[at] for row in table.rows])
    return pa.table(columns)


def _array(column: Column, cells: list[Cell]) -> pa.Array:
    wanted = _TYPES.get(column.form, pa.string())
    if wanted == pa.string():
        cells = [None if cell is None else str(cell) for cell in cells]
    return pa.array(cells, wanted)


def _parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The file, a row group for each batch, handed on as it is written."""
    out = io.BytesIO()
    writer = pq.ParquetWriter(_Tail(out), schema, compression="zstd", write_page_checksum=True)
    for batch in batches:
        writer.write_batch(batch)
        yield _taken(out)
    writer.close()
    yield _taken(out)


def _taken(out: io.BytesIO) -> bytes:
    data = out.getvalue()
    out.seek(0)
    out.truncate()
    return data


class _Tail(io.RawIOBase):
    """A file that is only ever added to: it knows how far it is, and keeps what was not yet handed on."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out, self._at = out, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        written = self._out.write(data)
        self._at += written
        return written
