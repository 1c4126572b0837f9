"""provenance diff: what differs between two versions, days or states of the ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from provenance.cli import _policy, _show
from provenance.cli._report import FORMATS


@click.command("diff")
@_show.dataset
@click.argument("version", type=click.IntRange(1), nargs=-1)
@click.option("--from-on", type=_show.Day(), help="The day that counts on the first side.")
@click.option("--to-on", type=_show.Day(), help="The day that counts on the second side.")
@click.option("--from-as-of", type=_show.Day(), help="First side: what the ledger knew at the end of that day.")
@click.option("--to-as-of", type=_show.Day(), help="Second side: what the ledger knew at the end of that day.")
@click.option("--out", type=click.Path(), help="Write it too: .html, .json, .xlsx, or with --format a folder.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: what the name of --out says, or html.")
@click.option("--public", is_flag=True, help="What is written is for strangers: digests in place of names.")
@_policy.options
@_show.as_json
def command(
    dataset: str,
    version: tuple[int, ...],
    from_on: dt.date | None,
    to_on: dt.date | None,
    from_as_of: dt.date | None,
    to_as_of: dt.date | None,
    out: str | None,
    form: str | None,
    public: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Say which items of DATASET came in, went out or are decided otherwise, and why, between VERSION and VERSION.

    Without versions both sides are the newest one, on different days or as the ledger was known then. Without policy
    options it asks for commercial generative training worldwide.
    """
    from pathlib import Path

    from provenance import diff as verb
    from provenance.auditing import changes, naming
    from provenance.model.errors import UsageError
    from provenance.reports import forms

    if len(version) > 2:
        raise UsageError("name at most two versions", next_step="provenance diff DATASET 1 2")
    first = version[0] if version else None
    second = version[1] if len(version) == 2 else None
    one = verb.Side(first, from_on, _show.end_of(from_as_of))
    other = verb.Side(second, to_on, _show.end_of(to_as_of))
    if one == other:
        raise UsageError(
            "both sides are the same", next_step="name two versions, or --from-on and --to-on, or --from-as-of"
        )
    if public and out is None:
        raise UsageError("--public is of what is written", next_step="name a file with --out")
    found = verb.diff(dataset, _policy.policy_or_default(**asked), one, other)
    if out is not None:
        report = changes.report(found, naming.Naming(naming.salt() if public else None))
        forms.write(report, form or forms.form_of(out) or "html", Path(out))
    if as_json:
        _show.emit(verb.as_json(found))
    else:
        click.echo(verb.text(found))
    return 0
