"""provenance rights show and log: what the ledger says, and how it came to say it."""

from __future__ import annotations

import datetime as dt

import click

from provenance.cli import _show


@click.command("show")
@_show.dataset
@click.argument("ids", nargs=-1)
@click.option("--as-of", type=_show.Day(), help="What the ledger knew at the end of that day.")
@_show.as_json
def show_command(dataset: str, ids: tuple[str, ...], as_of: dt.date | None, as_json: bool) -> int:
    """Print the statements of DATASET's ledger, or those with the given IDS, whole."""
    from provenance import rightsdesk
    from provenance.model.errors import UsageError
    from provenance.rights import codec

    desk = rightsdesk.open_desk(dataset)
    state = desk.book.known_at(_show.end_of(as_of))
    chosen = [each for each in state.statements if not ids or each.id in ids]
    missing = sorted(set(ids) - {each.id for each in chosen})
    if missing:
        raise UsageError(f"the ledger has no statement {missing[0]}", next_step=f"provenance rights show {dataset}")
    if as_json:
        _show.emit([codec.encode(each) for each in chosen])
    elif ids:
        for each in chosen:
            click.echo("\n".join(f"{name}: {value}" for name, value in codec.encode(each).items()) + "\n")
    else:
        rows = [
            [each.id, str(each.applies_to), each.basis.value, each.status.value, str(each.end or ""), each.source]
            for each in chosen
        ]
        click.echo(_show.table([["id", "applies to", "basis", "status", "end", "source"], *rows], indent=""))
    return 0


@click.command("log")
@_show.dataset
@_show.as_json
def log_command(dataset: str, as_json: bool) -> int:
    """Print the entries of DATASET's ledger, oldest first."""
    from provenance import deskwords, rightsdesk

    desk = rightsdesk.open_desk(dataset)
    entries = [deskwords.entry_json(entry) for entry in desk.book.entries]
    if as_json:
        _show.emit(entries)
        return 0
    for each in entries:
        click.echo(f"{each['number']:>4}  {each['recorded']}  {each['kind']:7} {each['summary']}")
    if not entries:
        click.echo("the ledger is empty; next: provenance rights import " + dataset + " SHEET")
    return 0
