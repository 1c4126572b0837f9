"""What people decided and what is coming: expiries, conflicts, waivers, rulings, holds, revocations, the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from provenance import deskwords
from provenance.auditing.census import Census, Class
from provenance.auditing.naming import Naming
from provenance.dataset.keyring import Keyring
from provenance.model import clock
from provenance.reports.content import Cell, Column, Form, Mark, Section, Table, Timeline
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import REVIEW_REASONS, Decision, Reason
from provenance.rights.statement import Status

_MOST = 500
_ITEMS = Column("items", "Items", Form.COUNT)


def ending(census: Census) -> list[tuple[dt.date, Class]]:
    """Return the cleared classes whose answer changes by itself, with the first day on which it differs, rising."""
    found = [(each.verdict.valid_until, each) for each in census.classes if each.verdict.cleared]
    return sorted(((day, each) for day, each in found if day is not None), key=lambda pair: (pair[0], pair[1].number))


def expiries(census: Census, state: LedgerState, naming: Naming, horizon: int = 730) -> Section:
    """Return the section on what ends by itself: cleared items first, then whatever people signed for a time."""
    on = census.admission.on
    rows: list[tuple[Cell, ...]] = []
    marks = []
    for day, each in ending(census):
        names = ", ".join(
            sorted(s.id for s in each.statements if s.last_day == day - dt.timedelta(days=1))
        ) or ", ".join(each.verdict.deciding)
        agreements = "; ".join(sorted({s.agreement for s in each.statements if s.agreement}))
        survival = ", ".join(each.verdict.survivals) or "not stated"
        rows.append(
            (
                day,
                (day - on).days,
                each.total.items,
                each.total.seconds / 3600,
                naming.name("record", names),
                naming.name("agreement", agreements),
                naming.name("holder", each.names(lambda s: s.holder)),
                survival,
            )
        )
        if (day - on).days <= horizon:
            marks.append(Mark(day, naming.name("record", names) or "a record", each.total.items))
    columns = (
        Column("day", "First day without", Form.DAY),
        Column("days", "Days ahead", Form.COUNT),
        _ITEMS,
        Column("hours", "Footage", Form.HOURS),
        Column("records", "Records that end", Form.CODE),
        Column("agreement", "Agreement"),
        Column("holder", "Holder"),
        Column("survival", "For models already trained"),
    )
    chart = (
        (Timeline("Cleared items whose answer changes by itself", on, max(m.day for m in marks), tuple(marks)),)
        if marks
        else ()
    )
    table = Table("expiries", "Cleared today, and not for ever", columns, rows[:_MOST], total=len(rows))
    signed = Table("terms", "Signed for a time", _TERMS, sorted(_terms(census, state, naming), key=str))
    about = (
        "The first day on which the answer differs if nobody does anything. Items that are not cleared are left out."
    )
    return Section("expiries", "Expiries ahead", about, charts=chart, tables=(table, signed))


_TERMS = (
    Column("until", "Last day", Form.DAY),
    Column("what", "What"),
    Column("id", "Id", Form.CODE),
    Column("by", "Signed by"),
)


def _terms(census: Census, state: LedgerState, naming: Naming) -> Iterable[tuple[Cell, ...]]:
    if state.valid_until is not None:
        yield (state.valid_until.date(), "the ledger's head itself", f"entry {state.head}", "the rights key")
    signed = (("waiver", state.waivers), ("ruling", state.rulings), ("hold", state.holds))
    for what, orders in signed:
        for each in orders:
            if each.until is not None:
                yield (each.until, what, naming.name(what, each.id), naming.name("person", each.by))


def conflicts(census: Census, state: LedgerState, naming: Naming) -> Section:
    """Return the section on what a person must decide, or has decided."""
    found: dict[tuple[Reason, str], tuple[int, int]] = {}
    for each in census.classes:
        for finding in each.verdict.findings:
            if finding.reason in REVIEW_REASONS:
                items, number = found.get((finding.reason, finding.source), (0, each.number))
                found[finding.reason, finding.source] = (items + each.total.items, number)
    rows: list[tuple[Cell, ...]] = []
    for (reason, source), (items, number) in sorted(found.items(), key=lambda pair: (-pair[1][0], pair[0])):
        listed, _ = census.assets_of([number], 1)
        rows.append((reason.value, naming.name("source", source), items, naming.asset(listed[0][0])))
    open_ = Table(
        "open",
        "Open: a person decides",
        (
            Column("reason", "Question", leads=None if naming.public else "reason"),
            Column("raised_by", "Raised by", Form.CODE),
            _ITEMS,
            Column("example", "For example", Form.CODE),
        ),
        [(row[0], *row[1:]) for row in rows[:_MOST]],
        "An item may raise several questions, and then stands here several times.",
        total=len(rows),
    )
    if not naming.public:
        headings = {each.verdict.reasons[0].value for each in census.classes if each.verdict.reasons}
        # A question that heads no item has no list of its own to lead to.
        if not {str(row[0]) for row in open_.rows} <= headings:
            columns = (Column("reason", "Question"), *open_.columns[1:])
            open_ = Table(open_.key, open_.title, columns, open_.rows, open_.about, open_.total)
    rulings = Table(
        "rulings",
        "Decided, and by whom",
        (
            Column("id", "Ruling", Form.CODE),
            Column("applies_to", "On", Form.CODE),
            Column("outcome", "Outcome"),
            Column("settles", "Settles"),
            Column("by", "By"),
            Column("why", "Why"),
            Column("until", "Until", Form.DAY),
            Column("items", "Items that rest on it", Form.COUNT),
        ),
        [
            (
                naming.name("ruling", each.id),
                naming.name("place", str(each.applies_to)),
                each.outcome.value,
                ", ".join(sorted(each.settles)),
                naming.name("person", each.by),
                naming.words(each.why),
                each.until,
                census.lifted[each.id],
            )
            for each in sorted(state.rulings, key=lambda ruling: ruling.id)
        ],
    )
    about = "Records that contradict each other, copies under rival claims, and files that speak against their record."
    return Section("conflicts", "Conflicts, and who decided", about, tables=(open_, rulings))


def orders(census: Census, state: LedgerState, keys: Keyring, naming: Naming) -> Section:
    """Return the section on waivers, holds and revocations, and every entry of the ledger with its signer."""
    waivers = Table(
        "waivers",
        "Waivers",
        (
            Column("id", "Waiver", Form.CODE),
            Column("applies_to", "On", Form.CODE),
            Column("reasons", "Lifts"),
            Column("by", "Signed by"),
            Column("why", "Why"),
            Column("until", "Until", Form.DAY),
            Column("items", "Items that rest on it", Form.COUNT),
        ),
        [
            (
                naming.name("waiver", each.id),
                naming.name("place", str(each.applies_to)),
                ", ".join(sorted(each.reasons)),
                naming.name("person", each.by),
                naming.words(each.why),
                each.until,
                census.lifted[each.id],
            )
            for each in sorted(state.waivers, key=lambda waiver: waiver.id)
        ],
    )
    holds = Table(
        "holds",
        "Holds",
        (
            Column("id", "Hold", Form.CODE),
            Column("applies_to", "On", Form.CODE),
            Column("by", "By"),
            Column("why", "Why"),
            Column("until", "Until", Form.DAY),
            _ITEMS,
        ),
        [
            (
                naming.name("hold", each.id),
                naming.name("place", str(each.applies_to)),
                naming.name("person", each.by),
                naming.words(each.why),
                each.until,
                census.restricted[f"ledger#{each.id}"],
            )
            for each in sorted(state.holds, key=lambda hold: hold.id)
        ],
    )
    revoked = [each for each in state.statements if each.status is Status.REVOKED]
    revocations = Table(
        "revocations",
        "Revoked records",
        (
            Column("record", "Record", Form.CODE),
            Column("agreement", "Agreement"),
            Column("holder", "Holder"),
            Column("since", "Since", Form.DAY),
            Column("survival", "For models already trained"),
            Column("items", "Items it touches", Form.COUNT),
        ),
        [
            (
                naming.name("record", each.id),
                naming.name("agreement", each.agreement),
                naming.name("holder", each.holder),
                each.status_date,
                each.survival.value if each.survival else "not stated",
                census.touched[each.id],
            )
            for each in sorted(revoked, key=lambda statement: statement.id)[:_MOST]
        ],
        total=len(revoked),
    )
    return Section(
        "orders",
        "Waivers, holds, revocations, and who signed",
        tables=(waivers, holds, revocations, _log(census, state, keys, naming)),
    )


def _log(census: Census, state: LedgerState, keys: Keyring, naming: Naming) -> Table:
    entries = [entry for entry in census.admission.book.entries if entry.number <= state.head]
    rows: Sequence[tuple[Cell, ...]] = [
        (
            entry.number,
            entry.created.date(),
            str(entry.body["kind"]),
            naming.words(str(deskwords.entry_json(entry)["summary"])),
            keys.signers(entry.number, {})[0].fingerprint,
        )
        for entry in entries[-_MOST:]
    ]
    columns = (
        Column("number", "Entry", Form.COUNT),
        Column("recorded", "Recorded", Form.DAY),
        Column("kind", "Kind"),
        Column("summary", "What"),
        Column("key", "Signed with", Form.CODE),
    )
    about = f"Signed entries up to the head of {clock.stamp(entries[-1].created)}."
    return Table("ledger", "The ledger, entry by entry", columns, rows, about, total=len(entries))


def fails(census: Census, state: LedgerState, days: int) -> dict[str, int]:
    """Return how many items or things there are of each kind that a scheduled job may want to fail on."""
    on = census.admission.on
    decided = census.by_decision()
    last = on + dt.timedelta(days=days)
    soon = sum(each.total.items for day, each in ending(census) if day <= last)
    reasons = [(each.verdict.reasons, each.total.items) for each in census.classes]
    return {
        "expiring": soon,
        "review": decided[Decision.REVIEW].items,
        "refused": decided[Decision.REFUSED].items,
        "unknown": sum(items for found, items in reasons if {Reason.NO_RECORD, Reason.UNDECIDED} & set(found)),
        "conflict": sum(items for found, items in reasons if {Reason.CONFLICT, Reason.TWIN_CONFLICT} & set(found)),
        "quarantine": len(census.quarantine),
        "ledger-expiring": int(state.valid_until is not None and state.valid_until.date() <= last),
    }
