"""What people decided: conflicts and rulings, waivers, holds, revocations, and the log of who signed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from provenance import deskwords
from provenance.auditing import counts
from provenance.auditing.census import Census, Class
from provenance.auditing.naming import Naming
from provenance.dataset.keyring import Keyring
from provenance.model import clock
from provenance.reports.content import ROW, Cell, Column, Detail, Form, Section, Table, anchor
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import REVIEW_REASONS, Reason
from provenance.rights.statement import Status

_MOST = 500
_MOST_DETAILS = 60
_MOST_LISTED = 40
_ITEMS = Column("items", "Items", Form.COUNT, leads=ROW)


def conflicts(census: Census, state: LedgerState, naming: Naming) -> Section:
    """Return the section on what a person must decide, or has decided."""
    found: dict[tuple[Reason, str], list[int]] = {}
    for each in census.classes:
        for finding in each.verdict.findings:
            if finding.reason in REVIEW_REASONS:
                numbers = found.setdefault((finding.reason, finding.source), [])
                if each.number not in numbers:
                    numbers.append(each.number)
    items = {key: sum(census.classes[number].total.items for number in numbers) for key, numbers in found.items()}
    ordered = sorted(found, key=lambda key: (-items[key], key))
    rows: list[tuple[Cell, ...]] = []
    for reason, source in ordered[:_MOST]:
        listed, _ = census.assets_of(found[reason, source], 1)
        raised, example = naming.name("source", source), naming.asset(listed[0][0])
        rows.append((reason.value, raised, items[reason, source], example))
    open_ = Table(
        "open",
        "Open: a person decides",
        (
            Column("reason", "Question"),
            Column("raised_by", "Raised by", Form.CODE),
            _ITEMS,
            Column("example", "For example", Form.CODE),
        ),
        rows,
        "An item may raise several questions, and then stands here several times.",
        total=len(found),
        leads=[anchor("question", f"{reason.value}: {source}") for reason, source in ordered[:_MOST]],
    )
    details = [
        counts.detail(
            census,
            naming,
            "question",
            f"{reason.value}: {source}",
            found[reason, source],
            most=_MOST_LISTED,
            title=f"{reason.value}, raised by {naming.name('source', source)}",
        )
        for reason, source in ordered[:_MOST_DETAILS]
    ]
    rulings = Table(
        "rulings",
        "Decided, and by whom",
        (
            Column("id", "Ruling", Form.CODE),
            Column("applies_to", "On", Form.CODE),
            Column("outcome", "Outcome"),
            Column("settles", "Settles"),
            Column("by", "By"),
            Column("why", "Why", Form.PROSE),
            Column("until", "Until", Form.DAY),
            Column("items", "Items that rest on it", Form.COUNT, leads=ROW),
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
        leads=[anchor("order", each.id) for each in sorted(state.rulings, key=lambda ruling: ruling.id)],
    )
    about = "Records that contradict each other, copies under rival claims, and files that speak against their record."
    details += _behind(census, naming, [(each.id, _lifted(each.id)) for each in state.rulings])
    shown = () if naming.public else tuple(details)
    return Section("conflicts", "Conflicts, and who decided", about, tables=(open_, rulings), details=shown)


Wanted = Callable[[Class], bool]


def _lifted(order: str) -> Wanted:
    return lambda each: order in each.verdict.lifted


def _behind(census: Census, naming: Naming, orders: Sequence[tuple[str, Wanted]]) -> list[Detail]:
    """The items behind what people signed: those that rest on it, or that it keeps out."""
    found = []
    for name, wanted in orders[:_MOST_DETAILS]:
        numbers = [each.number for each in census.classes if wanted(each)]
        if numbers:
            found.append(
                counts.detail(
                    census, naming, "order", name, numbers, most=_MOST_LISTED, title=naming.name("order", name)
                )
            )
    return found


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
            Column("why", "Why", Form.PROSE),
            Column("until", "Until", Form.DAY),
            Column("items", "Items that rest on it", Form.COUNT, leads=ROW),
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
        leads=[anchor("order", each.id) for each in sorted(state.waivers, key=lambda waiver: waiver.id)],
    )
    holds = Table(
        "holds",
        "Holds",
        (
            Column("id", "Hold", Form.CODE),
            Column("applies_to", "On", Form.CODE),
            Column("by", "By"),
            Column("why", "Why", Form.PROSE),
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
        leads=[anchor("order", each.id) for each in sorted(state.holds, key=lambda hold: hold.id)],
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
            Column("items", "Items it touches", Form.COUNT, leads=ROW),
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
        leads=[anchor("order", each.id) for each in sorted(revoked, key=lambda statement: statement.id)[:_MOST]],
    )
    details = _behind(
        census,
        naming,
        [
            *((each.id, _lifted(each.id)) for each in state.waivers),
            *((each.id, _held(each.id)) for each in state.holds),
            *((each.id, _touched(each.id)) for each in revoked),
        ],
    )
    return Section(
        "orders",
        "Waivers, holds, revocations, and who signed",
        tables=(waivers, holds, revocations, _log(census, state, keys, naming)),
        details=() if naming.public else tuple(details),
    )


def _held(order: str) -> Wanted:
    return lambda each: any(restriction.source == f"ledger#{order}" for restriction in each.evidence.restrictions)


def _touched(statement: str) -> Wanted:
    return lambda each: any(bound.statement.id == statement for bound in each.evidence.bound)


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
