"""provenance init: this person's keys, and where they are."""

from __future__ import annotations

import click

from provenance.cli import _show


@click.command("init")
@click.option("--rotate", type=click.Choice(["build", "rights"]), help="Replace this key in the DATASETs named.")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...", type=click.Path(exists=True, file_okay=False))
@_show.as_json
def command(rotate: str | None, datasets: tuple[str, ...], as_json: bool) -> int:
    """Make this person's keys where they are missing, and print their fingerprints to hand to others.

    The keys lie under PROVENANCE_HOME (default ~/.config/provenance), with mode 0600. A build makes them by itself; do
    it here to tell others your fingerprints before there is a dataset. --rotate makes a new key and signs it, with the
    old one and itself, into each DATASET: from the next entry on, the old key signs nothing there.
    """
    from provenance.dataset import signing
    from provenance.model.errors import UsageError

    if rotate is not None and not datasets:
        raise UsageError("--rotate needs the datasets that are to know the new key", next_step="name them all")
    if datasets and rotate is None:
        raise UsageError("datasets are named with --rotate only", next_step="give --rotate build or --rotate rights")
    if rotate is not None:
        from provenance import rotation

        done = rotation.rotate(rotate, datasets)
        if as_json:
            told = {"role": done.role.value, "old": done.old.text, "new": done.new.text, "changed": list(done.changed)}
            _show.emit(told)
            return 0
        for place in done.changed:
            click.echo(f"{place}: the {rotate} key is {done.new.fingerprint} from the next entry on")
        if not done.changed:
            click.echo("nothing to do: the datasets know the key of today")
        click.echo(f"name every other dataset of yours too: provenance init --rotate {rotate} DATASET")
        return 0
    keys = [signing.own_key(role) for role in signing.Role]
    if as_json:
        _show.emit({key.role.value: {"made": key.made, "public_key": key.public.text} for key in keys})
        return 0
    click.echo(f"keys are in {signing.home() / 'keys'}")
    rows = [[key.role.value, key.public.fingerprint, "made now" if key.made else "there already"] for key in keys]
    click.echo(_show.table(rows))
    return 0
