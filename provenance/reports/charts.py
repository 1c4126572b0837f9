"""Charts as inline SVG: shapes only where they stretch with the page, so that all words stay words and can be read.

Colours come from the page's classes, which know light, dark and paper; the attributes beside them are for a maker of
PDF that knows no classes in a picture. Whatever comes from outside is escaped here. Each shape that counts items leads
to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator

from markupsafe import Markup

from provenance.reports.content import Bar, Mark, Matrix, Square, Timeline

_WIDTH, _AXIS = 720, 40
_ROW = 15  # a line of words on the time line
_MOST_ROWS = 5

_FILL = {"cleared": "#1f7a5c", "review": "#b07a12", "refused": "#a83a2e", "plain": "#4a6785"}

_TOLD = 'class="told" font-size="11.5" fill="#1d2329" font-family="sans-serif"'
_SOFT = 'font-size="11" fill="#55606a" font-family="sans-serif" text-anchor="middle"'

Place = Callable[[dt.date], float]
_LETTER = 6.2  # about the width of one, in the units of the time line


def bar(each: Bar, most: float, known: Collection[str], tall: bool = False) -> Markup:
    """Return one bar against the longest: its parts side by side. It stretches to whatever width it is given."""
    out, at = list[Markup](), 0.0
    for part in each.parts:
        width = 100 * part.value / most if most else 0
        if width:
            # A sliver must be seen: one item of a million is one item.
            shown = max(width, 0.4)
            shape = Markup('<rect class="f-{}" fill="{}" x="{}" y="0" width="{}" height="10"/>').format(
                part.of, _FILL.get(part.of, _FILL["plain"]), f"{at:.2f}", f"{shown:.2f}"
            )
            # The label beside the bar is the one stop of the keyboard; a part is for those who point.
            out.append(_led(shape, part.leads, known, tabindex="-1"))
            at += shown
    frame = '<svg class="bar{}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    return Markup(frame).format(" tall" if tall else "", f"{each.label}: {each.words}", Markup("").join(out))


def _led(shape: Markup, leads: str | None, known: Collection[str], tabindex: str = "0") -> Markup:
    if leads not in known:
        return shape
    return Markup('<a href="#{}" tabindex="{}">{}</a>').format(leads, tabindex, shape)


def timeline(line: Timeline, known: Collection[str]) -> Markup:
    """Return marks on a line of months; their height is that of the items. The first ones are told in words above."""
    span = max((line.last - line.first).days, 1)
    most = max((mark.items for mark in line.marks), default=1) or 1

    def place(day: dt.date) -> float:
        return _AXIS + (_WIDTH - 2 * _AXIS) * (day - line.first).days / span

    labels = list(_labels(line.marks, place))
    top = 8 + _ROW * (max((row for _, _, row in labels), default=-1) + 1)
    base, out = top + 58, list[Markup]()
    out.append(
        Markup('<line class="axis" stroke="#55606a" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            _AXIS, _WIDTH - _AXIS, base, base
        )
    )
    out += _axis(line, base, place)
    for mark in line.marks:
        x, size = place(mark.day), 6 + 44 * mark.items / most
        shape = '<g><title>{}</title><rect class="f-{}" fill="{}" x="{}" y="{}" width="6" height="{}" rx="2"/></g>'
        kind = "review" if mark.items else "plain"
        words = f"{mark.day}: {mark.label}" + (f" ({mark.items:,} items)" if mark.items else "")
        drawn = Markup(shape).format(words, kind, _FILL[kind], f"{x - 3:.1f}", f"{base - size:.1f}", f"{size:.1f}")
        out.append(_led(drawn, mark.leads, known))
    for mark, words, row in labels:
        x, y = place(mark.day), 14 + _ROW * row
        size = 6 + 44 * mark.items / most
        out.append(
            Markup('<line class="tick" stroke="#bbbbbb" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(
                f"{x:.1f}", y + 3, f"{base - size:.1f}"
            )
        )
        end = x + len(words) * _LETTER > _WIDTH
        anchor = "end" if end else "start"
        text = f'<text {_TOLD} x="{{}}" y="{{}}" text-anchor="{{}}">{{}}</text>'
        out.append(Markup(text).format(f"{x + (3 if end else -3):.1f}", y, anchor, words))
    frame = '<svg class="timeline" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>'
    return Markup(frame).format(_WIDTH, base + 30, line.title, Markup("").join(out))


def _labels(marks: Iterable[Mark], place: Place) -> Iterator[tuple[Mark, str, int]]:
    """Yield marks with their words and the line to set them on, as long as there is room for them side by side."""
    free = [0.0] * _MOST_ROWS
    for mark in marks:
        about = f"{mark.items:,} items" if mark.items else mark.label
        words = f"{mark.day} {about}"
        x, width = place(mark.day), len(words) * _LETTER
        start = x - width if x + width > _WIDTH else x
        row = next((at for at, end in enumerate(free) if end <= start), None)
        if row is not None:
            free[row] = start + width + 10
            yield mark, words, row


def _axis(line: Timeline, base: int, place: Place) -> Iterator[Markup]:
    months = list(_months(line.first, line.last))
    step = max(1, -(-len(months) // 8))
    for at, month in enumerate(months):
        at_month = f"{place(month):.1f}"
        yield Markup('<line class="tick" stroke="#bbbbbb" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(
            at_month, base, base + 5
        )
        if at % step == 0:
            yield Markup(f'<text {_SOFT} x="{{}}" y="{{}}">{{}}</text>').format(at_month, base + 20, f"{month:%Y-%m}")


def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of the months between two days."""
    found, day = [], first.replace(day=1)
    while day <= last:
        if day >= first:
            found.append(day)
        day = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return found


