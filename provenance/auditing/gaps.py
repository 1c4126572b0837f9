"""What is not known: items without a record, records without an item, assets set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from provenance.auditing import counts
from provenance.auditing.census import Census, Class
from provenance.auditing.naming import Naming
from provenance.auditing.todo import no_evidence, no_holder, no_survival
from provenance.model.words import Cause
from provenance.reports.content import ROW, Bar, Bars, Cell, Column, Detail, Form, Part, Section, Table, anchor
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Reason

_MOST = 200


def unknowns(census: Census, state: LedgerState, naming: Naming) -> Section:
    """Return the section on what nobody has said."""
    asked: tuple[tuple[str, Callable[[Class], bool]], ...] = (
        ("Items that no record covers", lambda each: Reason.NO_RECORD in each.verdict.reasons),
        ("Items whose record names no use", lambda each: Reason.UNDECIDED in each.verdict.reasons),
        ("Items with an interest declared and never answered", lambda each: _unanswered(each.verdict.reasons)),
        ("Cleared items whose holder is not recorded", lambda each: each.verdict.cleared and no_holder(each)),
        ("Cleared items whose record cites no evidence", lambda each: each.verdict.cleared and no_evidence(each)),
        (
            "Cleared items of a licence that does not say what its end means for trained models",
            lambda each: each.verdict.cleared and no_survival(each),
        ),
    )
    rows, details = list[tuple[Cell, ...]](), list[Detail]()
    for what, wanted in asked:
        numbers = [each.number for each in census.classes if wanted(each)]
        rows.append((what, sum(census.classes[number].total.items for number in numbers)))
        if numbers:
            details.append(counts.detail(census, naming, "unknown", what, numbers))
    columns = (Column("what", "What is not known", leads=ROW), Column("items", "Items", Form.COUNT, leads=ROW))
    leads = [anchor("unknown", what) for what, _ in asked]
    table = Table("unknowns", "Items", columns, rows, leads=leads)
    idle = sorted((each for each in state.statements if not census.touched[each.id]), key=lambda each: each.id)
    unused = Table(
        "idle-records",
        "Records that touch nothing in this version",
        (
            Column("record", "Record", Form.CODE),
            Column("source", "Read at", Form.CODE),
            Column("applies_to", "On", Form.CODE),
        ),
        [
            (
                naming.name("record", each.id),
                naming.name("source", each.source),
                naming.name("place", str(each.applies_to)),
            )
            for each in idle[:_MOST]
        ],
        "Often a path that was renamed, or a file that is context or in quarantine.",
        total=len(idle),
    )
    shown = () if naming.public else tuple(details)
    return Section("unknowns", "What is not known", tables=(table, unused), details=shown)


def _unanswered(reasons: tuple[Reason, ...]) -> bool:
    return bool({Reason.INTEREST_NOT_CLEARED, Reason.CONSENT_MISSING} & set(reasons))


def quarantine(census: Census, naming: Naming) -> Section:
    """Return the section on what was set aside: causes, and in private every asset with its sentence."""
    causes = Counter(Cause(row["cause"]) for row in census.quarantine)
    ordered = sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))
    by_cause = Table(
        "causes",
        "By cause",
        (Column("cause", "Cause", leads=ROW), Column("assets", "Assets", Form.COUNT, leads=ROW)),
        [(cause.value, count) for cause, count in ordered],
        leads=[anchor("cause", cause.value) for cause, _ in ordered],
    )
    chart = tuple(
        Bar(cause.value, f"{count:,}", (Part("plain", count, anchor("cause", cause.value)),), "cause")
        for cause, count in ordered
    )
    tables, details = [by_cause], list[Detail]()
    if not naming.public:
        columns = (
            Column("asset", "Asset", Form.CODE),
            Column("cause", "Cause"),
            Column("message", "What was found", Form.PROSE),
            Column("bytes", "Size", Form.BYTES),
        )
        found = census.quarantine
        rows = [_set_aside(row, naming) for row in found[:_MOST]]
        tables.append(Table("quarantine", "Every asset set aside", columns, rows, total=len(found)))
        for cause, count in ordered:
            alike = [_set_aside(row, naming) for row in found if row["cause"] == cause.value]
            table = Table(cause.value, cause.value, columns, alike[:_MOST], total=count)
            details.append(Detail("cause", cause.value, table, title=f"quarantine: {cause.value}"))
        tables.append(_custody(census, naming))
    about = "Files that could not be read safely and whole. No item of them exists, so none can reach training."
    return Section(
        "quarantine",
        "Quarantine and custody",
        about,
        charts=(Bars("Set aside, by cause", chart),) if chart else (),
        tables=tuple(tables),
        details=tuple(details),
    )


def _set_aside(row: dict[str, Any], naming: Naming) -> tuple[Cell, ...]:
    return (row["asset"], row["cause"], naming.words(row["message"]), row["bytes"])


def _custody(census: Census, naming: Naming) -> Table:
    rows: list[tuple[Cell, ...]] = []
    columns = ["asset", "custody", "missing_frames"]
    for row in census.assets.select(columns).to_pylist():
        if row["custody"]:
            rows.append((row["asset"], "custody", naming.words(row["custody"])))
        if row["missing_frames"]:
            shown = ", ".join(map(str, row["missing_frames"][:12]))
            rows.append((row["asset"], "gap in a sequence", f"{len(row['missing_frames']):,} frames: {shown}"))
    return Table(
        "custody",
        "Custody lists and gaps in sequences",
        (Column("asset", "Asset", Form.CODE), Column("what", "What"), Column("found", "Found")),
        rows[:_MOST],
        "Files named by an ASC MHL or BagIt list were compared with it when they were read.",
        total=len(rows),
    )
