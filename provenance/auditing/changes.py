"""A difference between two sides as a report: what came, what went, what is decided otherwise, and why."""

from __future__ import annotations

from provenance.auditing.naming import Naming
from provenance.diff import Change, Difference, Kind, Stand
from provenance.reports.content import (
    PRIVATE,
    PUBLIC,
    ROW,
    Answer,
    Cell,
    Column,
    Detail,
    Figure,
    Form,
    Report,
    Section,
    Table,
    anchor,
)

_MOST = 1000
_MOST_DETAILS = 200
_TITLES = {Kind.IN: "Items that came in", Kind.OUT: "Items that went out", Kind.CHANGED: "Items decided otherwise"}
_LAW = {
    "added": "Records that were added",
    "changed": "Records that say something else",
    "revoked": "Records that were revoked",
    "withdrawn": "Records that are no longer there",
}


def report(found: Difference, naming: Naming | None = None) -> Report:
    """Return the difference as a report. naming: a public one for strangers, who learn numbers and no name."""
    naming = naming or Naming()
    before, after = found.before, found.after
    sides = f"version {before.version.number} on {before.on} to version {after.version.number} on {after.on}"
    verdict = ", ".join(f"{found.total(kind):,} {word}" for kind, word in _WORDS.items())
    law = sum(len(getattr(found.law, name)) for name in _LAW)
    return Report(
        title="Difference",
        subtitle=sides,
        marking=PUBLIC if naming.public else PRIVATE,
        public=naming.public,
        figures=(
            Figure(f"{found.total(Kind.IN):,}", "items came in", leads=Kind.IN.value),
            Figure(f"{found.total(Kind.OUT):,}", "items went out", leads=Kind.OUT.value),
            Figure(f"{found.total(Kind.CHANGED):,}", "items decided otherwise", "review", Kind.CHANGED.value),
            Figure(f"{found.unchanged:,}", "items as they were"),
            Figure(f"{law:,}", "records of the ledger differ", leads="law"),
        ),
        sections=(*(_section(found, kind, naming) for kind in (Kind.CHANGED, Kind.IN, Kind.OUT)), _law(found, naming)),
        answer=Answer(f"What differs from {sides}?", f"{verdict}; {found.unchanged:,} as they were."),
    )


_WORDS = {Kind.CHANGED: "items decided otherwise", Kind.IN: "came in", Kind.OUT: "went out"}


def _section(found: Difference, kind: Kind, naming: Naming) -> Section:
    changes = [each for each in found.changes if each.kind is kind]
    columns = (
        Column("items", "Items", Form.COUNT, leads=ROW),
        Column("hours", "Footage (h:mm:ss)", Form.HOURS),
        Column("before", "Before", Form.DECISION),
        Column("reasons_before", "Reasons before"),
        Column("after", "After", Form.DECISION),
        Column("reasons_after", "Reasons after"),
        Column("records", "Decided by", Form.CODE),
    )
    names = [f"{kind.value} {at + 1}" for at in range(len(changes))]
    table = Table(
        kind.value,
        _TITLES[kind],
        columns,
        [_row(each, naming) for each in changes[:_MOST]],
        total=len(changes),
        leads=[anchor("change", name) for name in names[:_MOST]],
    )
    details = [
        Detail(
            "change",
            name,
            Table(name, name, (Column("asset", "Asset", Form.CODE),), [(asset,) for asset in each.assets]),
            "The first assets of these items, by name.",
            each.items,
            f"{_told(each.before)} to {_told(each.after)}",
        )
        for name, each in list(zip(names, changes, strict=True))[:_MOST_DETAILS]
    ]
    return Section(kind.value, _TITLES[kind], tables=(table,), details=() if naming.public else tuple(details))


def _row(each: Change, naming: Naming) -> tuple[Cell, ...]:
    stands: list[Cell] = []
    for stand in (each.before, each.after):
        stands += [stand[0].value, ", ".join(stand[1]) or None] if stand is not None else [None, None]
    before, after = (", ".join(ids) or None for ids in each.records)
    records = before if before == after else f"{before or 'no record'} -> {after or 'no record'}"
    if each.kind is not Kind.CHANGED:
        records = before if each.kind is Kind.OUT else after
    return (each.items, each.seconds / 3600, *stands, naming.name("record", records))


def _told(stand: Stand) -> str:
    if stand is None:
        return "not there"
    return stand[0].value + (f" ({', '.join(stand[1])})" if stand[1] else "")


def _law(found: Difference, naming: Naming) -> Section:
    columns = (Column("what", "What"), Column("record", "Record", Form.CODE))
    rows = [(title, naming.name("record", each)) for name, title in _LAW.items() for each in getattr(found.law, name)]
    table = Table("records", "Records", columns, rows[:_MOST], total=len(rows))
    return Section("law", "What the ledger says otherwise", tables=(table,))