_SIDE, _LABEL, _LINE = 74, 170, 30


def matrix(chart: Matrix, known: Collection[str]) -> Markup:
    """Return a matrix of pairs, half of it, for a pair has no order: the fuller a square the more it counts."""
    most = max((square.value for row in chart.rows for square in row), default=0) or 1
    size = len(chart.headings)
    out = list[Markup]()
    for at, (heading, row) in enumerate(zip(chart.headings, chart.rows, strict=True)):
        y = at * _LINE
        out.append(
            Markup(f'<text {_TOLD} text-anchor="end" x="{{}}" y="{{}}">{{}}</text>').format(
                _LABEL - 8, y + 19, _short(heading, 26)
            )
        )
        for column, square in enumerate(row):
            x = _LABEL + column * _SIDE
            out.append(_square(square, x, y, most, f"{heading} and {chart.headings[column]}", column == at, known))
    for column, heading in enumerate(chart.headings):
        x, y = _LABEL + column * _SIDE + _SIDE // 2, size * _LINE + 14
        out.append(Markup(f'<text {_SOFT} x="{{}}" y="{{}}">{{}}</text>').format(x, y, _short(heading, 12)))
    frame = '<svg class="matrix" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="group" aria-label="{2}">{3}</svg>'
    return Markup(frame).format(_LABEL + size * _SIDE, size * _LINE + 22, chart.title, Markup("").join(out))


def _square(square: Square, x: int, y: int, most: int, words: str, alike: bool, known: Collection[str]) -> Markup:
    if not square.value:
        return Markup('<rect class="empty" fill="#f2f2f2" x="{}" y="{}" width="{}" height="{}"/>').format(
            x + 1, y + 1, _SIDE - 2, _LINE - 2
        )
    colour = "refused" if square.apart else "plain" if alike else "review"
    shade = 0.15 + 0.3 * square.value / most
    words = f"{words}: {square.value:,} groups" + (", decided differently in some" if square.apart else "")
    drawn = Markup(
        '<g><title>{}</title><rect class="f-{}" fill="{}" x="{}" y="{}" width="{}" height="{}" fill-opacity="{}"/>'
        f'<text {_TOLD} text-anchor="middle" '
        'x="{}" y="{}">{}</text></g>'
    ).format(
        words,
        colour,
        _FILL[colour],
        x + 1,
        y + 1,
        _SIDE - 2,
        _LINE - 2,
        f"{shade:.2f}",
        x + _SIDE // 2,
        y + 19,
        f"{square.value:,}",
    )
    return _led(drawn, square.leads, known)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
