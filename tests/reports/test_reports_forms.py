"""The forms of a report by themselves: pages, bars, sheets and workbooks of made-up tables."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from provenance.model.errors import CommitError, UsageError
from provenance.reports import charts, forms, page, sheets, workbook
from provenance.reports.content import (
    Bar,
    Bars,
    Column,
    Detail,
    Figure,
    Form,
    Mark,
    Part,
    Report,
    Section,
    Table,
    Timeline,
)
from provenance.reports.numbers import in_bytes, length

DAY = dt.date(2026, 11, 23)


def sample(cell: str = "plain") -> Report:
    columns = (
        Column("name", "Name", leads="name"),
        Column("items", "Items", Form.COUNT),
        Column("day", "Day", Form.DAY),
        Column("hours", "Footage", Form.HOURS),
    )
    table = Table("things", "Things", columns, [(cell, 3, DAY, 1.5), ("other", 4, None, 0.0)], total=5)
    bars = Bars("Bars", (Bar(cell, "3 items", (Part("cleared", 2), Part("refused", 1))),))
    line = Timeline("Line", DAY, dt.date(2027, 3, 1), (Mark(dt.date(2027, 1, 1), cell, 7),))
    detail = Detail("name", cell, table)
    section = Section("one", "One", cell, ((cell, cell),), (bars, line), (table,), (), (detail,), (cell,))
    return Report("Title", cell, "Private.", False, (Figure("3", cell),), (section,))


def test_a_page_says_what_it_leaves_out_and_where_the_rest_is() -> None:
    assert "and 3 more; --format csv or parquet gives every row" in page.render(sample()).decode()


def test_lengths_are_shown_as_hours_minutes_seconds() -> None:
    assert (length(5400), length(59.6), length(3600 * 1200)) == ("1:30:00", "0:01:00", "1,200:00:00")
    assert ">1:30:00<" in page.render(sample()).decode()


def test_a_sliver_of_a_bar_is_still_seen() -> None:
    drawn = charts.bar(Bar("a", "1", (Part("cleared", 1),)), 1_000_000, ())
    assert 'width="0.40"' in drawn


def test_a_workbook_holds_text_numbers_and_days_as_what_they_are() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook.workbook(sample("=1+1"))))
    cells = list(book["things"][2])
    assert [cell.value for cell in cells] == ["=1+1", 3, dt.datetime(2026, 11, 23), 1.5]
    assert cells[0].data_type != "f"


def test_a_workbook_has_no_formula_and_no_time_in_it() -> None:
    data = workbook.workbook(sample("=cmd|' /C calc'!A0"))
    assert data == workbook.workbook(sample("=cmd|' /C calc'!A0"))
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert {info.date_time[0] for info in package.infolist()} == {1980}
        for name in package.namelist():
            assert b"<f>" not in package.read(name)


def test_text_that_xml_cannot_hold_does_not_break_a_workbook() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook.workbook(sample("a\x00b\x1fc\ud800</t>&"))))
    assert book["things"]["A2"].value == "a\ufffdb\ufffdc\ufffd</t>&"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "  =1", "＝1", "\r=1"])
def test_text_like_a_formula_gets_an_apostrophe_in_csv(text: str) -> None:
    assert sheets.tame(text) == "'" + text


@pytest.mark.parametrize("cell", [-1, 1.5, None, "a=b", "plain", "1+1"])
def test_numbers_and_other_text_stay_as_they_are_in_csv(cell: object) -> None:
    assert sheets.tame(cell) == cell  # type: ignore[arg-type]


def test_bytes_are_told_in_the_unit_that_suits_them() -> None:
    told = [in_bytes(count) for count in (0, 999, 1000, 999_960, 38_357_060, 1_230_000_000_000)]
    assert told == ["0 B", "999 B", "1.0 kB", "1.0 MB", "38.4 MB", "1.2 TB"]


def test_a_link_that_leads_nowhere_is_no_link() -> None:
    html = page.render(sample("elsewhere")).decode()
    assert html.count('href="#name-') == 2  # "elsewhere" in both tables; its neighbour "other" has no list to lead to


def test_rows_know_their_place_in_the_order_of_each_column() -> None:
    columns = (Column("name", "Name"), Column("items", "Items", Form.COUNT))
    rows = [("b", 1), ("C", 30), ("a", 200), (None, 4), ("total", 235)]
    table = Table("t", "T", columns, rows, sums=True)
    section = Section("s", "S", tables=(table,))
    html = page.render(Report("Title", "x", "Private.", False, (), (section,))).decode()
    assert re.findall(r'<tr class="([^"]+)">', html) == ["r0-1 r1-3", "r0-2 r1-1", "r0-0 r1-0", "r0-3 r1-2"]
    assert ".tb:has(.s1:checked) .r1-3{order:3}" in html
    assert (
        page.render(Report("Title", "x", "Private.", False, (), (section,)), paper=True).find(b"<noscript><field") < 0
    )


def test_long_tables_are_written_batch_by_batch() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    class Long:
        schema = pa.schema([("n", pa.int64()), ("word", pa.string())])
        taken = 0

        def batches(self) -> Iterator[pa.RecordBatch]:
            for at in range(3):
                self.taken += 1
                yield pa.RecordBatch.from_pydict({"n": [at] * 5000, "word": ["=x"] * 5000}, schema=self.schema)

    long = Long()
    report = replace(sample(), big={"items": long})
    name, parts = list(sheets.parquet_files(report))[-1]
    first = next(parts)
    assert name == "items.parquet" and first.startswith(b"PAR1") and long.taken == 1
    told = pq.read_table(io.BytesIO(first + b"".join(parts)))
    assert told.num_rows == 15_000 and told.column("n").to_pylist()[::5000] == [0, 1, 2]
    csv = b"".join(list(sheets.csv_files(report))[-1][1]).decode("utf-8-sig").splitlines()
    assert csv[0] == "n,word" and csv[-1] == '2,"\'=x"' and len(csv) == 15_001


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "  =1", "＝1", "\r=1", "a=b", "plain", "", 'say "no", twice', "a\nb"]
)
def test_a_long_table_tames_text_as_a_short_one_does(text: str) -> None:
    import csv

    import pyarrow as pa

    class Long:
        schema = pa.schema(
            [("word", pa.string()), ("name", pa.dictionary(pa.int32(), pa.string())), ("n", pa.float64())]
        )

        def batches(self) -> Iterator[pa.RecordBatch]:
            named = pa.array([text, "x"]).dictionary_encode()
            yield pa.RecordBatch.from_arrays([pa.array([text, "x"]), named, pa.array([-1.5, 2.25])], schema=self.schema)

    data = b"".join(list(sheets.csv_files(replace(sample(), big={"items": Long()})))[-1][1]).decode("utf-8-sig")
    told = list(csv.reader(io.StringIO(data, newline="")))
    assert told == [["word", "name", "n"], [str(sheets.tame(text)), str(sheets.tame(text)), "-1.5"], ["x", "x", "2.25"]]


def test_a_form_follows_from_the_name_of_the_file() -> None:
    assert [forms.form_of(name) for name in ("a.html", "b.XLSX", "c.json", "d")] == ["html", "xlsx", "json", None]


def test_a_folder_of_tables_does_not_replace_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("here")
    with pytest.raises(UsageError, match="makes a folder"):
        forms.write(sample(), "csv", tmp_path / "taken")


def test_what_cannot_be_written_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommitError, match="cannot be written"):
        forms.write(sample(), "html", tmp_path / "file" / "report.html")


def test_a_pdf_says_who_may_read_it_on_each_page_fetches_nothing_and_is_the_same_again() -> None:
    pytest.importorskip("weasyprint", reason="WeasyPrint is not installed (pip install provenance[pdf])")
    import pypdfium2

    from provenance.reports.pdf import pdf

    asked = page.render(sample("<img src='http://evil.example/x.png'>"), paper=True)
    before = os.environ.get("SOURCE_DATE_EPOCH")
    told = pdf(asked)
    assert told.startswith(b"%PDF-")
    time.sleep(1.1)  # fonts count the seconds
    assert told == pdf(asked)
    assert os.environ.get("SOURCE_DATE_EPOCH") == before
    with pypdfium2.PdfDocument(told) as document:
        words = [each.get_textpage().get_text_bounded() for each in document]
    assert words and all("Title. Private. " in each for each in words)
    assert "<img src='http://evil.example/x.png'>" in words[0]


def test_a_page_cannot_make_a_pdf_load_anything(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="WeasyPrint is not installed (pip install provenance[pdf])")
    from provenance.reports.pdf import pdf

    secret = tmp_path / "secret.png"
    from PIL import Image

    Image.new("RGB", (400, 400), (1, 2, 3)).save(secret)
    plain = pdf(b"<p>here</p>")
    assert len(pdf(f"<p>here</p><img src='{secret.as_uri()}'>".encode())) < len(plain) + 300


def test_without_the_extra_a_pdf_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError) as told:
        forms.write(sample(), "pdf", tmp_path / "report.pdf")
    assert "provenance[pdf]" in (told.value.next_step or "") and not (tmp_path / "report.pdf").exists()
