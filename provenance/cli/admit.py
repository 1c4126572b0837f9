"""provenance admit: what a policy would let into training, by verdict and reason. A dry run: nothing is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from provenance.cli import _policy, _show

_TAKES = {"keep": "every copy", "exact": "exact copies once", "near": "near copies once, the best of each"}


@click.command("admit")
@_show.dataset
@_policy.options
@click.option("--version", type=click.IntRange(1), help="An older version; default: the newest.")
@click.option("--as-of", type=_show.Day(), help="Replay what the ledger knew at the end of that day.")
@click.option("--ledger", type=click.Path(exists=True, file_okay=False), help="The folder with a release's ledger.")
@click.option("--list", "listing", is_flag=True, help="Name each asset with its verdict and reasons.")
@_show.trusted_key
@_show.as_json
def command(
    dataset: str,
    version: int | None,
    as_of: dt.date | None,
    ledger: str | None,
    listing: bool,
    trusted_keys: tuple[str, ...],
    as_json: bool,
    **asked: Any,
) -> int:
    """Print how many items of DATASET a policy clears today, and why the others are not.

    The exit code is 20 when nothing is cleared, else 0.
    """
    from provenance import admit as verb
    from provenance.dataset.signing import parse_trusted
    from provenance.rights.reasons import Decision

    policy = _policy.policy_of(**asked)
    trusted = parse_trusted(trusted_keys) if trusted_keys else None
    known_at = _show.end_of(as_of)
    admission = verb.admit(dataset, policy, version=version, known_at=known_at, ledger=ledger, trusted_keys=trusted)
    decisions, reasons = admission.by_decision(), admission.by_reason()
    assets = verb.by_asset(admission) if listing else []
    if as_json:
        _show.emit(verb.summary(admission) | ({"assets": [each.as_json() for each in assets]} if listing else {}))
    else:
        for notice in admission.notices:
            click.echo(notice)
        total = sum(decisions.values())
        click.echo(f"{dataset}: version {admission.version.number}, {total:,} items, on {admission.on}")
        click.echo(f"policy: {verb.in_words(policy)}")
        click.echo(_show.table([[count, decision.value] for decision, count in decisions.items()]))
        once = len(admission.once(admission.rows))
        click.echo(f"training takes {once:,} of the cleared: {_TAKES[policy.duplicates]}")
        if reasons:
            click.echo("not cleared, by first reason:")
            click.echo(_show.table([[count, each.value, of.value] for (of, each), count in reasons.items()]))
        conditions = admission.conditions()
        if conditions:
            click.echo("what is cleared comes with: " + ", ".join(f"{name} ({n:,})" for name, n in conditions.items()))
        for each in assets:
            why = f"  ({', '.join(each.reasons)})" if each.reasons else ""
            click.echo(f"{each.decision.value:8}  {each.asset}{why}")
        until = admission.valid_until
        if until is not None:
            click.echo(f"good until {until:%Y-%m-%d %H:%M} UTC")
        click.echo(f"next: provenance explain {dataset} PATH tells why")
    return 0 if decisions[Decision.CLEARED] else 20
