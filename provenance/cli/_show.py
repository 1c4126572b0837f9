"""What commands share: results to stdout as text or JSON, progress to stderr, options that many commands take."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from provenance.releasing.captions import Captioned

Progress = Callable[[int, int, str], None]  # done, of how much, what is being done; both in the same unit

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, for machines.")
trusted_key = click.option(
    "--trusted-key",
    "trusted_keys",
    multiple=True,
    metavar="ROLE:KEY",
    help="Accept only this first key of its role, such as build:BASE64; may be given again.",
)
dataset = click.argument("dataset", type=click.Path(exists=True, file_okay=False))


class Day(click.ParamType):
    """An ISO calendar day, UTC."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day of the calendar; write it like 2026-11-23", param, ctx)


def end_of(day: dt.date | None) -> dt.datetime | None:
    """Return the last second of a UTC day."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC) if day is not None else None


def emit(result: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a result as JSON on stdout."""
    click.echo(json.dumps(result, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def table(rows: Sequence[Sequence[object]], indent: str = "  ") -> str:
    """Return rows in columns: numbers to the right, words to the left."""
    if not rows:
        return ""
    widths = [max(len(str(row[at])) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            str(cell).rjust(width) if isinstance(cell, int) else str(cell).ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        lines.append(indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def captions(told: Captioned | None) -> list[str]:
    """Return what came of captions, a line for each thing to know."""
    if told is None:
        return []
    per_kind = [f"{n:,} of {n + told.without[kind]:,} {kind}" for kind, n in told.captioned.items()]
    lines = [f"captions: {', '.join(per_kind) or 'no pictures'}, from {told.source}"]
    if told.withheld:
        lines.append("captions withheld: " + ", ".join(f"{n:,} {why}" for why, n in told.withheld.items()))
    if told.unmatched:
        more = ", ..." if told.unmatched > len(told.named) else ""
        lines.append(f"lines about nothing that is handed over: {told.unmatched:,} ({', '.join(told.named)}{more})")
    return lines


@contextlib.contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """Give a function that shows rate and time left on stderr, and nothing when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None)
        yield lambda done, of, what: bars.update(task, completed=done, total=of or None, description=what)
