"""All items of a version counted once, by verdict and kind; every table of a report is summed from these counts.

So the tables agree with each other and with the crawl: nothing is counted twice by two different ways.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance import whatif
from provenance.admit import RELEASE, Admission
from provenance.dataset.index import load_table, stream_table
from provenance.model.words import Kind
from provenance.rights.gate import Evidence, Verdict
from provenance.rights.reasons import Decision
from provenance.rights.statement import RightsStatement

KINDS = tuple(Kind)

_INDEX = ["kind", "asset", "length", "time_numerator", "time_denominator", "near_group"]
_ASSET = ["asset", "media_type", "outcome", "type", "files", "custody", "missing_frames", "sidecars", "note"]


@dataclass(frozen=True)
class Tally:
    """How many items, how long they last (seconds, for frames), how many payload bytes."""

    items: int = 0
    seconds: float = 0.0
    bytes: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.items + other.items, self.seconds + other.seconds, self.bytes + other.bytes)


@dataclass(frozen=True)
class Class:
    """The items that share a verdict: its number, verdict and evidence, the records that decided, counts by kind."""

    number: int
    verdict: Verdict
    evidence: Evidence
    records: tuple[RightsStatement, ...]
    by_kind: tuple[Tally, ...]

    @property
    def decision(self) -> Decision:
        return self.verdict.decision

    @property
    def total(self) -> Tally:
        return sum(self.by_kind, Tally())

    def names(self, of: Callable[[RightsStatement], str | None]) -> str | None:
        """What its deciding records say, told in one text; None where they say nothing, or there are none."""
        return "; ".join(sorted({said for each in self.records if (said := of(each))})) or None

    @property
    def statements(self) -> tuple[RightsStatement, ...]:
        """Every statement that decided, those on interests besides copyright too."""
        deciding = set(self.verdict.deciding)
        return tuple(each.statement for each in self.evidence.bound if each.statement.id in deciding)


@dataclass(frozen=True)
class Census:
    """A version under one policy on one day, counted.

    classes: those with items. asset, of_class, kind, seconds: one entry per item, in the order of the index. assets:
    columns of the assets table; quarantine: its rows.
    """

    admission: Admission
    classes: tuple[Class, ...]
    asset: npt.NDArray[np.int32]
    of_class: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    seconds: npt.NDArray[np.float64]
    exact_group: npt.NDArray[np.int64]
    near_group: npt.NDArray[np.int64]
    assets: pa.Table
    quarantine: tuple[dict[str, Any], ...]

    @cached_property
    def shown(self) -> list[str]:
        """The display names of the assets."""
        names: list[str] = self.assets.column("asset").to_pylist()
        return names

    @cached_property
    def assets_with_items(self) -> npt.NDArray[np.int64]:
        """The numbers of the assets that gave items."""
        return np.unique(self.pairs[0])

    @property
    def total(self) -> Tally:
        return sum((each.total for each in self.classes), Tally())

    def by_decision(self) -> dict[Decision, Tally]:
        counts = dict.fromkeys(Decision, Tally())
        for each in self.classes:
            counts[each.decision] += each.total
        return counts

    def by(self, of: Callable[[Class], str]) -> list[tuple[str, dict[Decision, Tally]]]:
        """Return the counts under each heading, by decision; most items first, then by name."""
        found: dict[str, dict[Decision, Tally]] = {}
        for each in self.classes:
            row = found.setdefault(of(each), dict.fromkeys(Decision, Tally()))
            row[each.decision] += each.total
        return sorted(found.items(), key=lambda pair: (-sum(t.items for t in pair[1].values()), pair[0]))

    @cached_property
    def pairs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Each asset with each class it has items of, and how many: assets rising, then classes."""
        if not len(self.asset):
            empty = np.empty(0, np.int64)
            return empty, empty, empty
        size, (key, starts) = len(self.classes), self._runs
        rows = np.diff(starts, append=len(self.asset))
        found, at = np.unique(key, return_inverse=True)
        return found // size, found % size, np.bincount(at, rows).astype(np.int64)

    @cached_property
    def firsts(self) -> npt.NDArray[np.int64]:
        """The first index row of each pair in `pairs`."""
        key, starts = self._runs
        return starts[np.unique(key, return_index=True)[1]]

    @cached_property
    def _runs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Runs of items of one asset and class: their key, and their first row."""
        new = np.ones(len(self.asset), bool)
        new[1:] = (self.asset[1:] != self.asset[:-1]) | (self.of_class[1:] != self.of_class[:-1])
        starts = np.flatnonzero(new)
        return self.asset[starts].astype(np.int64) * max(len(self.classes), 1) + self.of_class[starts], starts

    def assets_of(self, numbers: Collection[int], most: int) -> tuple[list[tuple[str, Class, int]], int]:
        """Return asset, class and items of the first pairs of these classes, and how many such pairs there are."""
        asset, number, count = self.pairs
        rows = np.flatnonzero(np.isin(number, list(numbers)))
        found = [(self.shown[asset[row]], self.classes[number[row]], int(count[row])) for row in rows[:most].tolist()]
        return found, len(rows)

    @cached_property
    def touched(self) -> Counter[str]:
        """How many items each statement is bound to, by its id."""
        return self._count(lambda each: {bound.statement.id for bound in each.evidence.bound})

    @cached_property
    def restricted(self) -> Counter[str]:
        """How many items each restriction holds of, by its source."""
        return self._count(lambda each: {restriction.source for restriction in each.evidence.restrictions})

    @cached_property
    def lifted(self) -> Counter[str]:
        """How many items rest on each waiver and ruling, by its id."""
        return self._count(lambda each: set(each.verdict.lifted))

    def _count(self, of: Callable[[Class], set[str]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for each in self.classes:
            for name in of(each):
                counts[name] += each.total.items
        return counts


def take(admission: Admission) -> Census:
    """Return the census of an admission. TamperError kinds for a table that is not as signed."""
    tables, store, name = admission.version.content.tables, admission.dataset.store, admission.dataset.id
    assets = load_table(store, "assets", tables["assets"], name, _ASSET)
    quarantine = load_table(store, "quarantine", tables["quarantine"], name).to_pylist()
    verdicts = admission.verdicts
    used = np.flatnonzero(verdicts.counts)
    place = np.zeros(max(len(verdicts.verdicts), 1), np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    of_class = place[verdicts.of_item]
    info, size, at = tables["index"], len(used) * len(KINDS), 0
    kind, asset, time = np.empty(info.rows, np.int8), np.empty(info.rows, np.int32), np.empty(info.rows)
    near = np.empty(info.rows, np.int64)
    volume = np.zeros(size)
    # Batch by batch into arrays of the full length: the index is never held beside them.
    for batch in stream_table(store, "index", info, name, _INDEX):
        rows = slice(at, at + len(batch))
        kind[rows], time[rows] = _kinds(batch.column("kind")), whatif.times(batch)
        asset[rows], near[rows] = batch.column("asset").to_numpy(), batch.column("near_group").to_numpy()
        volume += np.bincount(_cell(of_class[rows], kind[rows]), batch.column("length").to_numpy(), size)
        at = rows.stop
    seconds = whatif.seconds_of_footage(asset, time)
    del time
    if RELEASE in admission.version.content.options:
        seconds = _shortest(asset, seconds)
    cell = _cell(of_class, kind)
    items, footage = np.bincount(cell, minlength=size), np.bincount(cell, seconds, size)
    del cell
    classes = tuple(
        Class(
            number=number,
            verdict=verdicts.verdicts[row],
            evidence=verdicts.evidence[row],
            records=_records(verdicts.verdicts[row], verdicts.evidence[row]),
            by_kind=tuple(
                Tally(int(items[cell]), float(footage[cell]), int(volume[cell]))
                for cell in range(number * len(KINDS), (number + 1) * len(KINDS))
            ),
        )
        for number, row in enumerate(used.tolist())
    )
    return Census(
        admission=admission,
        classes=classes,
        asset=asset,
        of_class=of_class,
        kind=kind,
        seconds=seconds,
        exact_group=admission.exact_group,
        near_group=near,
        assets=assets,
        quarantine=tuple(quarantine),
    )


def _shortest(asset: npt.NDArray[np.int32], seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each frame of a release stands for: others were left out between them, so the shortest step counts."""
    least = np.full(int(asset.max(initial=-1)) + 1, np.inf)
    timed = seconds > 0
    np.minimum.at(least, asset[timed], seconds[timed])
    return np.where(timed, np.minimum(seconds, least[asset]), 0.0)


