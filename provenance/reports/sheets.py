"""A report's tables as CSV and Parquet, one file each.

A spreadsheet runs text that begins like a formula. In CSV such text gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.reports.content import Cell, Column, Form, Report, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BATCH = 65_536
_TYPES = {Form.COUNT: pa.int64(), Form.HOURS: pa.float64(), Form.DAY: pa.date32()}


def tame(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula, also behind spaces. Numbers and days are none."""
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA):
        return "'" + value
    if isinstance(value, dt.date):
        return value.isoformat()
    return round(value, 6) if isinstance(value, float) else value


def csv_files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of one CSV file for each table: UTF-8 with BOM, comma, CRLF (RFC 4180)."""
    for table in report.tables():
        yield f"{table.key}.csv", _csv([column.key for column in table.columns], table.rows)
    for key, big in report.big.items():
        yield f"{key}.csv", _csv(big.column_names, _rows(big))


def _csv(head: list[str], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([tame(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def _rows(big: pa.Table) -> Iterator[tuple[Cell, ...]]:
    for batch in big.to_batches(_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def parquet_files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of one Parquet file for each table. A column of mixed cells is text."""
    for table in report.tables():
        yield f"{table.key}.parquet", _parquet(_arrow(table))
    for key, big in report.big.items():
        yield f"{key}.parquet", _parquet(big)


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


def _parquet(table: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="zstd", write_page_checksum=True)
    return out.getvalue().to_pybytes()
