"""What is in, what is out, and why: the verdicts, their reasons and the assets behind each; all items for machines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from provenance.auditing.census import KINDS, Census, Class, Tally
from provenance.auditing.naming import Naming
from provenance.dataset.index import stream_table
from provenance.reports.content import ROW, Bar, Bars, Cell, Column, Detail, Form, Part, Section, Table, anchor
from provenance.reports.numbers import length
from provenance.rights.explanations import EXPLANATIONS
from provenance.rights.reasons import Decision, Reason

_MOST_BARS = 14
_MOST_LISTED = 150

ITEMS = Column("items", "Items", Form.COUNT)
HOURS = Column("hours", "Footage (h:mm:ss)", Form.HOURS)
NOT_CLEARED = (Decision.REVIEW.value, Decision.REFUSED.value)
EVERY = tuple(each.value for each in Decision)
_ASSET = Column("asset", "Asset", Form.CODE)
_COLUMNS = (
    _ASSET,
    Column("decision", "Decision", Form.DECISION),
    ITEMS,
    Column("reasons", "All reasons"),
    Column("decided_by", "Decided by", Form.CODE),
    Column("work", "Work"),
    Column("holder", "Holder"),
    Column("license", "Licence"),
)


def row(asset: str, each: Class, items: int, naming: Naming) -> tuple[Cell, ...]:
    """Return an asset with one verdict on its items, as lists of assets show it."""
    statements = ", ".join(f"{s.id} ({s.source})" for s in each.statements[:4])
    why = ", ".join(reason.value for reason in each.verdict.reasons) or None
    told = (naming.name("record", statements), work(each, naming), holder(each, naming), license_of(each, naming))
    return (naming.asset(asset), each.decision.value, items, why, *told)


def detail(
    census: Census,
    naming: Naming,
    family: str,
    name: str,
    numbers: Collection[int],
    about: str = "",
    *,
    most: int = _MOST_LISTED,
    title: str | None = None,
) -> Detail:
    """Return the list of assets behind a figure that counts the items of these classes."""
    listed, pairs = census.assets_of(numbers, most)
    rows = [row(*each, naming) for each in listed]
    total = sum(census.classes[number].total.items for number in numbers)
    return Detail(family, name, Table(name, title or name, _COLUMNS, rows, total=pairs), about, total, title)


def reasons(census: Census, naming: Naming) -> Section:
    """Return the section on why items are not cleared; in private each reason leads to the assets behind it."""
    rows, details = list[tuple[Cell, ...]](), list[Detail]()
    counted = sorted(census.by(heading), key=lambda pair: (_rank(pair[0]), pair[0]))
    bars = list[tuple[Tally, str, Decision]]()
    for name, by in counted:
        total = sum(by.values(), Tally())
        decision = next(each for each in Decision if by[each].items)
        numbers = [each.number for each in census.classes if heading(each) == name]
        reason = Reason(name) if name != Decision.CLEARED.value else None
        meaning = EXPLANATIONS[reason].split(". ")[0].rstrip(".") + "." if reason else "Every interest is clear."
        rows.append((decision.value, name, total.items, total.seconds / 3600, _assets(census, numbers), meaning))
        if reason:
            bars.append((total, name, decision))
        about = EXPLANATIONS[reason] if reason else meaning
        behind = detail(census, naming, "reason", name, numbers, about)
        details.append(replace(behind, printed=reason is not None))
    for decision in (Decision.REVIEW, Decision.REFUSED):
        numbers = [each.number for each in census.classes if each.decision is decision]
        if numbers:
            details.append(detail(census, naming, "verdict", decision.value, numbers, title=f"all {decision.value}"))
    total = census.total
    rows.append(("total", None, total.items, total.seconds / 3600, len(census.assets_with_items), None))
    columns = (
        Column("decision", "Decision", Form.DECISION),
        Column("reason", "Reason", leads="reason"),
        Column("items", "Items", Form.COUNT, leads=ROW),
        HOURS,
        Column("assets", "Assets", Form.COUNT),
        Column("meaning", "What it means", Form.PROSE),
    )
    table = Table(
        "reasons",
        "Items by verdict and first reason",
        columns,
        rows,
        "An item with several reasons is counted once, under the most fundamental one; an asset once for each reason "
        "that heads some of its items.",
        leads=[*(anchor("reason", name) for name, _ in counted), None],
        sums=True,
    )
    about = "Unknown is never rounded up to clear: an item is in only when every interest declared on it is clear."
    return Section(
        "reasons",
        "What is out, and why",
        about,
        charts=tuple(_charts(bars)),
        tables=(table,),
        details=() if naming.public else tuple(details),
    )


def _assets(census: Census, numbers: Collection[int]) -> int:
    asset, number, _ = census.pairs
    return len(np.unique(asset[np.isin(number, list(numbers))]))


def _charts(bars: Iterable[tuple[Tally, str, Decision]]) -> Iterator[Bars]:
    """Items and footage by verdict and first reason; most first."""
    legend, told = NOT_CLEARED, list(bars)
    by_items = sorted(told, key=lambda each: (-each[0].items, each[1]))[:_MOST_BARS]
    by_hours = sorted((e for e in told if e[0].seconds), key=lambda e: (-e[0].seconds, e[1]))[:_MOST_BARS]

    def drawn(name: str, decision: Decision, words: str, value: float) -> Bar:
        return Bar(name, words, (Part(decision.value, value, anchor("reason", name)),), "reason")

    if by_items:
        items = tuple(drawn(name, by, f"{total.items:,} items", total.items) for total, name, by in by_items)
        yield Bars("Items not cleared, by first reason", items, legend)
    if by_hours:
        hours = tuple(drawn(name, by, length(total.seconds), total.seconds) for total, name, by in by_hours)
        yield Bars("Footage not cleared, by first reason (h:mm:ss)", hours, legend)


def heading(each: Class) -> str:
    """Return the first reason of a class, or that it is cleared."""
    return each.verdict.reasons[0].value if each.verdict.reasons else Decision.CLEARED.value


def _rank(name: str) -> int:
    return list(Reason).index(Reason(name)) if name != Decision.CLEARED.value else -1


def work(each: Class, naming: Naming) -> str | None:
    return naming.name("work", each.names(lambda statement: statement.work.title if statement.work else None))


def holder(each: Class, naming: Naming) -> str | None:
    return naming.name("holder", each.names(lambda statement: statement.holder))


def license_of(each: Class, naming: Naming) -> str | None:
    return naming.license(each.names(lambda statement: statement.license))


def assets(census: Census, naming: Naming, most: int = 2000) -> Section:
    """Return the section that lists every asset with its verdicts: the first of them on the page."""
    listed, pairs = census.assets_of(range(len(census.classes)), most)
    rows = [row(*each, naming) for each in listed]
    jumps: dict[int, str] = {}
    for at, (asset, _, _) in enumerate(listed):
        folder = asset.split("/")[0] if "/" in asset else "."
        if folder not in jumps.values() and len(jumps) < 60:
            jumps[at] = folder
    about = (
        "An asset stands here once for each different verdict on its items, such as the frames of two clips in one cut."
    )
    table = Table("assets", "Assets and verdicts", _COLUMNS, rows, total=pairs, jumps=jumps if len(jumps) > 1 else {})
    return Section("assets", "Every asset", about, tables=(table,))


@dataclass(frozen=True)
class Items:
    """Every item with its verdict, for machines: one row each, in the order of the index, made batch by batch."""

    census: Census
    naming: Naming

    schema = pa.schema(
        [
            ("item_id", pa.string()),
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("asset", "kind", "decision", "reasons")),
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("decided_by", "work", "holder", "license")),
            *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("basis", "changes_on")),
            ("seconds", pa.float64()),
            ("bytes", pa.int64()),
            ("exact_group", pa.int64()),
            ("near_group", pa.int64()),
        ]
    )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows; of assets each batch names its own only."""
        census, naming = self.census, self.naming

        def told(of: Callable[[Class], str | None]) -> pa.Array:
            return pa.array([of(each) or "" for each in census.classes], pa.string())  # Parquet knows no null in here

        of_class = {
            "decision": told(lambda each: each.decision.value),
            "reasons": told(lambda each: ", ".join(reason.value for reason in each.verdict.reasons) or None),
            "decided_by": told(lambda each: naming.name("record", ", ".join(each.verdict.deciding))),
            "work": told(lambda each: work(each, naming)),
            "holder": told(lambda each: holder(each, naming)),
            "license": told(lambda each: license_of(each, naming)),
            "basis": told(lambda each: each.names(lambda statement: statement.basis.value)),
            "changes_on": told(lambda each: str(each.verdict.valid_until) if each.verdict.valid_until else None),
        }
        kinds = pa.array([kind.value for kind in KINDS])
        opened, info = census.admission.dataset, census.admission.version.content.tables["index"]
        start = 0
        # The index is held once more while it is proven; of it only one group of rows is decoded at a time.
        for batch in stream_table(opened.store, "index", info, opened.id, ["item_id", "length"]):
            rows = slice(start, start + batch.num_rows)
            start += batch.num_rows
            ids, lengths = batch.column("item_id"), batch.column("length")
            number = pa.array(census.of_class[rows])
            here, place = np.unique(census.asset[rows], return_inverse=True)
            names = pa.array([naming.asset(census.shown[each]) for each in here.tolist()], pa.string())
            columns = [
                pa.array([each.hex() for each in ids.to_pylist()], pa.string()),
                pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), names),
                pa.DictionaryArray.from_arrays(pa.array(census.kind[rows].astype(np.int32)), kinds),
                *(pa.DictionaryArray.from_arrays(number, words) for words in of_class.values()),
                pa.array(census.seconds[rows]),
                lengths,
                *(pa.array(each[rows]) for each in (census.exact_group, census.near_group)),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)
