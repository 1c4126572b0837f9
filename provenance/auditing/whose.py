"""Whose the items are: rights by work, holder, licence and basis of the records that decided."""

from __future__ import annotations

from collections.abc import Callable

from provenance.auditing import counts
from provenance.auditing.census import Census, Class, Tally
from provenance.auditing.counts import EVERY, HOURS
from provenance.auditing.naming import Naming
from provenance.reports.content import ROW, Bar, Bars, Cell, Column, Detail, Form, Part, Section, Table, anchor
from provenance.reports.numbers import length
from provenance.rights.reasons import Decision

NOTHING_RECORDED = "(nothing recorded)"
_MOST_BARS = 12
_MOST_HEADINGS = 200
_MOST_DETAILS = 60  # headings of a family whose assets are listed
_MOST_LISTED = 60

_DECIDED = tuple(Column(each.value, each.value.capitalize(), Form.COUNT) for each in Decision)


def rights(census: Census, naming: Naming) -> Section:
    """Return the section on whose the items are; in private each heading leads to its assets."""
    families = (
        ("work", "Work", lambda each: counts.work(each, naming)),
        ("holder", "Holder", lambda each: counts.holder(each, naming)),
        ("license", "Licence", lambda each: counts.license_of(each, naming)),
        ("basis", "Basis", lambda each: each.names(lambda statement: statement.basis.value)),
    )
    tables = tuple(_by(census, key, title, of) for key, title, of in families)
    details = [each for key, title, of in families for each in _details(census, naming, key, title, of)]
    about = (
        f"By the copyright records that decide each item. Items without one stand under {NOTHING_RECORDED}; an item "
        "that two records decide stands under both names together."
    )
    return Section(
        "rights",
        "Whose it is",
        about,
        charts=tuple(_charts(census, naming)),
        tables=tables,
        details=() if naming.public else tuple(details),
    )


def _charts(census: Census, naming: Naming) -> list[Bars]:
    """Items and footage of each work, by verdict; most first."""
    counted = census.by(lambda each: counts.work(each, naming) or NOTHING_RECORDED)
    charts = []
    for title, of, words in (
        ("Items by work: cleared / review / refused", lambda tally: float(tally.items), lambda n: f"{n:,.0f}"),
        ("Footage by work: cleared / review / refused (h:mm:ss)", lambda tally: tally.seconds, length),
    ):
        bars = list[Bar]()
        for name, by in counted:
            parts = tuple(Part(each.value, of(by[each]), anchor("work", name)) for each in Decision)
            bars.append(Bar(name, " / ".join(words(part.value) for part in parts), parts, "work"))
        shown = sorted((each for each in bars if each.value), key=lambda each: -each.value)[:_MOST_BARS]
        if shown:
            charts.append(Bars(title, tuple(shown), EVERY))
    return charts


def _by(census: Census, key: str, title: str, of: Callable[[Class], str | None]) -> Table:
    """The items under each heading, by decision."""
    counted = census.by(lambda each: of(each) or NOTHING_RECORDED)
    rows: list[tuple[Cell, ...]] = []
    for name, by in counted[:_MOST_HEADINGS]:
        total = sum(by.values(), Tally())
        rows.append((name, total.items, *(by[d].items for d in Decision), total.seconds / 3600))
    columns = (Column(key, title, leads=ROW), Column("items", "Items", Form.COUNT, leads=ROW), *_DECIDED, HOURS)
    leads = [anchor(key, str(row[0])) for row in rows]
    return Table(key, f"By {title.lower()}", columns, rows, total=len(counted), leads=leads)


def _details(
    census: Census, naming: Naming, family: str, title: str, of: Callable[[Class], str | None]
) -> list[Detail]:
    numbers: dict[str, list[int]] = {}
    for each in census.classes:
        numbers.setdefault(of(each) or NOTHING_RECORDED, []).append(each.number)
    headings = [name for name, _ in census.by(lambda each: of(each) or NOTHING_RECORDED)][:_MOST_DETAILS]
    return [
        counts.detail(census, naming, family, name, numbers[name], most=_MOST_LISTED, title=f"{title}: {name}")
        for name in headings
    ]
