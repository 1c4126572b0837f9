"""A report as one page of HTML: nothing outside it is loaded, nothing in it that came from outside becomes markup.

The Content-Security-Policy names the page's own style and script by their digests; every other style, script, frame,
form or request is forbidden, also to a reader whose browser is told to allow them. Without the script the page says the
same: all details stand open, short tables are sorted by a choice above them, long ones are in order of their names.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources

import jinja2
from markupsafe import Markup

from provenance.reports import charts
from provenance.reports.content import Bars, Cell, Column, Form, Matrix, Report, Section, Table, Timeline, anchor
from provenance.reports.numbers import in_bytes, length

SORTABLE = range(4, 61)  # how many rows a table has that is sorted without the script
_SEARCHED = 8  # a table of as many rows can be narrowed


def render(report: Report, paper: bool = False) -> bytes:
    """Return the page, UTF-8. Equal reports give equal bytes. paper: without what is of use on a screen only."""
    if paper:
        report = replace(report, sections=tuple(_for_paper(section) for section in report.sections))
    style, script = "\n".join(_style(report, paper)), "" if paper else _part("report.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template("report.html.j2")
    told = page.render(
        report=report,
        paper=paper,
        style=Markup(style),
        script=Markup(script),
        policy=policy,
        known=frozenset(_anchors(report)),
    )
    return told.encode("utf-8", "replace")


def _for_paper(section: Section) -> Section:
    return replace(section, details=tuple(detail for detail in section.details if detail.printed))


def _anchors(report: Report) -> Iterator[str]:
    """What a link can lead to. Whatever leads elsewhere (a list that was cut, or is private) is no link."""
    for section in report.sections:
        yield section.key
        yield from (f"{section.key}-{table.key}" for table in section.tables)
        yield from (detail.anchor for detail in section.details)


def _style(report: Report, paper: bool) -> Iterator[str]:
    """The page's style: what is always the same, the words at the edge of each printed page, and the orders of rows."""
    yield _part("report.css")
    edge = f"{report.title}. {report.marking}".replace("\\", "").replace('"', "'")
    yield f'@page {{ @top-left {{ content: "{edge}" }} }}'
    tables = [table for section in report.sections for table in _of(section) if sortable(table) and not paper]
    rows = max((len(_body(table)) for table in tables), default=0)
    for at in range(max((len(table.columns) for table in tables), default=0)):
        yield "".join(f".tb:has(.s{at}:checked) .r{at}-{rank}{{order:{rank}}}" for rank in range(rows))


def _of(section: Section) -> Iterator[Table]:
    yield from section.tables
    yield from (detail.table for detail in section.details)


def sortable(table: Table) -> bool:
    """Whether a table can be sorted without the script."""
    return len(_body(table)) in SORTABLE


def _body(table: Table) -> list[tuple[Cell, ...]]:
    return list(table.rows[:-1] if table.sums else table.rows)


def _classes(table: Table) -> list[str]:
    """The classes of each row: its decision, and its place in the order of each column."""
    body = _body(table)
    found = list[list[str]]([] for _ in body)
    decision = next((at for at, column in enumerate(table.columns) if column.form is Form.DECISION), None)
    if decision is not None:
        for cells, classes in zip(body, found, strict=True):
            classes.append(str(cells[decision]))
    if sortable(table):
        for at, column in enumerate(table.columns):
            order = sorted(range(len(body)), key=lambda row: _order(body[row][at], column))
            for rank, row in enumerate(order):
                found[row].append(f"r{at}-{rank}")
    return [" ".join(classes) for classes in found]


def _order(value: Cell, column: Column) -> tuple[bool, float, str]:
    """What rows are sorted by: numbers most first, days and words rising, what is not there last."""
    if column.numeric:
        return value is None, -float(str(value or 0)), ""
    return value is None, 0.0, str(value).casefold()


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": cell, "jpeg": _jpeg, "sort_key": _sort_key}
    environment.globals |= {
        "anchor": anchor,
        "bar": charts.bar,
        "timeline": charts.timeline,
        "matrix": charts.matrix,
        "classes": _classes,
        "sortable": sortable,
        "searched": _SEARCHED,
        "css": {Form.CODE: "code", Form.DAY: "day", Form.PROSE: "p"},
    }
    environment.tests |= {
        "bars": lambda chart: isinstance(chart, Bars),
        "timeline": lambda chart: isinstance(chart, Timeline),
        "matrix": lambda chart: isinstance(chart, Matrix),
    }
    return environment


def cell(value: Cell, column: Column) -> str:
    """Return a cell as people read it."""
    if value is None:
        return "—"
    if column.form is Form.HOURS and isinstance(value, (int, float)):
        return length(value * 3600) if value else "—"
    if column.form is Form.BYTES and isinstance(value, int):
        return in_bytes(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _sort_key(value: Cell) -> str:
    """Return what the page's script sorts numbers by."""
    return f"{value:.6f}" if isinstance(value, float) else str(value or 0)


def _jpeg(data: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _part(name: str) -> str:
    return (resources.files("provenance.reports") / "templates" / name).read_text("utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
