"""provenance explain: the story of one item or path; or what a reason means."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from provenance.cli import _policy, _show


@click.command("explain")
@click.argument("dataset_or_reason")
@click.argument("what", required=False)
@_policy.options
@click.option("--as-of", type=_show.Day(), help="Replay what the ledger knew at the end of that day.")
@_show.as_json
def command(dataset_or_reason: str, what: str | None, as_of: dt.date | None, as_json: bool, **asked: Any) -> int:
    """Tell the story of WHAT, a path or an item's id, in a dataset: which statement decides, and what would change it.

    With a single argument, explain a reason: provenance explain no-record. Without policy options it asks for
    commercial generative training worldwide.
    """
    from provenance.model.errors import UsageError
    from provenance.rights.explanations import EXPLANATIONS
    from provenance.rights.reasons import Reason

    if what is None:
        try:
            reason = Reason(dataset_or_reason)
        except ValueError:
            raise UsageError(
                f"{dataset_or_reason!r} is no reason",
                next_step=f"give a dataset and a path, or one of: {', '.join(Reason)}",
            ) from None
        click.echo(f"{reason.value}: {EXPLANATIONS[reason]}")
        return 0
    from provenance import explain as verb

    policy = _policy.policy_or_default(**asked)
    story = verb.explain(dataset_or_reason, what, policy, known_at=_show.end_of(as_of))
    if as_json:
        _show.emit(verb.as_json(story))
    else:
        click.echo(verb.text(story))
    return 0
