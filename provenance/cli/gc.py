"""provenance gc: delete objects that no retained version names."""

from __future__ import annotations

import click

from provenance.cli import _show


@click.command("gc")
@_show.dataset
@click.option("--keep", default=1, show_default=True, type=click.IntRange(1), help="How many versions stay whole.")
@click.option("--dry-run", is_flag=True, help="Say what would go; delete nothing.")
@_show.as_json
def command(dataset: str, keep: int, dry_run: bool, as_json: bool) -> int:
    """Delete what only older versions of DATASET hold. The signed chain stays: what was there can still be proven."""
    from provenance.gc import gc

    gone = gc(dataset, keep=keep, dry_run=dry_run)
    if as_json:
        _show.emit({"removed": list(gone.paths), "bytes": gone.size, "kept_versions": list(gone.kept_versions)})
    else:
        verb = "would remove" if dry_run else "removed"
        click.echo(
            f"{verb} {len(gone.paths)} objects, {gone.size:,} bytes; versions kept whole: {len(gone.kept_versions)}"
        )
    return 0
