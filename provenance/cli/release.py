"""provenance release: a signed copy of what a policy clears, to hand over."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli import _policy, _show


@click.command("release")
@_show.dataset
@_policy.options
@click.option("--out", required=True, type=click.Path(file_okay=False), help="A new folder for the release.")
@click.option("--format", default="parquet", show_default=True, help="parquet, webdataset, mds or imagefolder.")
@click.option(
    "--captions", type=click.Path(exists=True), help="Texts for the pictures: .csv, .jsonl, .parquet, folder."
)
@click.option("--ledger", type=click.Path(exists=True, file_okay=False), help="The folder with the current ledger.")
@_show.trusted_key
@_show.as_json
def command(
    dataset: str,
    out: str,
    format: str,
    captions: str | None,
    ledger: str | None,
    trusted_keys: tuple[str, ...],
    as_json: bool,
    **asked: Any,
) -> int:
    """Copy what a policy clears today from DATASET into a folder of its own, with its credits, and sign it.

    Nothing else is in it: whoever gets the release may load it plainly. The exit code is 20 when nothing is cleared.
    """
    from provenance import release as verb
    from provenance.dataset.signing import parse_trusted
    from provenance.model import clock

    trusted = parse_trusted(trusted_keys) if trusted_keys else None
    policy = _policy.policy_of(**asked)
    made = verb.release(dataset, policy, out, format=format, captions=captions, ledger=ledger, trusted_keys=trusted)
    until = clock.stamp(made.valid_until) if made.valid_until is not None else None
    if as_json:
        _show.emit(
            {
                "release": made.id,
                "place": made.place,
                "format": made.format,
                "items": dict(made.items),
                "left_out_as_alike": made.left_out,
                "not_cleared": made.not_cleared,
                "files": made.files,
                "bytes": made.bytes,
                "credits": list(made.credits),
                "captions": made.captions.as_json() if made.captions is not None else None,
                "valid_until": until,
            }
        )
        return 0
    for notice in made.notices:
        click.echo(notice)
    items = ", ".join(f"{count:,} {kind}" for kind, count in made.items.items())
    click.echo(f"{out}: {items}; {made.files} files, {made.bytes:,} bytes, as {made.format}")
    click.echo(f"left out: {made.not_cleared:,} not cleared, {made.left_out:,} like one that is in")
    for line in _show.captions(made.captions):
        click.echo(line)
    click.echo(f"credits to give: {len(made.credits)}, in {verb.ATTRIBUTION}")
    click.echo(f"good until {until or 'something changes in the ledger'}")
    return 0
