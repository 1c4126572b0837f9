"""provenance build: archive to one committed version."""

from __future__ import annotations

import os

import click

from provenance.cli import _show


@click.command("build")
@click.argument("archive", type=click.Path(exists=True, file_okay=False))
@click.option("--out", required=True, type=click.Path(file_okay=False), help="The dataset folder; made when missing.")
@click.option(
    "--rights",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A rights register (CSV, XLSX, Parquet) or manifest (YAML). Without one, the dataset's own ledger counts.",
)
@click.option("--frames", default="1/s", show_default=True, help="Frames of films: N/s, 1/Ns, shots, keyframes or all.")
@click.option("--jpeg-quality", default=92, show_default=True, type=click.IntRange(50, 100))
@click.option("--workers", default=None, type=click.IntRange(1, 1024), help="Processes; default: one per core.")
@click.option("--engine", default="local", show_default=True, help="Where units of work run.")
@click.option("--limit", default=None, type=click.IntRange(1), help="Only the first N assets, to try things out.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--unlocked", is_flag=True, help="Read files without the locked child where this kernel has no locks.")
@_show.as_json
def command(
    archive: str,
    out: str,
    rights: tuple[str, ...],
    frames: str,
    jpeg_quality: int,
    workers: int | None,
    engine: str,
    limit: int | None,
    dry_run: bool,
    unlocked: bool,
    as_json: bool,
) -> int:
    """Turn ARCHIVE into items with evidence of where they came from, and commit them as one version.

    Every file has one outcome: items, context (no training item in it), or quarantine with a cause. The exit code is
    10 when anything is in quarantine. Interrupted or killed, run it again: what was finished is kept.
    """
    from provenance import build as verb
    from provenance.media.shelf import Options

    options = Options(frames=frames, jpeg_quality=jpeg_quality)
    plan = verb.Plan(archive=archive, out=out, rights=rights, options=options, workers=workers or os.cpu_count() or 1,
                     engine=engine, limit=limit, unlocked=unlocked)  # fmt: skip
    with _show.progress() as progress:
        report = verb.survey_only(plan) if dry_run else verb.build(plan, progress)
    if as_json:
        _show.emit(report.as_json())
    else:
        click.echo(report.text())
    return report.exit_code
