"""provenance verify: a dataset against its signed versions."""

from __future__ import annotations

import click

from provenance.cli import _show


@click.command("verify")
@_show.dataset
@click.option("--deep", is_flag=True, help="Also check every index row against the payload it points at.")
@_show.trusted_key
@_show.as_json
def command(dataset: str, deep: bool, trusted_keys: tuple[str, ...], as_json: bool) -> int:
    """Compare DATASET with its signed versions: missing, extra and changed files, and the chains themselves.

    The exit code is 30 when anything is not as signed.
    """
    from provenance import verify as verb
    from provenance.dataset.signing import parse_trusted
    from provenance.model.errors import TamperError

    trusted = parse_trusted(trusted_keys) if trusted_keys else None
    with _show.progress() as progress:
        found = verb.verify(
            dataset, deep=deep, trusted=trusted, progress=lambda done, of: progress(done, of, "verifying")
        )
    if as_json:
        _show.emit(
            {
                "dataset": found.dataset,
                "version": found.version,
                "sound": found.sound,
                "objects": found.objects,
                "problems": [[each.path, each.problem.value, each.sentence] for each in found.problems],
                "notes": list(found.notes),
            }
        )
    else:
        for note in found.notes:
            click.echo(f"note: {note}")
        for each in found.problems:
            click.echo(f"{each.problem.value}: {each.path}: {each.sentence}")
        if found.sound:
            click.echo(f"{dataset}: version {found.version} is sound; {found.objects} objects are as signed")
        else:
            click.echo(f"{dataset}: NOT as signed, {len(found.problems)} findings. Next: restore it from a mirror")
    return 0 if found.sound else TamperError.exit_code