def _cell(of_class: npt.NDArray[np.int32], kind: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Number each pair of class and kind."""
    return of_class * np.int32(len(KINDS)) + kind


def _kinds(column: pa.Array) -> npt.NDArray[np.int8]:
    named = pc.index_in(column, pa.array([kind.value for kind in KINDS]))
    numbers: npt.NDArray[np.int8] = named.to_numpy(zero_copy_only=False).astype(np.int8)
    return numbers


def _records(verdict: Verdict, evidence: Evidence) -> tuple[RightsStatement, ...]:
    """The deciding records of the material itself, by id; none where nothing decided."""
    deciding = set(verdict.deciding)
    bound = [each for each in evidence.bound if each.statement.is_record]
    chosen = [each.statement for each in bound if each.statement.id in deciding]
    return tuple(sorted({each.id: each for each in chosen}.values(), key=lambda each: each.id))


@dataclass(frozen=True)
class Crossing:
    """A group of copies whose items are not all decided alike. first: its number; rows: its index rows."""

    first: int
    rows: tuple[int, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Groups:
    """Copies: how many groups of two and more, how many items in them, and how many of them cross decisions."""

    groups: int
    items: int
    crossing: dict[tuple[Decision, ...], int]
    first: tuple[Crossing, ...]


def groups(census: Census, of_item: npt.NDArray[np.int64], most: int = 100) -> Groups:
    """Return what the groups of copies are, and the first of those whose members are decided differently."""
    count = np.bincount(of_item, minlength=1) if len(of_item) else np.zeros(1, np.int64)
    several = count > 1
    decisions = list(Decision)
    rank = np.array([decisions.index(each.decision) for each in census.classes] or [0], np.int8)[census.of_class]
    mask = np.zeros(len(count), np.int8)
    inside = np.flatnonzero(several[of_item]) if len(of_item) else np.empty(0, np.int64)
    np.bitwise_or.at(mask, of_item[inside], (1 << rank[inside]).astype(np.int8))
    crossing = np.flatnonzero((mask & (mask - 1)) != 0)
    kinds = Counter(mask[crossing].tolist())
    shown = crossing[:most]
    members = inside[np.isin(of_item[inside], shown)]
    order = members[np.argsort(of_item[members], kind="stable")]
    found: dict[int, list[int]] = {}
    for row in order.tolist():
        found.setdefault(int(of_item[row]), []).append(row)
    return Groups(
        groups=int(several.sum()),
        items=int(count[several].sum()),
        crossing={_decisions(bits): number for bits, number in sorted(kinds.items())},
        first=tuple(Crossing(key, tuple(rows), _decisions(int(mask[key]))) for key, rows in found.items()),
    )


def _decisions(bits: int) -> tuple[Decision, ...]:
    return tuple(each for at, each in enumerate(Decision) if bits >> at & 1)


def rules_version() -> str:
    """Return the SHA-256 of the rules as installed: the source of every module of `provenance.rights`, by name."""
    digest = hashlib.sha256()
    for name, data in sorted(_sources("provenance.rights")):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    for entry in resources.files(package).iterdir():
        if entry.is_file() and entry.name.endswith(".py"):
            yield f"{package}.{entry.name}", entry.read_bytes()
        elif entry.is_dir() and entry.joinpath("__init__.py").is_file():
            yield from _sources(f"{package}.{entry.name}")
