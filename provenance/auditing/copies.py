"""Copies across rights: groups of the same or nearly the same content whose members stand under different rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from provenance.auditing.census import Census, Class, Crossing, groups
from provenance.auditing.naming import Naming
from provenance.reports.content import (
    ROW,
    Bar,
    Bars,
    Cell,
    Column,
    Detail,
    Form,
    Matrix,
    Part,
    Section,
    Square,
    Table,
    anchor,
)
from provenance.rights.reasons import Decision

Rows = npt.NDArray[np.int64]

_MOST = 200
_MOST_HEADINGS = 9
_MOST_LISTED = 12  # groups behind one field of the matrix
_NO_RECORD = "no record"
_OTHER = "other"

_KIND = Column("what", "Copies", leads=ROW)
_GROUPS = Column("groups", "Groups", Form.COUNT, leads=ROW)
_ITEMS = Column("items", "Items", Form.COUNT)
_CROSSING = Column("crossing", "Groups decided differently", Form.COUNT)


def duplicates(census: Census, naming: Naming) -> Section:
    """Return the section on copies: how many, under which rights they meet, and which are decided differently."""
    counted: list[tuple[Cell, ...]] = []
    charts: list[Bars | Matrix] = []
    bars: list[Bar] = []
    alike: dict[tuple[str, str, str], tuple[int, int]] = {}
    details: list[Detail] = []
    crossing, looked_at = 0, 0
    for name, column in (("exact", census.exact_group), ("near", census.near_group)):
        found = groups(census, column, _MOST)
        several = sum(found.crossing.values())
        counted.append((name, found.groups, found.items, several))
        crossing, looked_at = crossing + several, looked_at + len(found.first)
        for decisions, number in found.crossing.items():
            parts = tuple(Part(each.value, number / len(decisions), "duplicates-crossing") for each in decisions)
            bars.append(Bar(f"{name}: {' + '.join(decisions)}", f"{number:,} groups", parts))
        for group in found.first:
            key = name, ", ".join(group.decisions), _members(census, group)
            number, items = alike.get(key, (0, 0))
            alike[key] = number + 1, items + len(group.rows)
        meeting = meet(census, column)
        if len(meeting.headings) > 1 or found.groups:
            charts.append(_matrix(name, meeting))
            details += _details(census, name, meeting)
    tables = [
        Table("copies", "Copies", (_KIND, _GROUPS, _ITEMS, _CROSSING), counted, leads=["duplicates-crossing"] * 2)
    ]
    if not naming.public:
        left = f" The first {looked_at:,} of {crossing:,} groups were looked at." if looked_at < crossing else ""
        columns = (
            Column("what", "Copies"),
            Column("decisions", "Decisions"),
            Column("groups", "Groups", Form.COUNT),
            _ITEMS,
            Column("members", "Members", Form.CODE),
        )
        rows = [(name, decisions, *numbers, told) for (name, decisions, told), numbers in alike.items()]
        about = f"Groups with the same members stand in one row.{left}"
        tables.append(Table("crossing", "Copies whose members are decided differently", columns, rows, about))
    about = (
        "An opt-out, a revocation or a missing consent holds for every copy; a term or territory for its own record."
    )
    if bars:
        charts.insert(
            0, Bars("Groups of copies decided differently", tuple(bars), tuple(each.value for each in Decision))
        )
    shown = () if naming.public else tuple(details)
    return Section(
        "duplicates", "Copies across rights", about, charts=tuple(charts), tables=tuple(tables), details=shown
    )


@dataclass(frozen=True)
class Meeting:
    """Which classes of rights meet in groups of copies. headings: by number of items in groups, most first.

    together[i, j]: groups that have members of both (on the diagonal: of this one alone). apart: of those, groups whose
    members are decided differently. first: the first groups of each pair, by their rows in the index.
    """

    headings: tuple[str, ...]
    together: npt.NDArray[np.int64]
    apart: npt.NDArray[np.int64]
    first: dict[tuple[int, int], tuple[Crossing, ...]]


def meet(census: Census, of_item: npt.NDArray[np.int64]) -> Meeting:
    """Return where the groups of copies join classes of rights: the bases of the records that decide."""
    count = np.bincount(of_item) if len(of_item) else np.zeros(0, np.int64)
    inside = np.flatnonzero(count[of_item] > 1) if len(of_item) else np.empty(0, np.int64)
    if not len(inside):
        return Meeting((), np.zeros((0, 0), np.int64), np.zeros((0, 0), np.int64), {})
    named = [_basis(each) for each in census.classes]
    names, of_class = np.unique(named, return_inverse=True)
    weight = np.bincount(of_class[census.of_class[inside]], minlength=len(names))
    ranked = [int(at) for at in np.argsort(-weight, kind="stable") if weight[at]]
    chosen = ranked[:_MOST_HEADINGS]
    headings = [str(names[at]) for at in chosen] + ([_OTHER] if len(ranked) > len(chosen) else [])
    place = np.full(len(names), len(chosen), np.int64)
    place[chosen] = np.arange(len(chosen))
    group, rows = np.unique(of_item[inside], return_inverse=True)
    label = place[of_class[census.of_class[inside]]]
    decisions = list(Decision)
    rank = np.array([decisions.index(each.decision) for each in census.classes])[census.of_class[inside]]
    has = _incidence(rows, label, (len(group), len(headings)))
    differs = np.asarray(_incidence(rows, rank, (len(group), len(decisions))).sum(axis=1)).ravel() > 1
    several = np.asarray(has.sum(axis=1)).ravel() > 1
    together, apart = _pairs(has, several, np.ones(len(group), bool)), _pairs(has, several, differs)
    first = {}
    for i in range(len(headings)):
        for j in range(i + 1):
            if together[i, j] and (i != j or apart[i, j]):
                both = has[:, [i]].multiply(has[:, [j]]).toarray().ravel() > 0
                wanted = np.flatnonzero(both & (several if i != j else ~several & differs))
                # Those decided differently first: they are what somebody must look at.
                wanted = wanted[np.argsort(~differs[wanted], kind="stable")][:_MOST_LISTED]
                first[i, j] = tuple(_group(census, inside[rows == at], int(group[at])) for at in wanted.tolist())
    return Meeting(tuple(headings), together, apart, first)


def _basis(each: Class) -> str:
    return each.names(lambda record: record.basis.value) or _NO_RECORD


def _incidence(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_matrix:
    found = sparse.csr_matrix((np.ones(len(rows), np.int64), (rows, columns)), shape=shape)
    found.sum_duplicates()
    found.data[:] = 1
    return found


def _pairs(
    has: sparse.csr_matrix, several: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    chosen = has[wanted]
    pairs: npt.NDArray[np.int64] = (chosen.T @ chosen).toarray()
    alone = has[wanted & ~several]
    np.fill_diagonal(pairs, np.asarray(alone.sum(axis=0)).ravel())
    return pairs


def _group(census: Census, rows: npt.NDArray[np.int64], number: int) -> Crossing:
    found = {census.classes[at].decision for at in census.of_class[rows].tolist()}
    return Crossing(number, tuple(rows.tolist()), tuple(each for each in Decision if each in found))


def _matrix(name: str, meeting: Meeting) -> Matrix:
    rows = tuple(
        tuple(
            Square(
                int(meeting.together[i, j]),
                bool(meeting.apart[i, j]),
                anchor("copies", _pair(name, meeting, i, j)),
            )
            for j in range(i + 1)
        )
        for i in range(len(meeting.headings))
    )
    about = (
        "How many groups of copies join two bases; on the diagonal, groups under one basis alone. Red: some of them "
        "are decided differently."
    )
    return Matrix(f"{name.capitalize()} copies by basis of their records", meeting.headings, rows, about)


def _pair(name: str, meeting: Meeting, i: int, j: int) -> str:
    one, other = meeting.headings[i], meeting.headings[j]
    return f"{name}: {one} alone" if i == j else f"{name}: {one} and {other}"


def _details(census: Census, name: str, meeting: Meeting) -> Iterator[Detail]:
    columns = (Column("decisions", "Decisions"), _ITEMS, Column("members", "Members", Form.CODE))
    for (i, j), found in sorted(meeting.first.items(), key=lambda pair: -int(meeting.together[pair[0]])):
        rows = [(", ".join(group.decisions), len(group.rows), _members(census, group)) for group in found]
        total = int(meeting.apart[i, j] if i == j else meeting.together[i, j])
        title = _pair(name, meeting, i, j)
        yield Detail("copies", title, Table(title, title, columns, rows, total=total), title=f"copies, {title}")


def _members(census: Census, group: Crossing) -> str:
    members: dict[str, dict[str, None]] = {}
    for row in group.rows:
        each = census.classes[census.of_class[row]]
        told = f"{each.decision.value}, {_basis(each)}"
        members.setdefault(census.shown[census.asset[row]], {})[told] = None
    named = [f"{asset} ({'; '.join(stands)})" for asset, stands in list(members.items())[:8]]
    return "; ".join(named) + (f" and {len(members) - 8} more" if len(members) > 8 else "")
