"""The words of a report: sections of facts, tables, charts and pictures. Every form of output is made from these.

Whoever fills them in passes plain text, numbers and days; escaping is the business of each form, at its edge.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import pyarrow as pa

Cell = str | int | float | dt.date | None


PRIVATE = "Private: names people and works and quotes agreements. Not for publication."
PUBLIC = "Public: names of people, works, holders and agreements are left out or digested."
SCHEMA = {"name": "provenance-report", "version": 2}  # of a report as JSON; a change of meaning raises it


class Form(StrEnum):
    """How the cells of a column read. HOURS are fractions of hours, shown as h:mm:ss; BYTES as kB, MB, GB; CODE is a
    digest, path or id; PROSE is a sentence.
    """

    TEXT = "text"
    COUNT = "count"
    HOURS = "hours"
    BYTES = "bytes"
    DAY = "day"
    CODE = "code"
    DECISION = "decision"
    PROSE = "prose"


ROW = "row"  # a column whose cells lead where their row does


@dataclass(frozen=True, slots=True)
class Column:
    """key: for machines. leads: the cell leads to the detail of that family and the cell's own value; ROW: to wherever
    the table says that its row leads.
    """

    key: str
    title: str
    form: Form = Form.TEXT
    leads: str | None = None

    @property
    def numeric(self) -> bool:
        return self.form in (Form.COUNT, Form.HOURS, Form.BYTES)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. total: how many rows there are in all, where only the first of them are here.

    leads: for each row the anchor of its items, or None. jumps: names of the rows at which a new part of a long list
    begins, by their number. sums: the last row is the sum of the others.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    about: str = ""
    total: int | None = None
    leads: Sequence[str | None] = ()
    jumps: Mapping[int, str] = field(default_factory=dict)
    sums: bool = False

    @property
    def left_out(self) -> int:
        return 0 if self.total is None else self.total - len(self.rows)

    def as_json(self) -> dict[str, Any]:
        keys = [column.key for column in self.columns]
        rows = [{key: plain(cell) for key, cell in zip(keys, row, strict=True)} for row in self.rows]
        return {"title": self.title, "about": self.about, "rows": rows, "left_out": self.left_out}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar: how much, and of which class (a decision, or `plain`). leads: the anchor of its items."""

    of: str
    value: float
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, what stands beside it in words, its parts; `leads` as in a column."""

    label: str
    words: str
    parts: tuple[Part, ...]
    leads: str | None = None

    @property
    def value(self) -> float:
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars on one scale. legend: the decisions that its colours stand for."""

    title: str
    bars: tuple[Bar, ...]
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happens on a day, and how many items it is about; none for what is about the whole answer.

    leads: the anchor of its items.
    """

    day: dt.date
    label: str
    items: int
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Marks between two days."""

    title: str
    first: dt.date
    last: dt.date
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Square:
    """One field of a matrix: how many. apart: members are decided differently. leads: the anchor of what it counts."""

    value: int
    apart: bool = False
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts of pairs of headings: row `at` has the squares (at, 0) to (at, at). about: what a square counts."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Square, ...], ...]
    about: str = ""


Chart = Bars | Timeline | Matrix


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail (JPEG bytes) or the first words of a text, with what is said of it. `decision` gives the edge."""

    caption: str
    decision: str
    why: str
    jpeg: bytes | None = None
    words: str | None = None
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """A table that opens when asked for: the items behind one figure. Reached by `leads` of a column or bar.

    items: how many the figure counts, where it counts items; title: what is shown, where it is not the name. printed:
    on paper too, where the lists of all figures would say everything several times.
    """

    family: str
    name: str
    table: Table
    about: str = ""
    items: int | None = None
    title: str | None = None
    printed: bool = False

    @property
    def anchor(self) -> str:
        return anchor(self.family, self.name)


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str
    about: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    details: tuple[Detail, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands at the head of the page. leads: the anchor of what it counts."""

    value: str
    label: str
    of: str = "plain"
    leads: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader came for: the question, the answer in a sentence, and what it depends on, by name."""

    question: str
    verdict: str
    terms: tuple[tuple[str, str], ...] = ()
    charts: tuple[Bars, ...] = ()


class Big(Protocol):
    """A table too long to be held: its columns, and its rows in batches, each time anew."""

    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. marking: who may read it, in words; public: whether it was made to be published."""

    title: str
    subtitle: str
    marking: str
    public: bool
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    big: Mapping[str, Big] = field(default_factory=dict)  # too long for a page: only for machines
    answer: Answer | None = None

    def tables(self) -> Iterator[Table]:
        """Every table that stands on the page, in its order."""
        for section in self.sections:
            yield from section.tables

    def as_json(self) -> dict[str, Any]:
        answer = self.answer
        return {
            "schema": SCHEMA,
            "title": self.title,
            "subtitle": self.subtitle,
            "marking": self.marking,
            "public": self.public,
            "answer": None
            if answer is None
            else {"question": answer.question, "verdict": answer.verdict, "terms": dict(answer.terms)},
            "figures": [{"label": each.label, "value": each.value} for each in self.figures],
            "sections": [
                {
                    "key": section.key,
                    "title": section.title,
                    "about": section.about,
                    "facts": dict(section.facts),
                    "notes": list(section.notes),
                    "tables": {table.key: table.as_json() for table in section.tables},
                }
                for section in self.sections
            ],
        }


def anchor(family: str, name: str) -> str:
    """Return the page's name for a detail: names of works and people are no identifiers, their digests are."""
    return f"{family}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def plain(cell: Cell) -> str | int | float | None:
    """Return a cell as JSON knows it."""
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return round(cell, 6) if isinstance(cell, float) else cell
