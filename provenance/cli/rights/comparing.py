"""provenance rights diff: what would flip."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from provenance.cli import _policy, _show


@click.command("diff")
@_show.dataset
@_policy.options
@click.option("--sheet", multiple=True, type=click.Path(exists=True, dir_okay=False), help="As if it were imported.")
@click.option("--from-as-of", type=_show.Day(), help="Compare from what the ledger knew on that day.")
@click.option("--to-policy", type=click.Path(exists=True, dir_okay=False), help="Compare with another policy.")
@click.option("--to-on", type=_show.Day(), help="Compare with another day.")
@_show.as_json
def diff_command(
    dataset: str,
    sheet: tuple[str, ...],
    from_as_of: dt.date | None,
    to_policy: str | None,
    to_on: dt.date | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Show which items of DATASET flip: today's ledger against sheets, an earlier ledger, another policy or day."""
    from dataclasses import replace

    from provenance import rightsdesk, whatif
    from provenance.admit import read_policy
    from provenance.model.errors import UsageError

    if not (sheet or from_as_of or to_policy or to_on):
        raise UsageError("nothing to compare with", next_step="give --sheet, --from-as-of, --to-policy or --to-on")
    desk = rightsdesk.open_desk(dataset)
    before = after = _policy.policy_or_default(**asked)
    if to_policy is not None:
        after = read_policy(to_policy)
    if to_on is not None:
        after = replace(after, on=to_on)
    bodies = [body for body, changes in rightsdesk.proposed(desk.book, sheet) if not changes.empty]
    flips = whatif.between(
        desk, desk.book.known_at(_show.end_of(from_as_of)), before, rightsdesk.with_entries(desk.book, bodies), after
    )
    if as_json:
        _show.emit(flips.as_json())
    else:
        click.echo(whatif.text(flips, after))
    return 0
