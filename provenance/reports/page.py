"""A report as one page of HTML: nothing outside it is loaded, nothing in it that came from outside becomes markup.

The Content-Security-Policy names the page's own style and script by their digests; every other style, script, frame,
form or request is forbidden, also to a reader whose browser is told to allow them. Without the script the page says the
same: tables stand sorted as they are, details open by a click.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup

from provenance.reports import charts
from provenance.reports.content import Bars, Cell, Column, Form, Report, Timeline, anchor, length


def render(report: Report) -> bytes:
    """Return the page, UTF-8. Equal reports give equal bytes."""
    style, script = _part("report.css"), _part("report.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template("report.html.j2")
    return page.render(report=report, style=Markup(style), script=Markup(script), policy=policy).encode(
        "utf-8", "replace"
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": cell, "jpeg": _jpeg, "sort_key": _sort_key}
    environment.globals |= {"anchor": anchor, "bar": charts.bar, "timeline": charts.timeline}
    environment.tests |= {
        "bars": lambda chart: isinstance(chart, Bars),
        "timeline": lambda chart: isinstance(chart, Timeline),
    }
    return environment


def cell(value: Cell, column: Column) -> str:
    """Return a cell as people read it."""
    if value is None:
        return "—"
    if column.form is Form.HOURS and isinstance(value, (int, float)):
        return length(value * 3600) if value else "—"
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
