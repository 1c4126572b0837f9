"""The rights desk's spreadsheet: read whole, or complained of in its own words."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance.model.words import Use
from provenance.rights.sources import register
from provenance.rights.sources._record import COLUMNS
from provenance.rights.sources.register import RegisterError, read
from provenance.rights.statement import Basis, Interest, Status
from provenance.rights.territory import Geography

GOOD = {
    "record_id": "000017",
    "applies_to": "stock/a.jpg",
    "work": "stills",
    "rights_holder": "Agence Étoile & Fils, Bruxelles",
    "licensee": "Lantern Hill",
    "basis": "license",
    "license": "LicenseRef-Stock",
    "agreement": "AE-1",
    "uses_allowed": "ai_training; evaluation",
    "uses_refused": "data_mining",
    "purposes": "commercial;research",
    "territories": "US;GB",
    "start": "2026-01-01",
    "end": "2026-12-31",
    "status": "active",
    "credit": 'A, "B"',
    "notes": "two\nlines",
}


def sheet(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, end: str = "\r\n", bom: bool = True) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(column, "") for column in columns])
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8")


def complaints(data: bytes, name: str = "r.csv") -> list[str]:
    with pytest.raises(RegisterError) as raised:
        read(data, name)
    return [str(each) for each in raised.value.complaints]


def test_a_row_says_what_it_says() -> None:
    (statement,) = read(sheet(GOOD), "in/r.csv")
    assert (statement.id, statement.source) == ("000017", "r.csv:2")
    assert statement.applies_to.path == "stock/a.jpg"
    assert statement.work is not None
    assert statement.work.title == "stills"
    assert statement.holder == "Agence Étoile & Fils, Bruxelles"
    assert (statement.basis, statement.interest) == (Basis.LICENSE, Interest.COPYRIGHT)
    assert statement.allowed == {Use.AI_TRAINING, Use.EVALUATION}
    assert statement.refused == {Use.DATA_MINING}
    assert statement.purposes == {"commercial", "research"}
    assert statement.territory == Geography(frozenset({"US", "GB"}))
    assert (statement.start, statement.end) == (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert (statement.status, statement.licensor) == (Status.ACTIVE, None)
    assert (statement.credit, statement.notes) == ('A, "B"', "two\nlines")


def test_blank_lines_stray_spaces_line_ends_and_the_bom_are_legal() -> None:
    plain = read(sheet(GOOD, {**GOOD, "record_id": "2"}), "r.csv")
    spaced = {key: f"  {value} " for key, value in GOOD.items()}
    for end in ("\r\n", "\n"):
        for bom in (True, False):
            data = sheet(spaced, {**GOOD, "record_id": "2"}, end=end, bom=bom)
            blank = end.encode()
            padded = data.replace(blank + b"2,", blank * 2 + b" ,," + blank + b"2,") + blank * 3
            found = read(padded, "r.csv")
            assert [each.allowed for each in found] == [each.allowed for each in plain]
            assert [each.source for each in found] == ["r.csv:2", "r.csv:6"]


def test_the_line_is_where_the_record_starts_in_the_file() -> None:
    data = sheet({**GOOD, "record_id": "a", "notes": "1\n2\n3"}, {**GOOD, "record_id": "b", "basis": "mine"})
    assert complaints(data)[0].startswith('r.csv:5: basis: unknown value "mine"')


def test_excel_and_parquet_say_the_same_as_the_text(tmp_path: Path) -> None:
    (from_csv,) = read(sheet(GOOD), "r.csv")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(COLUMNS)
    book.active.append([dt.datetime(2026, 1, 1) if name == "start" else GOOD.get(name) for name in COLUMNS])
    path = tmp_path / "r.xlsx"
    book.save(path)
    assert read(path.read_bytes(), "r.csv") == (from_csv,)

    columns: dict[str, list[object]] = {name: [GOOD.get(name)] for name in COLUMNS}
    columns["start"] = [dt.date(2026, 1, 1)]
    columns["purposes"] = [["commercial", "research"]]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    assert read(sink.getvalue(), "r.csv") == (from_csv,)


def test_a_formula_in_excel_is_refused_and_not_its_last_result(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(COLUMNS)
    book.active.append([{**GOOD, "rights_holder": '=HYPERLINK("http://x.invalid","A")'}.get(name) for name in COLUMNS])
    path = tmp_path / "r.xlsx"
    book.save(path)
    assert complaints(path.read_bytes(), "r.xlsx") == ["r.xlsx:2: rights_holder: a spreadsheet formula, not a value"]


def _workbook(change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with only the header, its sheet changed by hand."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(COLUMNS)
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, change(data) if part == "xl/worksheets/sheet1.xml" else data)
    return out.getvalue()


def test_a_workbook_that_unfolds_without_end_is_refused() -> None:
    assert read(_workbook(lambda data: data), "r.xlsx") == ()
    nested = b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert "not a readable XLSX" in complaints(_workbook(lambda data: nested + data), "r.xlsx")[0]
    blown = _workbook(lambda data: data.replace(b"</sheetData>", b" " * (257 << 20) + b"</sheetData>"))
    assert complaints(blown, "r.xlsx") == ["r.xlsx: unpacks to more than 256 MiB"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no header row"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"PAR1nonsense", "not a readable Parquet file"),
        (b"PK\x03\x04nonsense", "not a readable XLSX file"),
        (b'a,"b\nc', "not CSV"),
        (b"record_id,applies_to\n1,a\n", "the column is missing"),
    ],
)
def test_what_is_no_register_is_told_so(data: bytes, what: str) -> None:
    assert what in complaints(data)[0]


def test_missing_unknown_and_double_columns_are_named() -> None:
    columns = ("record_id", "record_id", "aplies_to", *COLUMNS[2:])
    assert complaints(sheet(GOOD, columns=columns)) == [
        "r.csv:1: applies_to: the column is missing",
        "r.csv:1: record_id: the column stands there twice",
        'r.csv:1: aplies_to: unknown column "aplies_to" (applies_to?)',
    ]


def test_a_row_with_too_few_cells_is_not_guessed_at() -> None:
    assert complaints(sheet(GOOD) + b"2,stock/b.jpg\r\n") == ["r.csv:4: 2 cells where the header has 20 columns"]


def test_more_columns_say_more() -> None:
    more = {
        **GOOD,
        "interest": "music",
        "subject": "title song",
        "survival": "retrain",
        "alteration": "no-crop;no-flip",
        "processing": "US;DE",
        "territories": "worldwide;!CN",
    }
    (statement,) = read(sheet(more, columns=(*COLUMNS, *sorted(set(more) - set(COLUMNS)))), "r.csv")
    assert (statement.interest, statement.subject, statement.survival) == (Interest.MUSIC, "title song", "retrain")
    assert statement.territory.covers("DE")
    assert not statement.territory.covers("CN")
    assert statement.processing_geography == Geography(frozenset({"US", "DE"}))


# The mistakes of the corpus's bad register, told in order, by a piece of what must be said.
BAD = [
    ("uses_allowed", 'unknown use "ai_traning"'),
    ("end", "end is before start"),
    ("end", "no such day"),
    ("start", "not an ISO date"),
    ("record_id", "used twice in the file (BAD-01"),
    ("basis", 'unknown value "owned"'),
    ("status_date", "revoked, but status_date is empty"),
    ("applies_to", "absolute path"),
    ("applies_to", '".." in the path'),
    ("applies_to", "empty"),
    ("applies_to", "grants every use on the whole archive with no agreement and no evidence"),
    ("rights_holder", "a spreadsheet formula, not a value"),
    ("license", "looks like CC-BY-4.0, but its first letter is Cyrillic (U+0421)"),
    ("status", 'unknown value "paused"'),
    ("uses_refused", "ai_training is both allowed and refused"),
    ("territories", '"USA" is not an ISO 3166-1 alpha-2 code'),
    ("purposes", 'unknown value "commerical"'),
    ("record_id", "empty"),
    ("applies_to", "backslashes instead of slashes"),
    ("applies_to", "a bidirectional override character (U+202E)"),
    ("license", "license, agreement and evidence are all empty"),
    ("license", "neither an SPDX id nor LicenseRef-..."),
    ("uses_allowed", "comma where a semicolon belongs"),
    ("uses_allowed", "basis is reference-only, but ai_training is allowed"),
    ("applies_to", "bracket never closed"),
]


def test_each_row_of_the_bad_register_is_complained_of_once_by_file_line_and_column(corpus: Path) -> None:
    rows = list(csv.reader(io.StringIO((corpus / "rights_register_bad.csv").read_text("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows(row[:-1] for row in rows)
    with pytest.raises(RegisterError) as raised:
        read(out.getvalue().encode(), "bad.csv")
    told = raised.value.complaints
    assert [(each.where, each.column) for each in told] == [
        (f"bad.csv:{line}", column) for line, (column, _) in enumerate(BAD, 2)
    ]
    for each, (_, what) in zip(told, BAD, strict=True):
        assert what in each.what
    assert "and 24 more" in str(raised.value)
    assert "nothing was taken" in str(raised.value)


def test_the_whole_register_of_the_corpus_reads(corpus: Path) -> None:
    statements = read((corpus / "rights_register.csv").read_bytes(), "register.csv")
    assert len(statements) == 89
    by_id = {each.id: each for each in statements}
    assert by_id["000017"].end == dt.date(2026, 6, 30)
    assert by_id["LHA-0037"].notes == "this panel only;\nthe rest of the reel stays"
    assert (by_id["LHA-0037"].source, by_id["LHA-0038"].source) == ("register.csv:38", "register.csv:41")
    assert by_id["LHA-0084"].applies_to.path == "07_thirdparty_ref/broadcast.ts"
    assert register.read((corpus / "rights_register.csv").read_bytes(), "register.csv") == statements
