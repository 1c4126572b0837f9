"""Screenplay elements from where lines stand on the page: for PDF and for plain text in columns.

Positions are in columns of one character. Measured from the margin of the scene headings (or of most lines), action
stands at 0, dialogue from 3, cues from 10 and further right than what is said below them; transitions are in
capitals. A paragraph begins after an empty line. Furniture of the page, `(MORE)` and the cue repeated at the top of the
next page are taken off. Lines broken to fit are joined again; a line
that ends before it had to keeps its break.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.media import _screenplay as sp
from provenance.media._rows import Row, margin, scene_heading, without_furniture
from provenance.media._screenplay import Element

_DIALOGUE_COLUMN = 3
_CUE_COLUMN = 10
_RIGHT_COLUMN = 25
_LONG_HEADING = 45  # a heading that ends further left has no second line
_FADE = re.compile(r"(FADE (IN|OUT|UP|TO BLACK|TO WHITE)|CUT TO BLACK|IRIS (IN|OUT))[.:]?$")
_BY = re.compile(
    r"((screenplay|written|story|teleplay|adapted|created)\s+)?by\b|автор|сценарий|scénario", re.IGNORECASE
)
_REPEATED = re.compile(r"\s*\((?:CONT[’']?D|CONTINUING)\.?\)\s*$", re.IGNORECASE)


def read(rows: Sequence[Row]) -> tuple[str | None, list[Element]]:
    """Return the title, from a title page when there is one, and the elements, title page first."""
    rows = without_furniture(rows)
    if not rows:
        return None, []
    left = margin(rows)
    body = _title_rows(rows, left)
    title, front = _title_page(rows[:body])
    return title, front + _Reader(rows[body:], left).elements()


def _opens(row: Row) -> bool:
    return scene_heading(row) is not None or bool(_FADE.match(row.text))


def _title_rows(rows: Sequence[Row], left: float) -> int:
    """How many rows are a title page: a first page that begins low or names an author, before any scene."""
    paged = rows[0].page is not None
    end = next((at for at, row in enumerate(rows) if _opens(row) or (paged and row.page != rows[0].page)), len(rows))
    if not 0 < end < len(rows) or (not paged and end > 40):
        return 0
    if paged and rows[end].page == rows[0].page:
        return 0
    named = any(_BY.match(row.text) for row in rows[:end])
    low = rows[0].down is not None and rows[0].down > 0.2 and rows[0].x - left > _DIALOGUE_COLUMN
    return end if named or low else 0


def _title_page(rows: Sequence[Row]) -> tuple[str | None, list[Element]]:
    if not rows:
        return None, []
    until = next((at for at, row in enumerate(rows[:6]) if _BY.match(row.text)), 1)
    title = " ".join(" ".join(row.text.split()) for row in rows[: max(until, 1)])
    return title or None, [Element(sp.TITLE, row.text, page=row.page, last_page=row.page) for row in rows]


@dataclass(slots=True)
class _Draft:
    """An element under construction: its printed lines with the column after each."""

    type: str
    lines: list[tuple[str, float]]
    page: int | None
    last_page: int | None
    dual: bool = False
    number: str | None = None


class _Reader:
    """One pass over the rows below the title page."""

    def __init__(self, rows: Sequence[Row], left: float) -> None:
        self._rows, self._margin = rows, left
        self._out: list[_Draft] = []
        self._more = False
        self._shaped = {at for at in range(len(rows)) if self._cue_shape(at)}
        self._cues = self._usual_cues()

    def elements(self) -> list[Element]:
        at = 0
        while at < len(self._rows):
            at = self._two_columns(at) or self._row(at)
        widths: dict[str, list[float]] = {}
        for draft in self._out:
            widths.setdefault(draft.type, []).extend(end for _, end in draft.lines)
        limits = {kind: sorted(ends)[math.ceil(0.98 * (len(ends) - 1))] for kind, ends in widths.items()}
        return [
            Element(
                draft.type,
                _join(draft.lines, limits[draft.type]),
                dual=draft.dual,
                number=draft.number,
                page=draft.page,
                last_page=draft.last_page,
            )
            for draft in self._out
        ]

    def _usual_cues(self) -> set[int]:
        """Columns where cues in capitals begin: a cue in small letters is believed only there."""
        found: Counter[int] = Counter()
        for at in self._shaped:
            if sp.is_capitals(self._rows[at].text):
                found[round(self._rows[at].x)] += 1
        return {column for column, times in found.items() if times >= 3}

    def _cue_shape(self, at: int) -> bool:
        """Whether a row stands where a cue does, above something that stands where speech does."""
        row = self._rows[at]
        if not row.gap or row.x - self._margin < _CUE_COLUMN or at + 1 == len(self._rows):
            return False
        below = self._rows[at + 1]
        return not below.gap and self._margin + _DIALOGUE_COLUMN - 1 < below.x < row.x - 1

    def _add(self, kind: str, row: Row, text: str | None = None, number: str | None = None) -> None:
        line = (row.text if text is None else text, row.segments[-1].end)
        self._out.append(_Draft(kind, [line], row.page, row.page, number=number))

    def _extend(self, row: Row) -> None:
        self._out[-1].lines.append((row.text, row.segments[-1].end))
        self._out[-1].last_page = row.page

    def _row(self, at: int) -> int:
        row = self._rows[at]
        text = row.text
        last = self._out[-1] if self._out else None
        indent = row.x - self._margin
        if text == "(MORE)":
            self._more = True
            return at + 1
        if row.gap and (said := scene_heading(row)) is not None:
            self._add(sp.HEADING, row, text=said[0], number=said[1])
            return at + 1
        speaking = last is not None and last.type in (sp.CHARACTER, sp.PARENTHETICAL, sp.DIALOGUE)
        if at in self._shaped and (sp.is_capitals(text) or round(row.x) in self._cues):
            return self._cue(row, at)
        if speaking and indent >= _DIALOGUE_COLUMN - 1 and (not row.gap or self._runs_on(row)):
            self._say(row, text)
        elif row.gap and self._is_transition(row, at):
            self._add(sp.TRANSITION, row)
        elif self._goes_on(row, indent):
            self._extend(row)
        else:
            self._add(self._loose(row, indent), row)
        return at + 1

    def _goes_on(self, row: Row, indent: float) -> bool:
        """Whether a row belongs to the paragraph above it, which is no speech."""
        if not self._out:
            return False
        last = self._out[-1]
        if row.gap:
            return last.type == sp.ACTION and indent < _DIALOGUE_COLUMN and self._runs_on(row)
        if last.type == sp.HEADING:
            return last.lines[-1][1] > self._margin + _LONG_HEADING
        return last.type in (sp.ACTION, sp.GENERAL, sp.CENTERED, sp.TRANSITION)

    def _runs_on(self, row: Row) -> bool:
        """Whether a row at the top of a page goes on with the sentence of the page before."""
        return row.top and bool(self._out) and not self._out[-1].lines[-1][0].endswith((".", "!", "?", ":", '"', "”"))

    def _cue(self, row: Row, at: int) -> int:
        name = _REPEATED.sub("", row.text)
        again = self._more or row.top
        self._more = False
        if again and self._last_speaker() == sp.cue_name(name).casefold() and name != row.text:
            return at + 1  # the printer's repetition of the cue above the page break
        self._add(sp.CHARACTER, row)
        return at + 1

    def _last_speaker(self) -> str | None:
        for draft in reversed(self._out):
            if draft.type == sp.CHARACTER:
                return sp.cue_name(draft.lines[0][0]).casefold()
            if draft.type not in (sp.PARENTHETICAL, sp.DIALOGUE):
                return None
        return None

    def _say(self, row: Row, text: str) -> None:
        last = self._out[-1]
        inside = last.type == sp.PARENTHETICAL and not last.lines[-1][0].endswith(")")
        if inside or (last.type == sp.DIALOGUE and not text.startswith("(")):
            self._extend(row)
        elif text.startswith("(") and (text.endswith(")") or last.type == sp.CHARACTER):
            self._add(sp.PARENTHETICAL, row)
        elif last.type == sp.DIALOGUE:
            self._extend(row)
        else:
            self._add(sp.DIALOGUE, row)

    def _is_transition(self, row: Row, at: int) -> bool:
        text = row.text
        alone = at + 1 == len(self._rows) or self._rows[at + 1].gap
        far = row.x - self._margin >= _RIGHT_COLUMN
        return alone and sp.is_capitals(text) and (far or text.endswith("TO:") or bool(_FADE.match(text)))

    def _loose(self, row: Row, indent: float) -> str:
        """The kind of a paragraph that is neither heading, speech nor transition."""
        if indent < _CUE_COLUMN / 2:
            return sp.ACTION
        middle = (row.x + row.segments[-1].end) / 2 - self._margin
        return sp.CENTERED if 24 <= middle <= 36 else sp.GENERAL

    def _two_columns(self, at: int) -> int:
        """Take a block of dual dialogue that begins here and return the row after it, 0 when there is none."""
        first = self._rows[at]
        if len(first.segments) != 2 or not first.gap or at + 1 == len(self._rows) or self._rows[at + 1].gap:
            return 0
        left, right = first.segments
        if not (sp.is_capitals(left.text) and sp.is_capitals(right.text)) or scene_heading(first) is not None:
            return 0
        middle = (left.end + right.x) / 2
        end = at + 1
        while end < len(self._rows) and not self._rows[end].gap:
            end += 1
        for column in (True, False):
            for number, row in enumerate(self._rows[at:end]):
                side = tuple(segment for segment in row.segments if (segment.x < middle - 8) == column)
                if number == 0:
                    side = (left,) if column else (right,)
                if not side:
                    continue
                half = row._replace(segments=side)
                if number == 0:
                    self._add(sp.CHARACTER, half)
                else:
                    self._say(half, half.text)
                self._out[-1].dual = True
        return end


def _join(lines: Sequence[tuple[str, float]], limit: float) -> str:
    """Put a paragraph's lines together: a break stays where the next word would still have fitted."""
    text, end = lines[0]
    for line, line_end in lines[1:]:
        word = line.split(" ", 1)[0]
        fits = end + 1 + len(word) <= limit
        hyphen = text.endswith("-") and not text.endswith("--")
        text += ("\n" if fits else "" if hyphen else " ") + line
        end = line_end
    return text
