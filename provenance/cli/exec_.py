"""provenance exec: a command on a temporary folder of licensed items only."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli import _policy, _show


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.option("--dataset", required=True, type=click.Path(exists=True, file_okay=False), help="A dataset or release.")
@_policy.options
@click.option("--kind", type=click.Choice(["frames", "art", "scripts"]), help="Only these; {data} is their folder.")
@click.option("--receipt", type=click.Path(dir_okay=False), help="Where the receipt goes; default: beside --trained.")
@click.option("--trained", type=click.Path(), help="The model file that the command makes; the receipt is of it.")
@click.option(
    "--captions", type=click.Path(exists=True), help="Texts for the pictures: .csv, .jsonl, .parquet, folder."
)
@click.option("--ledger", type=click.Path(exists=True, file_okay=False), help="The folder with the current ledger.")
@_show.trusted_key
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(
    dataset: str,
    kind: str | None,
    receipt: str | None,
    trained: str | None,
    captions: str | None,
    ledger: str | None,
    trusted_keys: tuple[str, ...],
    words: tuple[str, ...],
    **asked: Any,
) -> int:
    """Run COMMAND with {data} replaced by a folder of the items that a policy clears, with metadata.jsonl.

    The folder is removed when the command ends. The receipt says which items were in it. The exit code is the
    command's own, or one of ours when it could not start.
    """
    from provenance.dataset.signing import parse_trusted
    from provenance.execute import execute

    trusted = parse_trusted(trusted_keys) if trusted_keys else None
    policy = _policy.policy_of(**asked)
    ran = execute(
        dataset,
        policy,
        words,
        kind=kind,
        receipt=receipt,
        model=trained,
        captions=captions,
        ledger=ledger,
        trusted_keys=trusted,
    )
    for line in (*ran.notices, *_show.captions(ran.captions)):
        click.echo(line, err=True)
    click.echo(f"{ran.items:,} items were handed over; the receipt is {ran.receipt}", err=True)
    return ran.code
