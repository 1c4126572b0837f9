"""The ledger's entries, and what they add up to: a pure fold over the signed chain.

An entry is a JSON object: `kind`, `number` (from 1, without a gap), `recorded` (RFC 3339, UTC), `valid_until` (the
same, for the head it makes) and the fields of its kind. Nothing is ever taken out of the chain: a mistake is mended by
a `lift` entry that names what it mends. Two times are kept apart: `fold` asks what was known, the gate what was
effective.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provenance.model import clock
from provenance.model.errors import InputError, StaleLedgerError
from provenance.rights import codec
from provenance.rights.codec import DecodeError
from provenance.rights.decisions import Hold, Ruling, Waiver
from provenance.rights.statement import RightsStatement, Status


class LedgerError(InputError):
    """A ledger entry that cannot be understood; it names the entry."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A statement that says the same at another place of its source."""

    id: str
    source: str


@dataclass(frozen=True, slots=True)
class Import:
    """What one reading of one source added, changed, moved and withdrew."""

    source: str
    sha256: str
    by: str
    added: tuple[RightsStatement, ...] = ()
    changed: tuple[RightsStatement, ...] = ()
    moved: tuple[Moved, ...] = ()
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revoke:
    """Takes back a statement, all statements under an agreement, on a work, or by a person, from a day on."""

    by: str
    why: str
    effective: dt.date
    statement: str | None = None
    agreement: str | None = None
    work: str | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.statement, self.agreement, self.work, self.person)) != 1:
            raise DecodeError("name exactly one of statement, agreement, work and person")

    def hits(self, statement: RightsStatement) -> bool:
        """Return whether it takes this statement back, whenever that was imported."""
        if self.statement is not None:
            return statement.id == self.statement
        if self.agreement is not None:
            return statement.agreement == self.agreement
        if self.work is not None:
            return statement.work is not None and self.work in statement.work.names
        return statement.consent is not None and statement.consent.person == self.person


@dataclass(frozen=True, slots=True)
class Waive:
    waiver: Waiver


@dataclass(frozen=True, slots=True)
class Decide:
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class PutOnHold:
    hold: Hold


@dataclass(frozen=True, slots=True)
class Lift:
    """Ends an earlier entry (`entry`: a revoke, waive, decide or hold), or a revocation that a register brought."""

    by: str
    why: str
    entry: int | None = None
    statement: str | None = None

    def __post_init__(self) -> None:
        if (self.entry is None) == (self.statement is None):
            raise DecodeError("name either an entry or a statement")


Body = Import | Revoke | Waive | Decide | PutOnHold | Lift
KINDS: dict[str, type[Body]] = {
    "import": Import,
    "revoke": Revoke,
    "waive": Waive,
    "decide": Decide,
    "hold": PutOnHold,
    "lift": Lift,
}
_ENVELOPE = ("kind", "number", "recorded", "valid_until")


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the ledger amounts to at one head.

    statements: with every revocation worked in. imported: by id, the statement as its source gave it, and that source.
    """

    statements: tuple[RightsStatement, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    holds: tuple[Hold, ...] = ()
    imported: Mapping[str, tuple[RightsStatement, str]] = field(default_factory=dict)
    head: int = 0
    recorded: dt.datetime | None = None
    valid_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import would do. still_revoked: ids that the new reading calls active and the ledger knows revoked."""

    added: tuple[RightsStatement, ...]
    changed: tuple[RightsStatement, ...]
    moved: tuple[Moved, ...]
    withdrawn: tuple[str, ...]
    still_revoked: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.moved or self.withdrawn)


def to_json(body: Body) -> dict[str, Any]:
    """Return the JSON object of an entry, for the chain to add number, recorded and valid_until to."""
    kind = next(name for name, each in KINDS.items() if isinstance(body, each))
    return {"kind": kind, **codec.encode(body)}


def from_json(entry: Mapping[str, Any]) -> Body:
    """Return what an entry says. LedgerError names the entry and the key that is wrong."""
    where = f"ledger entry {entry.get('number', '?')}"
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise LedgerError(f'unknown kind "{kind}"', where=where, next_step="read it with a newer version")
    try:
        return codec.decode(KINDS[kind], {key: value for key, value in entry.items() if key not in _ENVELOPE})
    except DecodeError as error:
        raise LedgerError(str(error), where=where, next_step="read it with a newer version") from None


