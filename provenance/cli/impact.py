"""provenance impact: what a revocation or a dispute touches, and what must be done."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli import _policy, _show
from provenance.cli._report import FORMATS


@click.command("impact")
@_show.dataset
@click.option("--statement", help="A statement, by its id.")
@click.option("--agreement", help="... or all under an agreement.")
@click.option("--work", help="... or a work, by its title.")
@click.option("--person", help="... or a person whose consent it rests on.")
@click.option("--asset", help="... or a file, by its path as `admit --list` prints it.")
@click.option("--item", help="... or one item, by its id.")
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A training receipt; may be repeated.",
)
@click.option(
    "--release",
    "releases",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="A release that was handed over; may be repeated.",
)
@click.option("--out", type=click.Path(), help="Write it too: .html, .json, .xlsx, or with --format a folder.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: what the name of --out says, or html.")
@click.option("--public", is_flag=True, help="What is written is for strangers: digests in place of names, no orders.")
@_policy.options
@_show.as_json
def command(
    dataset: str,
    receipts: tuple[str, ...],
    releases: tuple[str, ...],
    out: str | None,
    form: str | None,
    public: bool,
    as_json: bool,
    statement: str | None,
    agreement: str | None,
    work: str | None,
    person: str | None,
    asset: str | None,
    item: str | None,
    **asked: Any,
) -> int:
    """Say what an agreement, work, person, asset, item or statement touches if it is taken back or disputed.

    Items, copies, shards, versions, releases and models, by what each grant says must happen, and the work to do.
    Nothing is recorded. Models are known by the receipts that are named, releases by their folders.
    """
    from pathlib import Path

    from provenance import impact as verb
    from provenance.auditing import consequences, naming
    from provenance.auditing.reach import Target, Touch
    from provenance.model.errors import UsageError
    from provenance.reports import forms

    given = {
        "statement": statement,
        "agreement": agreement,
        "work": work,
        "person": person,
        "asset": asset,
        "item": item,
    }
    named = [(what, name) for what, name in given.items() if name is not None]
    if len(named) != 1:
        raise UsageError("name exactly one of " + ", ".join(f"--{what}" for what in given))
    target = Target(Touch(named[0][0]), named[0][1])
    if public and out is None:
        raise UsageError("--public is of what is written", next_step="name a file with --out")
    found = verb.impact(dataset, target, _policy.policy_or_default(**asked), receipt_files=receipts, releases=releases)
    if out is not None:
        report = consequences.report(found, naming.Naming(naming.salt() if public else None))
        forms.write(report, form or forms.form_of(out) or "html", Path(out))
    if as_json:
        _show.emit(verb.as_json(found))
    else:
        click.echo(verb.text(found))
    return 0
