"""What is not known: items without a record, records without an item, assets set aside, copies decided differently."""

from __future__ import annotations

from collections import Counter

from provenance.auditing.census import Census, Class, Crossing, groups
from provenance.auditing.naming import Naming
from provenance.model.words import Cause
from provenance.reports.content import Bar, Bars, Cell, Column, Form, Part, Section, Table
from provenance.rights.ledger import LedgerState
from provenance.rights.reasons import Reason

_MOST = 200
_ITEMS = Column("items", "Items", Form.COUNT)


def unknowns(census: Census, state: LedgerState, naming: Naming) -> Section:
    """Return the section on what nobody has said."""
    classes = census.classes

    def count(which: list[bool]) -> int:
        return sum(each.total.items for each, wanted in zip(classes, which, strict=True) if wanted)

    idle = sorted((each for each in state.statements if not census.touched[each.id]), key=lambda each: each.id)
    missing_evidence = [
        bool(e.records) and any(not s.evidence and not s.document_sha256 for s in e.records) for e in classes
    ]
    rows: list[tuple[Cell, ...]] = [
        ("Items that no record covers", count([Reason.NO_RECORD in e.verdict.reasons for e in classes])),
        ("Items whose record names no use", count([Reason.UNDECIDED in e.verdict.reasons for e in classes])),
        (
            "Items with an interest declared and never answered",
            count([_unanswered(e.verdict.reasons) for e in classes]),
        ),
        (
            "Cleared items whose holder is not recorded",
            count([e.verdict.cleared and not e.names(lambda s: s.holder) for e in classes]),
        ),
        (
            "Cleared items whose record cites no evidence",
            count([e.verdict.cleared and m for e, m in zip(classes, missing_evidence, strict=True)]),
        ),
        ("Cleared items of a licence whose survival is not stated", count([_no_survival(e) for e in classes])),
    ]
    table = Table("unknowns", "Items", (Column("what", "What is not known"), _ITEMS), rows)
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
    return Section("unknowns", "What is not known", tables=(table, unused))


def _unanswered(reasons: tuple[Reason, ...]) -> bool:
    return bool({Reason.INTEREST_NOT_CLEARED, Reason.CONSENT_MISSING} & set(reasons))


def _no_survival(each: Class) -> bool:
    licensed = any(statement.basis.value == "license" for statement in each.records)
    return each.verdict.cleared and licensed and not each.verdict.survivals


def quarantine(census: Census, naming: Naming) -> Section:
    """Return the section on what was set aside: causes, and in private every asset with its sentence."""
    causes = Counter(Cause(row["cause"]) for row in census.quarantine)
    ordered = sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))
    by_cause = Table(
        "causes",
        "By cause",
        (Column("cause", "Cause"), Column("assets", "Assets", Form.COUNT)),
        [(cause.value, count) for cause, count in ordered],
    )
    chart = tuple(Bar(cause.value, f"{count:,}", (Part("quarantine", count),)) for cause, count in ordered)
    tables = [by_cause]
    if not naming.public:
        rows: list[tuple[Cell, ...]] = [
            (row["asset"], row["cause"], naming.words(row["message"]), row["bytes"])
            for row in census.quarantine[:_MOST]
        ]
        columns = (
            Column("asset", "Asset", Form.CODE),
            Column("cause", "Cause"),
            Column("message", "What was found"),
            Column("bytes", "Bytes", Form.COUNT),
        )
        tables.append(Table("quarantine", "Every asset set aside", columns, rows, total=len(census.quarantine)))
        tables.append(_custody(census, naming))
    about = "Files that could not be read safely and whole. No item of them exists, so none can reach training."
    return Section(
        "quarantine",
        "Quarantine and custody",
        about,
        charts=(Bars("Set aside, by cause", chart),) if chart else (),
        tables=tuple(tables),
    )


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


def duplicates(census: Census, naming: Naming) -> Section:
    """Return the section on copies: how many, and which of them are decided differently."""
    counts: list[tuple[Cell, ...]] = []
    bars: list[Bar] = []
    alike: dict[tuple[str, str, str], tuple[int, int]] = {}
    crossing, looked_at = 0, 0
    for name, column in (("exact", census.exact_group), ("near", census.near_group)):
        found = groups(census, column, _MOST)
        several = sum(found.crossing.values())
        counts.append((name, found.groups, found.items, several))
        crossing, looked_at = crossing + several, looked_at + len(found.first)
        for decisions, number in found.crossing.items():
            parts = tuple(Part(each.value, number / len(decisions)) for each in decisions)
            bars.append(Bar(f"{name}: {' + '.join(decisions)}", f"{number:,} groups", parts))
        for group in found.first:
            key = name, ", ".join(group.decisions), _members(census, group)
            number, items = alike.get(key, (0, 0))
            alike[key] = number + 1, items + len(group.rows)
    tables = [Table("copies", "Copies", (_COPIES, _GROUPS, _ITEMS, Column("crossing", _CROSSING, Form.COUNT)), counts)]
    if not naming.public:
        left = f" The first {looked_at:,} of {crossing:,} groups were looked at." if looked_at < crossing else ""
        tables.append(
            Table(
                "crossing",
                "Copies whose members are decided differently",
                (_COPIES, Column("decisions", "Decisions"), _GROUPS, _ITEMS, Column("members", "Members", Form.CODE)),
                [(name, decisions, *numbers, told) for (name, decisions, told), numbers in alike.items()],
                f"Groups with the same members stand in one row.{left}",
            )
        )
    about = (
        "An opt-out, a revocation or a missing consent holds for every copy; a term or territory for its own record."
    )
    charts = (Bars("Groups of copies decided differently", tuple(bars)),) if bars else ()
    return Section("duplicates", "Copies across rights", about, charts=charts, tables=tuple(tables))


_CROSSING = "Groups decided differently"
_COPIES = Column("what", "Copies")
_GROUPS = Column("groups", "Groups", Form.COUNT)


def _members(census: Census, group: Crossing) -> str:
    members: dict[str, dict[str, None]] = {}
    for row in group.rows:
        decision = census.classes[census.of_class[row]].decision
        members.setdefault(census.shown[census.asset[row]], {})[decision.value] = None
    told = [f"{asset} ({', '.join(decisions)})" for asset, decisions in list(members.items())[:8]]
    return "; ".join(told) + (f" and {len(members) - 8} more" if len(members) > 8 else "")
