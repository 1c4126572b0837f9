"""The crawl: every file with its one outcome, every item with its one verdict; totals that add up to what was read."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from provenance.admit import RELEASE
from provenance.auditing.census import KINDS, Census, Tally
from provenance.auditing.counts import EVERY, HOURS, detail
from provenance.auditing.naming import Naming
from provenance.model.words import Outcome
from provenance.reports.content import ROW, Bar, Bars, Cell, Column, Detail, Form, Part, Section, Table, anchor
from provenance.rights.reasons import Decision

_MOST_CONTEXT = 500
_ONE_OUTCOME = (
    "Each file has exactly one outcome: it gave items, it is context without a training item, or it is set aside."
)
_RELEASED = "A release knows only the files that its items came from; the audit of its dataset tells the whole crawl."


def crawl(census: Census, naming: Naming) -> Section:
    """Return the section whose totals add up to the crawl: every file has one outcome, every item one decision."""
    files, members = _outcomes(census)
    rows: list[tuple[Cell, ...]] = [(each.value, files[each], members[each]) for each in Outcome]
    rows.append(("total", sum(files.values()), sum(members.values())))
    leads = {Outcome.ITEMS: "assets", Outcome.CONTEXT: anchor("outcome", "context"), Outcome.QUARANTINE: "quarantine"}
    released = RELEASE in census.admission.version.content.options
    outcomes = Table(
        "crawl",
        "The files that the release was taken from" if released else "Every file of the archive",
        (
            Column("outcome", "Outcome", leads=ROW),
            Column("files", "Files", Form.COUNT),
            Column("members", "In containers", Form.COUNT),
        ),
        rows,
        _RELEASED if released else _ONE_OUTCOME,
        leads=[*(leads.get(each) for each in Outcome), None],
        sums=True,
    )
    kinds = Table(
        "kinds",
        "Items by kind",
        (
            Column("kind", "Kind", leads=ROW),
            Column("items", "Items", Form.COUNT, leads=ROW),
            *(Column(each.value, each.value.capitalize(), Form.COUNT) for each in Decision),
            HOURS,
            Column("bytes", "Size", Form.BYTES),
        ),
        _kind_rows(census),
        leads=[*(anchor("kind", kind.value) for kind in KINDS), None],
        sums=True,
    )
    title = "The release, item by item" if released else "The crawl, and what became of it"
    about = _adds_up(census, files, members)
    details = () if naming.public else tuple(_details(census, naming))
    return Section("crawl", title, about, (), (_bars(kinds),), (outcomes, kinds), details=details)


def _bars(kinds: Table) -> Bars:
    bars = []
    for name, _, *counts in (row[:5] for row in kinds.rows[:-1]):
        leads = anchor("kind", str(name))
        parts = tuple(Part(each.value, float(str(n)), leads) for each, n in zip(Decision, counts, strict=True))
        bars.append(Bar(str(name), " / ".join(f"{part.value:,.0f}" for part in parts), parts, "kind"))
    return Bars("Items by kind: cleared / review / refused", tuple(bars), EVERY)


def _details(census: Census, naming: Naming) -> list[Detail]:
    found = []
    for at, kind in enumerate(KINDS):
        numbers = [each.number for each in census.classes if each.by_kind[at].items]
        listed = detail(census, naming, "kind", kind.value, numbers, title=f"assets that gave {kind.value}")
        if numbers:
            items = sum(census.classes[number].by_kind[at].items for number in numbers)
            found.append(Detail("kind", kind.value, listed.table, "", items, listed.title))
    outcome = pc.equal(census.assets.column("outcome"), Outcome.CONTEXT.value)
    rows = census.assets.filter(outcome).select(["asset", "media_type", "note"]).to_pylist()
    if rows:
        columns = (Column("asset", "Asset", Form.CODE), Column("type", "Type"), Column("note", "Note", Form.PROSE))
        told = [(row["asset"], row["media_type"], naming.words(row["note"])) for row in rows[:_MOST_CONTEXT]]
        table = Table("context", "context", columns, told, total=len(rows))
        found.append(Detail("outcome", "context", table, "Files that hold no training item.", title="context files"))
    return found


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
    parts: tuple[str, ...]
    signed = census.admission.version.content.counts
    here = [{each.value: count for each, count in counted.items() if count} for counted in (files, members)]
    kinds = {kind.value: sum(each.by_kind[at].items for each in census.classes) for at, kind in enumerate(KINDS)}
    here.append({name: count for name, count in kinds.items() if count})
    if RELEASE in census.admission.version.content.options:
        parts, here = ("items",), here[-1:]
    else:
        parts = ("files", "members", "items")
    told = [{name: count for name, count in signed.get(part, {}).items() if count} for part in parts]
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
