"""An impact set as a report: what is touched, by which clause, and the work that follows."""

from __future__ import annotations

from provenance.auditing.naming import safe
from provenance.impact import MEANING, Impact
from provenance.reports.content import Column, Figure, Form, Report, Section, Table

_ITEMS = Column("items", "Items", Form.COUNT)
_MOST = 1000


def report(found: Impact) -> Report:
    """Return the impact as a private report."""
    name = safe(str(found.target))
    work = Table(
        "work",
        "Work list",
        (Column("number", "No.", Form.COUNT), Column("who", "Who"), Column("what", "What")),
        [(number, task.who, safe(task.what)) for number, task in enumerate(found.tasks, 1)],
    )
    clauses = Table(
        "survival",
        "By survival clause",
        (Column("clause", "Clause"), _ITEMS, Column("meaning", "What must happen")),
        [(clause, count, MEANING[clause]) for clause, count in found.survivals.items()],
    )
    flips = Table(
        "flips",
        "What the gate would answer differently",
        (
            Column("before", "Now", Form.DECISION),
            Column("after", "Then", Form.DECISION),
            Column("reason", "Reason"),
            Column("work", "Work"),
            _ITEMS,
        ),
        [(f.before.value, f.after.value, f.reason, safe(f.work), f.items) for f in found.flips.flips],
    )
    return Report(
        title="Impact",
        subtitle=f"{name}, version {found.version}, on {found.on}",
        marking="Private: names people and works and quotes agreements. Not for publication.",
        public=False,
        figures=(
            Figure(f"{found.items:,}", "items touched"),
            Figure(f"{found.cleared_now:,}", "of them cleared now", "cleared"),
            Figure(f"{found.exact + found.near:,}", "copies elsewhere", "review"),
            Figure(f"{found.flips.newly_refused:,}", "newly refused once recorded", "refused"),
            Figure(f"{sum(1 for each in found.receipts if each.items):,}", "models known to have read them"),
        ),
        sections=(
            Section(
                "work",
                "What must be done",
                "In this order. Nothing was recorded by making this page.",
                tables=(work, clauses),
            ),
            Section("flips", "Once it is recorded", tables=(flips,)),
            Section("items", "What it touches", tables=_material(found)),
            Section("records", "By which records", tables=(_records(found),)),
            Section("spread", "Where the items have gone", _told(found), tables=_spread(found)),
        ),
    )


def _material(found: Impact) -> tuple[Table, ...]:
    tables = []
    for key, title, counts in (
        ("assets", "Assets", found.assets),
        ("copies", "Copies under other records", found.copies),
        ("shards", "Shards that hold the bytes", found.shards),
    ):
        rows = [(name, count) for name, count in list(counts.items())[:_MOST]]
        tables.append(Table(key, title, (Column("name", "Name", Form.CODE), _ITEMS), rows, total=len(counts)))
    return tuple(tables)


def _records(found: Impact) -> Table:
    columns = (
        Column("record", "Record", Form.CODE),
        Column("source", "Read at", Form.CODE),
        Column("applies_to", "On", Form.CODE),
        Column("holder", "Holder"),
        Column("agreement", "Agreement"),
        Column("status", "Status"),
        Column("survival", "Survival"),
    )
    rows = [
        (
            safe(each.id),
            safe(each.source),
            safe(str(each.applies_to)),
            safe(each.holder or ""),
            safe(each.agreement or ""),
            each.status.value,
            each.survival.value if each.survival else "not stated",
        )
        for each in found.statements[:_MOST]
    ]
    return Table("records", "Records", columns, rows, total=len(found.statements))


def _spread(found: Impact) -> tuple[Table, ...]:
    versions = Table(
        "versions",
        "Versions and releases",
        (Column("name", "Name", Form.CODE), _ITEMS),
        [(safe(each.name), each.items) for each in (*found.versions, *found.releases)],
        "No number: the index was collected.",
    )
    receipts = Table(
        "receipts",
        "Training receipts",
        (
            Column("receipt", "Receipt", Form.CODE),
            Column("model", "Model"),
            Column("items", "Items read", Form.COUNT),
            Column("unknown", "Parts not known", Form.COUNT),
        ),
        [(safe(each.file), safe(each.model or ""), each.items, each.unknown) for each in found.receipts],
    )
    return versions, receipts


def _told(found: Impact) -> str:
    return "Only the receipts and releases that were named are known here; there may be others."
