"""Charts as inline SVG: shapes only where they stretch with the page, so that all words stay words and can be read.

Colours come from the page's classes, which know light, dark and paper. Whatever comes from outside is escaped here.
"""

from __future__ import annotations

import datetime as dt

from markupsafe import Markup, escape

from provenance.reports.content import Bar, Timeline

_WIDTH, _AXIS, _TOP = 720, 34, 26


def bar(each: Bar, most: float) -> Markup:
    """Return one bar against the longest: its parts side by side. It stretches to whatever width it is given."""
    out, at = [], 0.0
    for part in each.parts:
        width = 100 * part.value / most if most else 0
        if width:
            # A sliver must be seen: one item of a million is one item.
            shown = max(width, 0.4)
            out.append(f'<rect class="f-{escape(part.of)}" x="{at:.2f}" y="0" width="{shown:.2f}" height="10"/>')
            at += shown
    shapes = Markup("".join(out))
    return Markup(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(f"{each.label}: {each.words}", shapes)


def timeline(line: Timeline) -> Markup:
    """Return marks on a line of months; their height is that of the items. Each says what it is when pointed at."""
    span = max((line.last - line.first).days, 1)
    most = max((mark.items for mark in line.marks), default=1) or 1
    height = _TOP + 74
    base = height - 30

    def place(day: dt.date) -> float:
        return _AXIS + (_WIDTH - 2 * _AXIS) * (day - line.first).days / span

    months = list(_months(line.first, line.last))
    out = [Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_AXIS, _WIDTH - _AXIS, base, base)]
    step = max(1, len(months) // 8)
    for at, month in enumerate(months):
        at_month = f"{place(month):.1f}"
        tick = '<line class="tick" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        out.append(Markup(tick).format(at_month, base, base + 5))
        if at % step == 0:
            out.append(
                Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    at_month, base + 20, f"{month:%Y-%m}"
                )
            )
    for mark in line.marks:
        x, size = place(mark.day), 8 + 44 * mark.items / most
        out.append(
            Markup(
                '<g><title>{}</title><rect class="f-review" x="{}" y="{}" width="5" height="{}" rx="2"/></g>'
            ).format(
                f"{mark.day}: {mark.label} ({mark.items:,} items)",
                f"{x - 2.5:.1f}",
                f"{base - size:.1f}",
                f"{size:.1f}",
            )
        )
    return Markup('<svg class="timeline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, height, line.title, Markup("").join(out)
    )


def _months(first: dt.date, last: dt.date) -> list[dt.date]:
    """The first days of the months between two days."""
    found, day = [], first.replace(day=1)
    while day <= last:
        if day >= first:
            found.append(day)
        day = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return found
