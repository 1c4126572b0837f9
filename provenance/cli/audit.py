"""provenance audit: what is in, what is out, why and until when, as a report; or a check for a scheduled job."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.cli import _policy, _show
from provenance.cli._report import FORMATS
from provenance.model.errors import UsageError

if TYPE_CHECKING:
    from provenance.audit import Audit


class Days(click.ParamType):
    """A number of days, such as 90d."""

    name = "DAYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d{1,5})d?", str(value))
        if found is None:
            self.fail(f"{value!r} is no number of days; write it like 90d", param, ctx)
        return int(found[1])


class _Documents(click.Option):
    """An option whose help names what is on the shelf of documents; the shelf is opened only when help is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from provenance.reports import documents

        self.help = f"A public document instead, or all of them into the folder --out: {', '.join(documents.names())}."
        return super().get_help_record(ctx)


@click.command("audit")
@_show.dataset
@_policy.options
@click.option("--version", type=click.IntRange(1), help="An older version; default: the newest.")
@click.option("--as-of", type=_show.Day(), help="Replay what the ledger knew at the end of that day.")
@click.option("--ledger", type=click.Path(exists=True, file_okay=False), help="Where a release's ledger is kept.")
@click.option("--out", type=click.Path(), help="Where to put it: a file, or for csv and parquet a folder.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Default: what the name of --out says, or html.")
@click.option("--document", cls=_Documents, metavar="NAME|all")
@click.option(
    "--archive",
    type=click.Path(exists=True, file_okay=False),
    help="For a document that can name the archive's files: where they lie, to be read again. Private then.",
)
@click.option("--public", is_flag=True, help="For strangers: digests in place of names, no pictures.")
@click.option("--thumbnails", type=click.IntRange(0, 500), default=48, show_default=True, help="Pictures on the sheet.")
@click.option("--expiring", type=Days(), default="90d", show_default=True, help="What counts as ending soon.")
@click.option("--fail-on", help="Exit 20 (quarantine: 10) if any: expiring, review, refused, unknown, conflict, ...")
@click.option("--unlocked", is_flag=True, help="Draw thumbnails although this machine cannot lock the child.")
@_show.as_json
def command(
    dataset: str,
    version: int | None,
    as_of: dt.date | None,
    ledger: str | None,
    out: str | None,
    form: str | None,
    document: str | None,
    archive: str | None,
    public: bool,
    thumbnails: int,
    expiring: int,
    fail_on: str | None,
    unlocked: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Report on DATASET under a policy: what is in, what is out, why, until when, and by whose word.

    Without --out it prints a summary. The report is one page of HTML that loads nothing from elsewhere, or the same
    tables as csv, json, xlsx or parquet. The same dataset, ledger, policy and day give the same bytes.
    """
    from provenance import audit as verb
    from provenance.reports import forms

    policy = _policy.policy_or_default(**asked)
    wanted = [name.strip() for name in (fail_on or "").split(",") if name.strip()]
    found = verb.audit(dataset, policy, version=version, known_at=_show.end_of(as_of), ledger=ledger)
    failures = found.failures(wanted, expiring)
    if archive is not None and document is None:
        raise UsageError("--archive is read for a document only", next_step="name one with --document")
    if document is not None:
        _write_document(found, document, out, Path(archive) if archive is not None else None)
        return max((verb.FAILURES[name] for name in failures), default=0)
    if out is not None:
        chosen = form or forms.form_of(out) or "html"
        report = verb.report(found, public=public, thumbnails=thumbnails, unlocked=unlocked, days=expiring)
        forms.write(report, chosen, Path(out))
    summary = verb.summary(found, expiring)
    if as_json:
        _show.emit(summary | {"failures": failures, "out": out})
    else:
        for notice in found.census.admission.notices:
            click.echo(notice, err=True)
        click.echo(verb.text(summary))
        for name, count in failures.items():
            click.echo(f"failed on {name}: {count:,}")
        if out is not None:
            click.echo(f"wrote {out}")
    return max((verb.FAILURES[name] for name in failures), default=0)


def _write_document(found: Audit, name: str, out: str | None, archive: Path | None) -> None:
    """Write one document to a file or to stdout, or all of them into a folder, and say what is lost."""
    from provenance import audit as verb
    from provenance.reports import forms

    if name == "all":
        if out is None or (Path(out).exists() and not Path(out).is_dir()):
            raise UsageError("all documents together go into a folder", next_step="name one with --out")
        for file, data in verb.every_document(found, archive).items():
            forms.put(Path(out) / file, data)
        click.echo(f"wrote all documents and their index to {out}")
        return
    data, without = verb.document(found, name, archive)
    if out is None:
        click.echo(data.decode(), nl=False)
    else:
        forms.put(Path(out), data)
    for sentence in without:
        click.echo(f"{name} cannot say: {sentence}", err=True)
