"""provenance rights import and lint: sheets on their way into the ledger."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from provenance.cli import _policy, _show

if TYPE_CHECKING:
    from provenance.rights.ledger import Changes, Import
    from provenance.rightsdesk import Desk

_sheets = click.argument("sheets", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))


@click.command("import")
@_show.dataset
@_sheets
@_policy.options
@click.option("--yes", is_flag=True, help="Do not ask.")
@_show.as_json
def import_command(dataset: str, sheets: tuple[str, ...], yes: bool, as_json: bool, **asked: Any) -> int:
    """Take SHEETS into the ledger of DATASET.

    First shows what they would newly clear, newly refuse and leave to review, under the policy given (default:
    generative training, commercial, worldwide), and asks. A sheet with a mistake is refused whole.
    """
    from provenance import rightsdesk

    desk = rightsdesk.open_desk(dataset)
    proposed = rightsdesk.proposed(desk.book, sheets)
    return _sign(dataset, desk, proposed, (), yes, as_json, asked)


@click.command("project")
@_show.dataset
@click.argument("timeline", type=click.Path(exists=True, dir_okay=False))
@click.option("--onto", required=True, help="The cut that it describes, as a path in the archive.")
@click.option("--rate", help="Frames a second, for an EDL or a cue sheet: 25, 24000/1001.")
@click.option("--begins", help="Timecode of the cut's first frame, for an EDL or a cue sheet: 01:00:00:00.")
@_policy.options
@click.option("--yes", is_flag=True, help="Do not ask.")
@_show.as_json
def project_command(
    dataset: str,
    timeline: str,
    onto: str,
    rate: str | None,
    begins: str | None,
    yes: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Carry the rights of a TIMELINE's sources (OTIO, EDL, FCPXML, cue sheet) onto the cut, as ranges of time.

    What holds of a source then holds of the cut wherever the cut shows it, beside the cut's own record. Where nobody
    says at which timecode the cut begins, what restricts a source restricts the whole cut.
    """
    from provenance import rightsdesk

    desk = rightsdesk.open_desk(dataset)
    found = rightsdesk.project(desk, timeline, onto, _rate(rate), begins)
    return _sign(dataset, desk, [(found.body, found.changes)], found.unknown, yes, as_json, asked)


def _rate(text: str | None) -> Fraction | None:
    try:
        return Fraction(text) if text is not None else None
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{text!r} is no frame rate; write it like 25 or 24000/1001") from None


def _sign(
    dataset: str,
    desk: Desk,
    proposed: list[tuple[Import, Changes]],
    unknown: tuple[str, ...],
    yes: bool,
    as_json: bool,
    asked: dict[str, Any],
) -> int:
    """Show what entries would change, ask, and sign them."""
    from provenance import deskwords, rightsdesk, whatif

    bodies = [body for body, changes in proposed if not changes.empty]
    policy = _policy.policy_or_default(**asked)
    flips = whatif.of_entries(desk, bodies, policy) if bodies else None
    told: dict[str, Any] = {"sheets": [deskwords.changes_json(body, changes) for body, changes in proposed]}
    told |= {"unknown": list(unknown)} if unknown else {}
    if flips is not None:
        told["policy"], told["difference"] = policy.to_json(), flips.as_json()
    if not as_json:
        for body, changes in proposed:
            click.echo(deskwords.changes_text(body, changes))
        for name in unknown:
            click.echo(f"  not found in the archive, or without a record: {name}")
        if flips is not None:
            click.echo(whatif.text(flips, policy))
    if not bodies:
        if as_json:
            _show.emit(told | {"imported": False})
        else:
            click.echo("the ledger holds all of this already; nothing to import")
        return 0
    if not yes and not click.confirm("Sign this into the ledger?", err=True):
        click.echo("nothing was imported", err=True)
        return 0
    book = rightsdesk.append(desk.store, desk.dataset.id, desk.book, bodies, desk.moment)
    if as_json:
        _show.emit(told | {"imported": True, "ledger": book.head})
    else:
        click.echo(f"ledger entry {book.entries[-1].number} is signed; next: provenance admit {dataset}")
    return 0


@click.command("lint")
@_sheets
@_show.as_json
def lint_command(sheets: tuple[str, ...], as_json: bool) -> int:
    """Check SHEETS and complain by file, line and column. The exit code is 10 when there is a complaint."""
    from provenance import rightsdesk

    complaints, counts = [], {}
    for sheet in sheets:
        found, statements = rightsdesk.lint(sheet)
        complaints += found
        counts[sheet] = statements
    if as_json:
        _show.emit({"statements": counts, "complaints": complaints})
    else:
        for each in complaints:
            column = f"{each['column']}: " if each["column"] else ""
            click.echo(f"{each['where']}: {column}{each['what']}")
        for sheet, count in counts.items():
            click.echo(f"{sheet}: {count} statements" if count is not None else f"{sheet}: not fit to import")
    return 10 if complaints else 0