def fold(entries: Iterable[Mapping[str, Any]], known_at: dt.datetime | None = None) -> LedgerState:
    """Return what the entries add up to, in the order of the chain; with `known_at`, only those recorded by then.

    A revocation outlives the record that it hit: a statement of the same id, or under the same agreement, that is
    imported later is revoked too, until a `lift` says otherwise. LedgerError for a gap or an entry not understood.
    """
    imported: dict[str, tuple[RightsStatement, str]] = {}
    orders: dict[int, Revoke | Waiver | Ruling | Hold] = {}
    revoked: dict[str, dt.date] = {}
    head, recorded, valid_until = 0, None, None
    for entry in entries:
        number, moment = entry.get("number"), _moment(entry, "recorded")
        if number != head + 1:
            raise LedgerError(f"entry {number} follows entry {head}", where="ledger", next_step="provenance verify")
        if known_at is not None and moment > known_at:
            break
        head, recorded, valid_until = number, moment, _moment(entry, "valid_until")
        body = from_json(entry)
        if isinstance(body, Import):
            _take(body, imported, revoked)
        elif isinstance(body, Lift):
            orders.pop(body.entry or 0, None)
            revoked.pop(body.statement or "", None)
        else:
            orders[number] = _order(body)
    revokes = [each for each in orders.values() if isinstance(each, Revoke)]
    return LedgerState(
        statements=tuple(_effective(imported[key][0], revokes, revoked) for key in sorted(imported)),
        waivers=tuple(each for each in orders.values() if isinstance(each, Waiver)),
        rulings=tuple(each for each in orders.values() if isinstance(each, Ruling)),
        holds=tuple(each for each in orders.values() if isinstance(each, Hold)),
        imported=imported,
        head=head,
        recorded=recorded,
        valid_until=valid_until,
    )


def diff_import(state: LedgerState, statements: Sequence[RightsStatement], source: str) -> Changes:
    """Return what importing these statements from a source would change; what it no longer names is withdrawn.

    LedgerError when another source already holds one of the ids: two sheets must not fight over one record.
    """
    known = {key: each for key, (each, _) in state.imported.items()}
    origins = {key: origin for key, (_, origin) in state.imported.items()}
    for each in statements:
        if origins.get(each.id, source) != source:
            what = f"{each.id} is already held by {origins[each.id]}"
            raise LedgerError(what, where=each.source, next_step="give the record an id of its own")
    new = {each.id: each for each in statements}
    same = {key for key, each in new.items() if key in known and _words(each) == _words(known[key])}
    again = [each.id for each in state.statements if each.status is Status.REVOKED and each.id in new]
    return Changes(
        added=tuple(each for key, each in new.items() if key not in known),
        changed=tuple(each for key, each in new.items() if key in known and key not in same),
        moved=tuple(Moved(key, new[key].source) for key in new if key in same and new[key].source != known[key].source),
        withdrawn=tuple(key for key in known if origins.get(key) == source and key not in new),
        still_revoked=tuple(key for key in again if new[key].status is not Status.REVOKED),
    )


def check_fresh(state: LedgerState, now: dt.datetime) -> None:
    """Return if the head is still good. StaleLedgerError past its valid-until, or when there is no head at all."""
    if state.valid_until is None:
        raise StaleLedgerError("the ledger is empty: nothing is licensed", next_step="provenance rights import")
    if now > state.valid_until:
        raise StaleLedgerError(
            f"the ledger head {state.head} was good until {clock.stamp(state.valid_until)}; revocations may be missing",
            where="ledger",
            next_step="fetch the newest ledger, or let the rights desk renew its head",
        )


def _take(body: Import, imported: dict[str, tuple[RightsStatement, str]], revoked: dict[str, dt.date]) -> None:
    for each in (*body.added, *body.changed):
        imported[each.id] = each, body.source
        if each.status is Status.REVOKED and each.status_date is not None:
            revoked[each.id] = min(each.status_date, revoked.get(each.id, each.status_date))
    for moved in body.moved:
        if moved.id in imported:
            imported[moved.id] = replace(imported[moved.id][0], source=moved.source), body.source
    for key in body.withdrawn:
        imported.pop(key, None)


def _order(body: Revoke | Waive | Decide | PutOnHold) -> Revoke | Waiver | Ruling | Hold:
    if isinstance(body, Waive):
        return body.waiver
    if isinstance(body, Decide):
        return body.ruling
    return body.hold if isinstance(body, PutOnHold) else body


def _effective(
    statement: RightsStatement, revokes: Sequence[Revoke], revoked: Mapping[str, dt.date]
) -> RightsStatement:
    """The statement under every revocation that hits it, the earliest of them."""
    days = [each.effective for each in revokes if each.hits(statement)]
    days += [revoked[statement.id]] if statement.id in revoked else []
    if not days:
        return statement
    return replace(statement, status=Status.REVOKED, status_date=min(days))


def _words(statement: RightsStatement) -> RightsStatement:
    """A statement without the place where it was read."""
    return replace(statement, source="-")


def _moment(entry: Mapping[str, Any], key: str) -> dt.datetime:
    try:
        return clock.parse(str(entry.get(key)))
    except ValueError:
        where = f"ledger entry {entry.get('number', '?')}"
        raise LedgerError(f"{key} is not a moment", where=where, next_step="provenance verify") from None
