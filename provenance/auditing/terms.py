"""What ends by itself: cleared items first, then whatever people signed for a time; and what a job may fail on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from provenance.auditing import counts
from provenance.auditing.census import Census, Class
from provenance.auditing.naming import Naming
from provenance.reports.content import ROW, Cell, Column, Form, Mark, Section, Table, Timeline, anchor
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Decision, Reason

_MOST = 500
_MOST_DAYS = 60
_ITEMS = Column("items", "Items", Form.COUNT, leads=ROW)


def ending(census: Census) -> list[tuple[dt.date, Class]]:
    """Return the cleared classes whose answer changes by itself, with the first day on which it differs, rising."""
    found = [(each.verdict.valid_until, each) for each in census.classes if each.verdict.cleared]
    return sorted(((day, each) for day, each in found if day is not None), key=lambda pair: (pair[0], pair[1].number))


def expiries(census: Census, state: LedgerState, naming: Naming, horizon: int = 730) -> Section:
    """Return the section on what ends by itself: cleared items first, then whatever people signed for a time."""
    on = census.admission.on
    rows: list[tuple[Cell, ...]] = []
    found = ending(census)
    for day, each in found:
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
    columns = (
        Column("day", "First day without", Form.DAY),
        Column("days", "Days ahead", Form.COUNT),
        _ITEMS,
        counts.HOURS,
        Column("records", "Records that end", Form.CODE),
        Column("agreement", "Agreement"),
        Column("holder", "Holder"),
        Column("survival", "For models already trained"),
    )
    by_day: dict[dt.date, list[Class]] = {}
    for day, each in found:
        by_day.setdefault(day, []).append(each)
    table = Table(
        "expiries",
        "Cleared today, and not for ever",
        columns,
        rows[:_MOST],
        total=len(rows),
        leads=[anchor("ending", day.isoformat()) for day, _ in found[:_MOST]],
    )
    signed = Table("terms", "Signed for a time", _TERMS, sorted(_terms(census, state, naming), key=str))
    details = [
        counts.detail(
            census,
            naming,
            "ending",
            day.isoformat(),
            [each.number for each in classes],
            title=f"ending: first day without is {day}",
        )
        for day, classes in list(by_day.items())[:_MOST_DAYS]
    ]
    about = (
        "The first day on which the answer differs if nobody does anything. Items that are not cleared are left out."
    )
    return Section(
        "expiries",
        "Expiries ahead",
        about,
        charts=tuple(_line(census, state, by_day, horizon)),
        tables=(table, signed),
        details=() if naming.public else tuple(details),
    )


def _line(census: Census, state: LedgerState, by_day: dict[dt.date, list[Class]], horizon: int) -> Iterable[Timeline]:
    """The days on which something ends, within the horizon; whatever is about the whole answer has no items."""
    on = census.admission.on
    marks = [
        Mark(
            day,
            "cleared items end",
            sum(each.total.items for each in classes),
            anchor("ending", day.isoformat()),
        )
        for day, classes in by_day.items()
        if (day - on).days <= horizon
    ]
    ledger = state.valid_until
    if ledger is not None and ledger.date() >= on:
        marks.append(Mark(ledger.date(), "ledger's head ends", 0, "expiries-terms"))
    if marks:
        marks.sort(key=lambda mark: mark.day)
        last = max(mark.day for mark in marks)
        later = sum(each.total.items for day, found in by_day.items() if (day - on).days > horizon for each in found)
        more = f"; {later:,} items end after that" if later else ""
        title = f"Cleared items whose answer changes by itself, {on} to {last}{more}"
        yield Timeline(title, on, last + dt.timedelta(days=14), tuple(marks))


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
