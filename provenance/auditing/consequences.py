"""An impact set as a report: what is touched, by which clause, and the work that follows."""

from __future__ import annotations

from provenance.auditing.impacted import MEANING, NOT_STATED, Impact
from provenance.auditing.naming import Naming
from provenance.auditing.reach import Touch
from provenance.reports.content import PRIVATE, PUBLIC, Answer, Cell, Column, Figure, Form, Report, Section, Table

_ITEMS = Column("items", "Items", Form.COUNT)
_MOST = 1000


def report(found: Impact, naming: Naming | None = None) -> Report:
    """Return the impact as a report. naming: a public one for strangers, who learn numbers and no name or order."""
    naming = naming or Naming()
    target = naming.name(found.target.what.value, found.target.name)
    if not naming.public and found.target.what in Touch:
        target = f"{found.target.what.value} {target}"
    clauses = Table(
        "survival",
        "By survival clause",
        (Column("clause", "Clause"), _ITEMS, Column("meaning", "What must happen", Form.PROSE)),
        [(clause, count, MEANING[clause]) for clause, count in found.survivals.items()],
        "What the end of each grant means for a model that was trained under it, in the words of its record.",
    )
    sections = [Section("work", "What must be done", _ABOUT, tables=(*_work(found, naming), clauses))]
    sections.append(Section("flips", "Once it is recorded", tables=(_flips(found, naming),)))
    sections.append(Section("items", "What it touches", tables=_material(found, naming)))
    sections.append(Section("records", "By which records", tables=(_records(found, naming),)))
    sections.append(Section("spread", "Where the items have gone", _KNOWN, tables=_spread(found, naming)))
    models = sum(1 for each in found.receipts if each.items)
    return Report(
        title="Impact",
        subtitle=f"{target}, version {found.version}, on {found.on}",
        marking=PUBLIC if naming.public else PRIVATE,
        public=naming.public,
        figures=(
            Figure(f"{found.items:,}", "items touched", leads="items"),
            Figure(f"{found.cleared_now:,}", "of them cleared now", "cleared", "items"),
            Figure(f"{found.exact + found.near:,}", "copies elsewhere", "review", "items-copies"),
            Figure(f"{found.flips.newly_refused:,}", "newly refused once recorded", "refused", "flips"),
            Figure(f"{models:,}", "models known to have read them", leads="spread-receipts"),
        ),
        sections=tuple(sections),
        answer=_answer(found, target or ""),
    )


_ABOUT = "In this order. Nothing was recorded by making this page."
_KNOWN = "Only the receipts and releases that were named are known here; there may be others."


def _answer(found: Impact, target: str) -> Answer:
    models = [each for each in found.receipts if each.items]
    releases = [each for each in found.releases if each.items]
    told = [
        f"{found.items:,} items are touched",
        f"{found.flips.newly_refused + found.flips.newly_in_review:,} would be kept out of training",
        f"of what was given, {len(releases):,} of {len(found.releases):,} releases and {len(models):,} of "
        f"{len(found.receipts):,} receipts hold some of them",
    ]
    clauses = {clause for each in models for clause in each.clauses}
    means = [f"{clause}: {MEANING[clause]}" for clause in MEANING if clause in clauses and clause != NOT_STATED]
    if NOT_STATED in clauses:
        means.append(MEANING[NOT_STATED])
    terms = (("For trained models", "; ".join(means)),) if means else ()
    return Answer(f"What follows if {target} is taken back or disputed?", "; ".join(told) + ".", terms)


def _work(found: Impact, naming: Naming) -> tuple[Table, ...]:
    """The work list names files, models and commands: it is nobody else's business."""
    if naming.public:
        return ()
    columns = (Column("number", "No.", Form.COUNT), Column("who", "Who"), Column("what", "What", Form.PROSE))
    rows = [(number, task.who, naming.words(task.what)) for number, task in enumerate(found.tasks, 1)]
    return (Table("work", "Work list", columns, rows),)


def _flips(found: Impact, naming: Naming) -> Table:
    columns = (
        Column("before", "Now", Form.DECISION),
        Column("after", "Then", Form.DECISION),
        Column("reason", "Reason"),
        Column("work", "Work"),
        _ITEMS,
        Column("hours", "Footage (h:mm:ss)", Form.HOURS),
    )
    rows: list[tuple[Cell, ...]] = [
        (f.before.value, f.after.value, f.reason or None, naming.name("work", f.work), f.items, f.seconds / 3600)
        for f in found.flips.flips
    ]
    return Table("flips", "What the gate would answer differently", columns, rows)


def _material(found: Impact, naming: Naming) -> tuple[Table, ...]:
    tables = []
    for key, title, counts in (
        ("assets", "Assets", found.assets),
        ("copies", "Copies under other records", found.copies),
        ("shards", "Shards that hold the bytes", found.shards),
    ):
        rows: list[tuple[Cell, ...]] = [
            (name if key == "shards" else naming.asset(name), count) for name, count in list(counts.items())[:_MOST]
        ]
        tables.append(Table(key, title, (Column("name", "Name", Form.CODE), _ITEMS), rows, total=len(counts)))
    return tuple(tables)


def _records(found: Impact, naming: Naming) -> Table:
    columns = (
        Column("record", "Record", Form.CODE),
        Column("source", "Read at", Form.CODE),
        Column("applies_to", "On", Form.CODE),
        Column("basis", "Basis"),
        Column("holder", "Holder"),
        Column("agreement", "Agreement"),
        Column("clause", "Clause"),
        Column("status", "Status"),
        Column("survival", "For models already trained"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            naming.name("record", each.id),
            naming.name("source", each.source),
            naming.name("place", str(each.applies_to)),
            each.basis.value,
            naming.name("holder", each.holder),
            naming.name("agreement", each.agreement),
            naming.words(each.clause),
            each.status.value,
            each.survival.value if each.survival else NOT_STATED,
        )
        for each in found.statements[:_MOST]
    ]
    return Table("records", "Records", columns, rows, total=len(found.statements))


def _spread(found: Impact, naming: Naming) -> tuple[Table, ...]:
    held: list[tuple[Cell, ...]] = [(each.name, None, each.items) for each in found.versions]
    held += [
        (naming.name("release", each.name), naming.name("recipient", each.recipient), each.items)
        for each in found.releases
    ]
    versions = Table(
        "versions",
        "Versions and releases",
        (Column("name", "Name", Form.CODE), Column("recipient", "For"), _ITEMS),
        held,
        "No number: the index was collected.",
    )
    told: list[tuple[Cell, ...]] = []
    for each in found.receipts:
        file, model = naming.name("receipt", each.file), naming.name("model", each.model)
        clauses = ", ".join(f"{clause}: {count:,}" for clause, count in each.clauses.items()) or None
        told.append((file, model, each.items, clauses, each.unknown))
    receipts = Table(
        "receipts",
        "Training receipts",
        (
            Column("receipt", "Receipt", Form.CODE),
            Column("model", "Model"),
            Column("items", "Items read", Form.COUNT),
            Column("clauses", "By survival clause"),
            Column("unknown", "Parts not known", Form.COUNT),
        ),
        told,
    )
    return versions, receipts
