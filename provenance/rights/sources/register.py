"""The rights desk's spreadsheet: CSV, XLSX or Parquet, one record a row. Read whole or not at all.

UTF-8 with or without a BOM, any line ends, quoted commas and line breaks, blank lines and stray spaces are all legal.
Ids are text. Nothing in the sheet is run: a formula is a complaint. Every complaint names file, line and column; the
line is where the record starts in the file (for XLSX and Parquet the row).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from provenance.model.errors import InputError
from provenance.rights.sources import _cells
from provenance.rights.sources._record import COLUMNS, OPTIONAL, Complaint, statement
from provenance.rights.statement import RightsStatement

_MOST_BYTES = 256 * 1024 * 1024  # of a sheet, unpacked
_MOST_ROWS = 1_000_000
_LONGEST_CELL = 1_000_000

Row = tuple[int, list[str]]


class RegisterError(InputError):
    """A register with mistakes. `complaints` holds all of them; nothing of it was taken."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        first = self.complaints[0]
        more = len(self.complaints) - 1
        what = f"{first.column}: {first.what}" if first.column else first.what
        super().__init__(
            f"{what} (and {more} more)" if more else what,
            where=first.where,
            next_step="correct the register and import it again; nothing was taken from it",
        )


def read(data: bytes, name: str) -> tuple[RightsStatement, ...]:
    """Return the statements of a register. RegisterError carries every complaint about it.

    The kind of file is told by its first bytes: PAR1 for Parquet, PK for XLSX, else CSV. `name` is for the messages and
    the statements' `source`; folders before it are left out.
    """
    name = PurePosixPath(name).name
    if len(data) > _MOST_BYTES:
        raise RegisterError([Complaint(name, None, f"larger than {_MOST_BYTES >> 20} MiB")])
    reader = _parquet if data[:4] == b"PAR1" else _xlsx if data[:4] == b"PK\x03\x04" else _csv
    rows = reader(data, name)
    try:
        header = next(rows, None)
        if header is None:
            raise RegisterError([Complaint(name, None, "no header row: the file is empty")])
        columns = [cell.strip() for cell in header[1]]
        _check_header(columns, f"{name}:{header[0]}")
        return _statements(columns, rows, name)
    except csv.Error as error:
        raise RegisterError([Complaint(name, None, f"not CSV: {error}")]) from None


def _check_header(columns: list[str], where: str) -> None:
    complaints = [Complaint(where, column, "the column is missing") for column in COLUMNS if column not in columns]
    for place, column in enumerate(columns):
        if column in columns[:place]:
            complaints.append(Complaint(where, column, "the column stands there twice"))
        elif column not in COLUMNS and column not in OPTIONAL:
            complaints.append(
                Complaint(where, column or f"column {place + 1}", _cells.unknown(column, COLUMNS, "column"))
            )
    if complaints:
        raise RegisterError(complaints)


def _statements(columns: list[str], rows: Iterator[Row], name: str) -> tuple[RightsStatement, ...]:
    found: list[RightsStatement] = []
    complaints: list[Complaint] = []
    seen: dict[str, str] = {}
    for line, cells in rows:
        where = f"{name}:{line}"
        if len(cells) != len(columns):
            complaints.append(Complaint(where, None, f"{len(cells)} cells where the header has {len(columns)} columns"))
            continue
        row = dict(zip(columns, cells, strict=True))
        record_id = row["record_id"].strip()
        if record_id and record_id in seen:
            what = f"used twice in the file ({record_id}, first in {seen[record_id]})"
            complaints.append(Complaint(where, "record_id", what))
        seen.setdefault(record_id, where)
        taken, wrong = statement(row, where)
        complaints += wrong
        if taken is not None:
            found.append(taken)
    if complaints:
        raise RegisterError(complaints)
    return tuple(found)


def _csv(data: bytes, name: str) -> Iterator[Row]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RegisterError([Complaint(f"{name}:{line}", None, "not UTF-8 text; save it as CSV UTF-8")]) from None
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise RegisterError([Complaint(f"{name}:{start}", None, f"not CSV: {error}")]) from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield start, cells


def _xlsx(data: bytes, name: str) -> Iterator[Row]:
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_BYTES:
                raise RegisterError([Complaint(name, None, f"unpacks to more than {_MOST_BYTES >> 20} MiB")])
        # Formulas are wanted as such, not as their last result, so that they can be refused.
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_cell_text(value) for value in values]
            if any(cell.strip() for cell in cells):
                yield line, cells
    except (RegisterError, GeneratorExit):
        raise
    except Exception as error:
        # openpyxl raises whatever its XML, zip and type readers do; none of it is the desk's language.
        raise RegisterError([Complaint(name, None, f"not a readable XLSX file ({type(error).__name__})")]) from None


def _parquet(data: bytes, name: str) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 1
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows > _MOST_ROWS:
            raise RegisterError([Complaint(name, None, f"more than {_MOST_ROWS:,} rows")])
        yield number, list(file.schema_arrow.names)
        # In small batches: a dictionary column can hold one long text a million times.
        for batch in file.iter_batches(256):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, [_cell_text(value) for value in values]
    except (pa.ArrowException, OSError) as error:
        raise RegisterError([Complaint(name, None, f"not a readable Parquet file ({type(error).__name__})")]) from None


def _cell_text(value: object) -> str:
    """A typed cell as the text that a CSV would hold. Days lose their midnight; lists get their semicolons back."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return ";".join(_cell_text(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
