"""What is in, what is out, and why: the crawl, the verdicts, the reasons; rights by work, holder and licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.census import KINDS, Census, Class, Tally
from provenance.auditing.naming import Naming
from provenance.model.words import Outcome
from provenance.reports.content import Bar, Bars, Cell, Column, Detail, Form, Part, Section, Table, length
from provenance.rights.explanations import EXPLANATIONS
from provenance.rights.reasons import Decision, Reason

NOTHING_RECORDED = "(nothing recorded)"
_MOST_BARS = 12
_MOST_LISTED = 150
_MOST_HEADINGS = 200

_DECIDED = tuple(Column(each.value, each.value.capitalize(), Form.COUNT) for each in Decision)
_ASSET = Column("asset", "Asset", Form.CODE)
_ITEMS = Column("items", "Items", Form.COUNT)
_HOURS = Column("hours", "Footage", Form.HOURS)


def crawl(census: Census) -> Section:
    """Return the section whose totals add up to the crawl: every file has one outcome, every item one decision."""
    files, members = _outcomes(census)
    rows: list[tuple[Cell, ...]] = [(each.value, files[each], members[each]) for each in Outcome]
    rows.append(("total", sum(files.values()), sum(members.values())))
    outcomes = Table(
        "crawl",
        "Every file of the archive",
        (
            Column("outcome", "Outcome"),
            Column("files", "Files", Form.COUNT),
            Column("members", "In containers", Form.COUNT),
        ),
        rows,
        "Each file has exactly one outcome: it gave items, it is context without a training item, or it is set aside.",
    )
    kinds = Table(
        "kinds",
        "Items by kind",
        (Column("kind", "Kind"), _ITEMS, *_DECIDED, _HOURS, Column("bytes", "Payload bytes", Form.COUNT)),
        _kind_rows(census),
    )
    charts = (_bars("Items by kind and verdict", [(str(row[0]), row[2:5]) for row in kinds.rows if row[0] != "total"]),)
    return Section(
        "crawl", "The crawl, and what became of it", _adds_up(census, files, members), (), charts, (outcomes, kinds)
    )


def _outcomes(census: Census) -> tuple[Counter[Outcome], Counter[Outcome]]:
    """Files of the archive, and members of containers, by outcome, counted from the tables."""
    files: Counter[Outcome] = Counter()
    members: Counter[Outcome] = Counter()
    grouped = (
        pa.table(
            {
                "outcome": census.assets.column("outcome"),
                "member": pc.equal(census.assets.column("type"), "member"),
                "files": pc.list_value_length(census.assets.column("files")),
            }
        )
        .group_by(["outcome", "member"])
        .aggregate([("files", "sum")])
    )
    for row in grouped.to_pylist():
        (members if row["member"] else files)[Outcome(row["outcome"])] += row["files_sum"]
    for row in census.quarantine:
        (members if row["type"] == "member" else files)[Outcome.QUARANTINE] += max(len(row["files"]), 1)
    return files, members


def _adds_up(census: Census, files: Counter[Outcome], members: Counter[Outcome]) -> str:
    signed = census.admission.version.content.counts
    here = [{each.value: count for each, count in counted.items() if count} for counted in (files, members)]
    kinds = {kind.value: sum(each.by_kind[at].items for each in census.classes) for at, kind in enumerate(KINDS)}
    here.append({name: count for name, count in kinds.items() if count})
    told = [
        {name: count for name, count in signed.get(part, {}).items() if count} for part in ("files", "members", "items")
    ]
    if here == told:
        return "Counted from the tables of the version; the counts signed with it when it was built are the same."
    return f"NOTE: counted here {here}, but signed with the version {told}."


def _kind_rows(census: Census) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for name, places in [*((kind.value, [at]) for at, kind in enumerate(KINDS)), ("total", list(range(len(KINDS))))]:
        by = dict.fromkeys(Decision, Tally())
        for each in census.classes:
            by[each.decision] += sum((each.by_kind[at] for at in places), Tally())
        total = sum(by.values(), Tally())
        rows.append((name, total.items, *(by[d].items for d in Decision), total.seconds / 3600, total.bytes))
    return rows


def reasons(census: Census, naming: Naming) -> Section:
    """Return the section on why items are not cleared; in private each reason leads to the assets behind it."""
    rows, details = list[tuple[Cell, ...]](), list[Detail]()
    counted = sorted(census.by(lambda each: _heading(each)), key=lambda pair: (_reason_rank(pair[0]), pair[0]))
    bars = []
    for heading, by in counted:
        total = sum(by.values(), Tally())
        decision = next(each for each in Decision if by[each].items)
        numbers = [each.number for each in census.classes if _heading(each) == heading]
        listed, pairs = census.assets_of(numbers, _MOST_LISTED)
        reason = Reason(heading) if heading != Decision.CLEARED.value else None
        meaning = (
            EXPLANATIONS[reason].split(". ")[0].rstrip(".") + "." if reason else "Every interest declared is clear."
        )
        rows.append((decision.value, heading, total.items, total.seconds / 3600, pairs, meaning))
        if reason:
            words, part = f"{total.items:,} items{_footage(total)}", Part(decision.value, total.items)
            bars.append((total.items, Bar(heading, words, (part,), _leads(naming, "reason"))))
        table = Table(heading, heading, _ASSET_COLUMNS, [_asset_row(*each, naming) for each in listed], total=pairs)
        details.append(Detail("reason", heading, table, EXPLANATIONS[reason] if reason else meaning))
    total = census.total
    rows.append(("total", None, total.items, total.seconds / 3600, None, None))
    columns = (
        Column("decision", "Decision", Form.DECISION),
        Column("reason", "Reason", leads=_leads(naming, "reason")),
        _ITEMS,
        _HOURS,
        Column("assets", "Assets", Form.COUNT),
        Column("meaning", "What it means"),
    )
    table = Table(
        "reasons",
        "Items by verdict and first reason",
        columns,
        rows,
        "An item with several reasons is counted once, under the most fundamental one.",
    )
    chart = tuple(bar for _, bar in sorted(bars, key=lambda pair: -pair[0])[:_MOST_BARS])
    about = "Unknown is never rounded up to clear: an item is in only when every interest declared on it is clear."
    return Section(
        "reasons",
        "What is out, and why",
        about,
        charts=(Bars("Items not cleared, by first reason", chart),) if chart else (),
        tables=(table,),
        details=() if naming.public else tuple(details),
    )


_ASSET_COLUMNS = (
    _ASSET,
    _ITEMS,
    Column("reasons", "All reasons"),
    Column("decided_by", "Decided by", Form.CODE),
    Column("work", "Work"),
    Column("holder", "Holder"),
)


def _asset_row(asset: str, each: Class, items: int, naming: Naming) -> tuple[Cell, ...]:
    statements = ", ".join(f"{s.id} ({s.source})" for s in each.statements[:4])
    why = ", ".join(reason.value for reason in each.verdict.reasons)
    return (asset, items, why, naming.name("record", statements), _work(each, naming), _holder(each, naming))


def _heading(each: Class) -> str:
    return each.verdict.reasons[0].value if each.verdict.reasons else Decision.CLEARED.value


def _reason_rank(heading: str) -> int:
    return list(Reason).index(Reason(heading)) if heading != Decision.CLEARED.value else -1


def _leads(naming: Naming, family: str) -> str | None:
    return None if naming.public else family


def _footage(total: Tally) -> str:
    return f", {length(total.seconds)}" if total.seconds else ""


def _work(each: Class, naming: Naming) -> str | None:
    return naming.name("work", each.names(lambda statement: statement.work.title if statement.work else None))


def _holder(each: Class, naming: Naming) -> str | None:
    return naming.name("holder", each.names(lambda statement: statement.holder))


def _license(each: Class, naming: Naming) -> str | None:
    return naming.license(each.names(lambda statement: statement.license))


def rights(census: Census, naming: Naming) -> Section:
    """Return the section on whose the items are: by work, holder, licence and basis of the records that decided."""
    leads = _leads(naming, "work")
    tables = (
        _by(census, Column("work", "Work", leads=leads), lambda each: _work(each, naming)),
        _by(census, Column("holder", "Holder"), lambda each: _holder(each, naming)),
        _by(census, Column("license", "Licence"), lambda each: _license(each, naming)),
        _by(census, Column("basis", "Basis"), lambda each: each.names(lambda statement: statement.basis.value)),
    )
    works = tables[0].rows
    chart = _bars("Rights by work", [(str(row[0]), row[2:5]) for row in works[:_MOST_BARS]], leads)
    details = () if naming.public else tuple(_works(census, naming, [str(row[0]) for row in works]))
    about = f"By the copyright records that decide each item. Items without one stand under {NOTHING_RECORDED}."
    return Section("rights", "Whose it is", about, charts=(chart,) if works else (), tables=tables, details=details)


def _by(census: Census, column: Column, of: Callable[[Class], str | None]) -> Table:
    """The items under each heading, by decision."""
    counted = census.by(lambda each: of(each) or NOTHING_RECORDED)
    rows: list[tuple[Cell, ...]] = []
    for name, by in counted[:_MOST_HEADINGS]:
        total = sum(by.values(), Tally())
        rows.append((name, total.items, *(by[d].items for d in Decision), total.seconds / 3600))
    columns = (column, _ITEMS, *_DECIDED, _HOURS)
    return Table(column.key, f"By {column.title.lower()}", columns, rows, total=len(counted))


def _works(census: Census, naming: Naming, names: list[str]) -> list[Detail]:
    columns = (
        _ASSET,
        Column("decision", "Decision", Form.DECISION),
        *_ASSET_COLUMNS[1:4],
        Column("license", "Licence"),
    )
    found = []
    numbers: dict[str, list[int]] = {}
    for each in census.classes:
        numbers.setdefault(_work(each, naming) or NOTHING_RECORDED, []).append(each.number)
    for name in names:
        listed, pairs = census.assets_of(numbers[name], _MOST_LISTED)
        rows = []
        for asset, each, items in listed:
            told = _asset_row(asset, each, items, naming)
            rows.append((asset, each.decision.value, *told[1:4], _license(each, naming)))
        found.append(Detail("work", name, Table(name, name, columns, rows, total=pairs)))
    return found


def _bars(title: str, rows: list[tuple[str, tuple[Cell, ...]]], leads: str | None = None) -> Bars:
    bars = []
    for label, counts in rows:
        parts = tuple(Part(each.value, float(str(count))) for each, count in zip(Decision, counts, strict=True))
        words = " / ".join(f"{int(part.value):,}" for part in parts)
        bars.append(Bar(label, words, parts, leads))
    return Bars(title, tuple(bars))


def assets(census: Census, naming: Naming, most: int = 2000) -> Section:
    """Return the section that lists every asset with its verdicts: the first of them on the page."""
    listed, pairs = census.assets_of(range(len(census.classes)), most)
    rows = [
        (asset, each.decision.value, *_asset_row(asset, each, items, naming)[1:], _license(each, naming))
        for asset, each, items in listed
    ]
    columns = (_ASSET, Column("decision", "Decision", Form.DECISION), *_ASSET_COLUMNS[1:], Column("license", "Licence"))
    about = (
        "An asset stands here once for each different verdict on its items, such as the frames of two clips in one cut."
    )
    table = Table("assets", "Assets and verdicts", columns, rows, total=pairs)
    return Section("assets", "Every asset", about, tables=(table,))


def items(census: Census, naming: Naming) -> pa.Table:
    """Return every item with its verdict as a table, for machines: one row each, in the order of the index."""

    def told(of: Callable[[Class], str | None]) -> pa.Array:
        words = pa.array([of(each) or "" for each in census.classes], pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(census.of_class), words)

    ids = pa.chunked_array(
        [pa.array([value.hex() for value in chunk.to_pylist()]) for chunk in census.item_ids.chunks], pa.string()
    )
    return pa.table(
        {
            "item_id": ids,
            "asset": pa.DictionaryArray.from_arrays(pa.array(census.asset), pa.array(census.shown, pa.string())),
            "kind": pa.DictionaryArray.from_arrays(pa.array(census.kind), pa.array([kind.value for kind in KINDS])),
            "decision": told(lambda each: each.decision.value),
            "reasons": told(lambda each: ", ".join(reason.value for reason in each.verdict.reasons)),
            "decided_by": told(lambda each: naming.name("record", ", ".join(each.verdict.deciding))),
            "work": told(lambda each: _work(each, naming)),
            "holder": told(lambda each: _holder(each, naming)),
            "license": told(lambda each: _license(each, naming)),
            "basis": told(lambda each: each.names(lambda statement: statement.basis.value)),
            "changes_on": told(lambda each: str(each.verdict.valid_until) if each.verdict.valid_until else None),
            "seconds": pa.array(census.seconds),
            "bytes": pa.array(census.lengths),
            "exact_group": pa.array(census.exact_group),
            "near_group": pa.array(census.near_group),
        }
    )
