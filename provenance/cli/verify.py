"""provenance verify: a dataset or release against what was signed, a receipt against the dataset, a model's receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from provenance.cli import _show


@click.command("verify")
@click.argument("dataset", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--deep", is_flag=True, help="Also check every index row against the payload it points at.")
@click.option("--receipt", type=click.Path(exists=True, dir_okay=False), help="A training receipt to recompute.")
@click.option(
    "--dataset",
    "more",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="A dataset or release that the receipt names; may be given again.",
)
@click.option("--model", type=click.Path(exists=True, dir_okay=False), help="A model file that must have a receipt.")
@click.option("--ledger", type=click.Path(exists=True, file_okay=False), help="The folder with a release's ledger.")
@_show.trusted_key
@_show.as_json
def command(
    dataset: str | None,
    more: tuple[str, ...],
    deep: bool,
    receipt: str | None,
    model: str | None,
    ledger: str | None,
    trusted_keys: tuple[str, ...],
    as_json: bool,
) -> int:
    """Compare DATASET, or a release, with what was signed: missing, extra and changed files, and the chains themselves.

    With --receipt or --model: recompute from DATASET that every item which a training run read was cleared for it then.
    A model that was trained in stages may name several datasets: give them all, the further ones with --dataset.
    Without any the signature, the stamp of the gate and the model file are checked, and no more. The exit code is
    30 when anything is not as signed.
    """
    from provenance.dataset.signing import parse_trusted
    from provenance.model.errors import TamperError, UsageError

    trusted = parse_trusted(trusted_keys) if trusted_keys else None
    if receipt is not None or model is not None:
        sound = _receipt((*([dataset] if dataset is not None else []), *more), receipt, model, ledger, trusted, as_json)
    elif more:
        raise UsageError("--dataset goes with --receipt or --model", next_step="name one DATASET to verify itself")
    elif dataset is None:
        raise UsageError("name a dataset, --receipt or --model")
    elif (Path(dataset) / "release").is_dir():
        from provenance.release import verify_files

        files = verify_files(dataset, trusted)
        told = {"sound": True, "files": files}
        _show.emit(told) if as_json else click.echo(f"{dataset}: the release is sound; {files} files are as signed")
        sound = True
    else:
        sound = _dataset(dataset, deep, trusted, as_json)
    return 0 if sound else TamperError.exit_code


def _receipt(
    given: tuple[str, ...], receipt: str | None, model: str | None, ledger: str | None, trusted: Any, as_json: bool
) -> bool:
    from provenance import receipts as verb

    if model is not None:
        found = verb.verify_model(model, given, receipt=receipt, ledger_at=ledger, trusted_keys=trusted)
    else:
        assert receipt is not None
        found = verb.verify_receipt(receipt, given, ledger_at=ledger, trusted_keys=trusted)
    if as_json:
        _show.emit(found.as_json())
        return found.good
    for note in found.notes:
        click.echo(f"note: {note}")
    for problem in found.problems:
        click.echo(f"problem: {problem}")
    recomputed = f"{found.recomputed} of {len(found.receipt.parts)} parts recomputed"
    verdict = "the receipt stands" if found.good else "the receipt does NOT stand"
    click.echo(f"{model or receipt}: {verdict}: {found.read:,} items read, {recomputed}")
    return found.good


def _dataset(dataset: str, deep: bool, trusted: Any, as_json: bool) -> bool:
    from provenance import verify as verb

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
        return found.sound
    for note in found.notes:
        click.echo(f"note: {note}")
    for each in found.problems:
        click.echo(f"{each.problem.value}: {each.path}: {each.sentence}")
    if found.sound:
        click.echo(f"{dataset}: version {found.version} is sound; {found.objects} objects are as signed")
    else:
        click.echo(f"{dataset}: NOT as signed, {len(found.problems)} findings. Next: restore it from a mirror")
    return found.sound
