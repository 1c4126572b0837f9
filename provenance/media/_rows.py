"""Printed lines and what is known of each: where its runs of text stand, what is above it, whether it is furniture.

Furniture is what a printer adds to a page: page numbers, running headers and footers, `CONTINUED`, revision stars.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from provenance.media import _screenplay as sp

_FAR = 25  # columns
_NUMBER = r"[A-Z]{0,3}-?\d{1,4}(?:-?[A-Z0-9]{1,3})*[.)]?"
_NUMBERED = re.compile(rf"({_NUMBER})\s+(\S.*)$")
_ONLY_NUMBER = re.compile(rf"{_NUMBER}$")
_PAGE_NUMBER = re.compile(r"(?:page\s+)?[-–(]?\s*\d{1,4}[A-Z]?\s*[-–).]?(?:\s*(?:of|/)\s*\d{1,4})?$", re.IGNORECASE)
_CONTINUED = re.compile(r"\(?CONTINUED:?\)?(?:\s*\(\d+\))?$", re.IGNORECASE)


class Segment(NamedTuple):
    """A run of text, stripped and not empty. x: column where it begins. end: column after its last character."""

    x: float
    end: float
    text: str


class Row(NamedTuple):
    """One printed line. gap: an empty line above, or the page's top. down: how far down the page, 0 to 1."""

    segments: tuple[Segment, ...]
    gap: bool
    page: int | None = None
    down: float | None = None
    top: bool = False

    @property
    def text(self) -> str:
        if len(self.segments) == 1:
            return self.segments[0].text
        return " ".join(segment.text for segment in self.segments)

    @property
    def x(self) -> float:
        return self.segments[0].x


def scene_heading(row: Row) -> tuple[str, str | None] | None:
    """Return the heading and its printed number when the row is one: `12 INT. HOUSE - DAY 12`."""
    if len(row.segments) == 1 and not row.segments[0].text[0].isdecimal():
        text = row.segments[0].text
        if sp.is_heading(text):
            return text, None
        if not text[0].isupper():
            return None
    segments = list(row.segments)
    number = None
    if len(segments) > 1 and _ONLY_NUMBER.match(segments[-1].text) and segments[-1].end - segments[0].x > _FAR:
        number = segments.pop().text
    if len(segments) > 1 and _ONLY_NUMBER.match(segments[0].text):
        number = segments.pop(0).text
    text = " ".join(segment.text for segment in segments)
    numbered = _NUMBERED.match(text)
    if numbered and sp.is_heading(numbered[2]):
        number, text = numbered[1], numbered[2].removesuffix(f" {numbered[1]}")
    return (text, number.rstrip(".)") if number else None) if sp.is_heading(text) else None


def without_furniture(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without furniture; the first that is left on a page is marked `top`."""
    pages: dict[int | None, list[int]] = {}
    for at, row in enumerate(rows):
        pages.setdefault(row.page, []).append(at)
    edges: set[int] = set()
    seen: Counter[tuple[str, int]] = Counter()
    for page, members in pages.items():
        if page is None:
            continue
        for at in (*members[:2], *members[-2:]):
            edges.add(at)
        for at in {members[0], members[-1]}:
            seen[_signature(rows[at])] += 1
    often = max(3, 0.4 * len(pages))
    out: list[Row] = []
    for at, row in enumerate(rows):
        if row.segments[-1].text.strip("* ") == "":
            row = row._replace(segments=tuple(part for part in row.segments if part.text.strip("* ")))
            if not row.segments:
                continue
        if row.page is None:
            out.append(row)
            continue
        if at in edges:
            alone = row.gap or at + 1 == len(rows) or rows[at + 1].gap or rows[at + 1].page != row.page
            if alone and (_PAGE_NUMBER.match(row.text) or seen[_signature(row)] >= often):
                continue
            if _CONTINUED.match(_without_number(row)):
                continue
        # What follows a header at the top of a page begins where it left off on the page before.
        first = not out or out[-1].page != row.page
        out.append(row._replace(gap=True, top=True) if first else row)
    return out


def _without_number(row: Row) -> str:
    return " ".join(part.text for part in row.segments if not _PAGE_NUMBER.match(part.text)) or row.text


def _signature(row: Row) -> tuple[str, int]:
    return re.sub(r"\d+", "#", _without_number(row)), round((row.down or 0) * 50)


def margin(rows: Sequence[Row]) -> float:
    """The column of action: where headings begin, else the leftmost column that holds a tenth of the rows."""
    found = Counter[int]()
    for row in rows:
        if row.gap and (said := scene_heading(row)) is not None:
            found[
                round(next(s.x for s in row.segments if said[0].startswith(s.text[:4]) or s is row.segments[-1]))
            ] += 1
    if found:
        return float(min(found.items(), key=lambda pair: (-pair[1], pair[0]))[0])
    columns = Counter(round(row.x) for row in rows)
    return float(min((x for x, times in columns.items() if times * 10 >= len(rows)), default=min(columns)))
