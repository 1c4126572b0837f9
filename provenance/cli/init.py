"""provenance init: this person's keys, and where they are."""

from __future__ import annotations

import click

from provenance.cli import _show


@click.command("init")
@_show.as_json
def command(as_json: bool) -> int:
    """Make this person's keys where they are missing, and print their fingerprints to hand to others.

    The keys lie under PROVENANCE_HOME (default ~/.config/provenance), with mode 0600. A build makes them by itself; do
    it here to tell others your fingerprints before there is a dataset.
    """
    from provenance.dataset import signing

    keys = [signing.own_key(role) for role in signing.Role]
    if as_json:
        _show.emit({key.role.value: {"made": key.made, "public_key": key.public.text} for key in keys})
        return 0
    click.echo(f"keys are in {signing.home() / 'keys'}")
    rows = [[key.role.value, key.public.fingerprint, "made now" if key.made else "there already"] for key in keys]
    click.echo(_show.table(rows))
    return 0
