"""A report as a workbook (Office Open XML, ECMA-376): one sheet for each table.

Text is written as inline strings and never as a formula, whatever it begins with. Nothing of the time or the machine is
in it, so that equal reports give equal bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from provenance.reports.content import Cell, Report
from provenance.reports.sheets import rows

MOST_ROWS = 1_048_575  # besides the head
_MOST_TEXT = 32_767
_EPOCH = dt.date(1899, 12, 30)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def workbook(report: Report) -> bytes:
    """Return the workbook. A table of more rows than a sheet can hold is cut there; its sheet says so."""
    sheets: list[tuple[str, list[str], Iterable[tuple[Cell, ...]]]] = [("report", ["what", "value"], _front(report))]
    for table in report.tables():
        sheets.append((table.key, [column.title for column in table.columns], table.rows))
    for key, big in report.big.items():
        sheets.append((key, big.schema.names, rows(big)))
    # What is printed at the top of each page; an ampersand would begin a code there.
    edge = escape(f"&L{report.title}. {report.marking}".replace("&", "&&").replace("&&L", "&L", 1) + "&R&P / &N")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _frame([name for name, _, _ in sheets]):
            _put(package, name, [text])
        for number, (_, head, cells) in enumerate(sheets, 1):
            _put(package, f"xl/worksheets/sheet{number}.xml", _sheet(head, cells, edge))
    return out.getvalue()


def _front(report: Report) -> Iterator[tuple[Cell, ...]]:
    yield from (("title", report.title), ("subtitle", report.subtitle), ("marking", report.marking))
    yield from ((figure.label, figure.value) for figure in report.figures)
    if report.answer is not None:
        yield from (("question", report.answer.question), ("answer", report.answer.verdict), *report.answer.terms)
    for section in report.sections:
        yield from section.facts
        yield from ((section.title, note) for note in section.notes)


def _sheet(head: list[str], cells: Iterable[tuple[Cell, ...]], edge: str) -> Iterator[str]:
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield "</sheetView></sheetViews><sheetData>"
    yield f"<row>{''.join(_cell(title, 1) for title in head)}</row>"
    for at, row in enumerate(cells):
        if at == MOST_ROWS - 1:
            yield f"<row>{_cell('more rows than a sheet can hold: see csv or parquet', 1)}</row>"
            break
        yield f"<row>{''.join(map(_cell, row))}</row>"
    yield f"</sheetData><headerFooter><oddHeader>{edge}</oddHeader></headerFooter></worksheet>"


def _cell(value: Cell, style: int = 0) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, dt.date):
        return f'<c s="2"><v>{(value - _EPOCH).days}</v></c>'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"<c><v>{round(value, 6)}</v></c>"
    text = escape(_ILLEGAL.sub("\ufffd", str(value))[:_MOST_TEXT])
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{text}</t></is></c>'


def _frame(names: list[str]) -> Iterator[tuple[str, str]]:
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.worksheet+xml"/>'
        for at in range(1, len(names) + 1)
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxml'
        'formats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxml'
        'formats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="'
        f'application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{parts}</Types>',
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_REL}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    sheets = "".join(f'<sheet name="{name[:31]}" sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(names, 1))
    yield "xl/workbook.xml", f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>'
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_REL}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(names) + 1)
    )
    styles = f'<Relationship Id="rId{len(names) + 1}" Type="{_REL}/styles" Target="styles.xml"/>'
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}{styles}</Relationships>',
    )
    yield "xl/styles.xml", _STYLES


def _put(package: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    with package.open(info, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "replace"))
