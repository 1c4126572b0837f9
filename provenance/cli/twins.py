"""provenance twins: what is the same as a file or item, or near to it, or only looks so; side by side if you like."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli import _show


@click.command("twins")
@_show.dataset
@click.argument("what", required=False)
@click.option("--html", "sheet", type=click.Path(dir_okay=False), help="Write a contact sheet to this file.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False),
    help="A CSV of outside fingerprints (column pdq or phash, in hex; name if you like) to look for.",
)
@_show.as_json
def command(dataset: str, what: str | None, sheet: str | None, against: str | None, as_json: bool) -> int:
    """List the twins of WHAT, a path or an item's id, in DATASET: their relation, and what was changed.

    For videos, also the ranges in which both show the same: from start to end in WHAT = from start to end in the twin.

    With --against, list which items of WHAT (or of all of DATASET) an outside list knows instead.
    """
    from provenance.model.errors import InputError, UsageError
    from provenance.twins import Twins

    if what is None and against is None:
        raise UsageError("twins needs a path, an item's id, or a list", next_step="provenance twins DATASET PATH")
    if against is not None and sheet is not None:
        raise UsageError("a list has no pictures to show", next_step="give either --against or --html")
    twins = Twins(dataset)
    rows = twins.rows(what) if what is not None else None
    if against is not None:
        matches = twins.against(against, rows)
        if as_json:
            _show.emit([match.as_json() for match in matches])
            return 0
        for match in matches:
            form = "" if match.form == "upright" else f", {match.form}"
            place = f" at {match.place}" if match.place else ""
            click.echo(f"{match.asset}{place}: {match.listed} ({match.kind}, {match.distance} bits{form})")
        click.echo(f"{len(matches)} matches")
        return 0
    assert rows is not None and what is not None
    found = twins.of(rows)
    if sheet is not None:
        try:
            Path(sheet).write_text(twins.sheet(what, found), "utf-8")
        except OSError as error:
            raise InputError(f"the sheet cannot be written: {error}", where=sheet) from error
    if as_json:
        _show.emit([twin.as_json() for twin in found])
        return 0
    for twin in found:
        changes = f" ({', '.join(twin.changes)})" if twin.changes else ""
        places = " ~ ".join(filter(None, twin.places))
        more = f", {twin.items} items" if twin.items > 1 else ""
        click.echo(f"{twin.relation:7} {twin.asset}{changes}{f'  {places}' if places else ''}{more}")
        for span in twin.spans:
            click.echo(f"{'':7}   {span.told()}")
    click.echo(f"{len(found)} twins" + (f"; side by side in {sheet}" if sheet else ""))
    return 0
