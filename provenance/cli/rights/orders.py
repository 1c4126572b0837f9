"""provenance rights revoke, waive, decide, hold, lift and renew: what a person signs into the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from provenance.cli import _show

if TYPE_CHECKING:
    from provenance.rights.ledger import Body
    from provenance.rights.selector import Selector

_by = click.option("--by", required=True, help="Who orders it; it stands in the signed ledger.")
_why = click.option("--why", required=True, help="The reason, in a sentence.")
_until = click.option("--until", type=_show.Day(), help="Last day on which it counts.")


def _target(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--path", help="What it is about: a glob from the archive root, as in the register."),
        click.option("--sha256", help="... or one file, by its digest."),
        click.option("--work", help="... or a work, by its title."),
    ):
        command = option(command)
    return command


def _selector(path: str | None, sha256: str | None, work: str | None) -> Selector:
    from provenance.rights.selector import Selector

    return Selector(path=path, sha256=sha256, work=work)


def _sign(dataset: str, make: Callable[[int], Body], valid_for_days: int | None = None) -> int:
    """Sign one entry, made from its number, and say what it does. UsageError for one that contradicts itself."""
    from provenance import deskwords, rightsdesk
    from provenance.model.errors import UsageError
    from provenance.rights.codec import DecodeError

    desk = rightsdesk.open_desk(dataset)
    try:
        body = make(len(desk.book.entries) + 1)
    except (DecodeError, ValueError) as error:
        raise UsageError(str(error), next_step="correct that option; nothing was signed") from None
    days = dt.timedelta(days=valid_for_days) if valid_for_days else rightsdesk.VALID_FOR
    book = rightsdesk.append(desk.store, desk.dataset.id, desk.book, [body], desk.moment, days)
    entry = deskwords.entry_json(book.entries[-1])
    click.echo(f"ledger entry {entry['number']}: {entry['summary']}")
    click.echo(f"the ledger's head is good until {entry['valid_until']}; next: provenance admit {dataset}")
    return 0


@click.command("revoke")
@_show.dataset
@click.option("--statement", help="The statement to take back.")
@click.option("--agreement", help="... or all under an agreement.")
@click.option("--work", help="... or all on a work.")
@click.option("--person", help="... or all consents of a person.")
@click.option("--effective", required=True, type=_show.Day(), help="First day on which it counts.")
@_by
@_why
def revoke_command(dataset: str, effective: dt.date, by: str, why: str, **which: str | None) -> int:
    """Take back what was granted, from a day on. It outlives any register that is imported later."""

    def make(number: int) -> Body:
        from provenance.rights.ledger import Revoke

        return Revoke(by=by, why=why, effective=effective, **which)

    return _sign(dataset, make)


@click.command("waive")
@_show.dataset
@_target
@click.option("--reason", "reasons", multiple=True, required=True, help="Which restriction to lift; may be repeated.")
@click.option("--about", multiple=True, help="Only what this source or statement says.")
@click.option("--until", required=True, type=_show.Day(), help="Last day on which it counts; a waiver must end.")
@_by
@_why
def waive_command(
    dataset: str,
    path: str | None,
    sha256: str | None,
    work: str | None,
    reasons: tuple[str, ...],
    about: tuple[str, ...],
    until: dt.date,
    by: str,
    why: str,
) -> int:
    """Lift opt-outs, holds or missing consents on some material. Never the want of a record."""

    def make(number: int) -> Body:
        from provenance.rights.decisions import Waiver
        from provenance.rights.ledger import Waive
        from provenance.rights.reasons import Reason

        lifted = frozenset(map(Reason, reasons))
        target = _selector(path, sha256, work)
        return Waive(Waiver(f"W-{number}", target, lifted, by, why, until, about=frozenset(about)))

    return _sign(dataset, make)


@click.command("decide")
@_show.dataset
@_target
@click.option("--settles", multiple=True, help="Which review reason it settles; may be repeated.")
@click.option("--outcome", required=True, type=click.Choice(["clear", "refuse"]))
@click.option("--statement", help="Of records that conflict, the one that rules.")
@click.option("--about", multiple=True, help="Only what this source, statement or claim raised.")
@_until
@_by
@_why
def decide_command(
    dataset: str,
    path: str | None,
    sha256: str | None,
    work: str | None,
    settles: tuple[str, ...],
    outcome: str,
    statement: str | None,
    about: tuple[str, ...],
    until: dt.date | None,
    by: str,
    why: str,
) -> int:
    """Settle what the gate left to review: a conflict, a near twin, a broken credential."""

    def make(number: int) -> Body:
        from provenance.rights.decisions import Outcome, Ruling
        from provenance.rights.ledger import Decide
        from provenance.rights.reasons import Reason

        return Decide(
            Ruling(
                id=f"D-{number}",
                applies_to=_selector(path, sha256, work),
                settles=frozenset(map(Reason, settles)),
                outcome=Outcome(outcome),
                by=by,
                why=why,
                until=until,
                about=frozenset(about),
                statement=statement,
            )
        )

    return _sign(dataset, make)


@click.command("hold")
@_show.dataset
@_target
@_until
@_by
@_why
def hold_command(
    dataset: str, path: str | None, sha256: str | None, work: str | None, until: dt.date | None, by: str, why: str
) -> int:
    """Stop all use of some material: a dispute, a claim, an inquiry."""

    def make(number: int) -> Body:
        from provenance.rights.decisions import Hold
        from provenance.rights.ledger import PutOnHold

        return PutOnHold(Hold(f"H-{number}", _selector(path, sha256, work), by, why, until=until))

    return _sign(dataset, make)


@click.command("lift")
@_show.dataset
@click.option("--entry", type=click.IntRange(1), help="The ledger entry to end.")
@click.option("--statement", help="... or a revocation that a register brought.")
@_by
@_why
def lift_command(dataset: str, entry: int | None, statement: str | None, by: str, why: str) -> int:
    """End an earlier revocation, waiver, decision or hold. The old entry stays in the chain."""

    def make(number: int) -> Body:
        from provenance.rights.ledger import Lift

        if entry is not None and entry >= number:
            raise ValueError(f"there is no entry {entry} yet")
        return Lift(by=by, why=why, entry=entry, statement=statement)

    return _sign(dataset, make)


@click.command("renew")
@_show.dataset
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How long the head is good.")
@_by
def renew_command(dataset: str, days: int, by: str) -> int:
    """Say that the ledger is complete as of today, so that training may go on believing it."""

    def make(number: int) -> Body:
        from provenance.model.words import sha256_hex
        from provenance.rights.ledger import Import

        return Import(source="renewal", sha256=sha256_hex(b""), by=by)

    return _sign(dataset, make, days)
