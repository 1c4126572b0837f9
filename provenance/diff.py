"""diff: what came in, what went out and what is decided otherwise, and why, between two versions, days or ledgers.

An item is the same when its id and the asset it came from are: two copies of one file are two items here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance import whatif
from provenance.admit import Admission, admit
from provenance.dataset.index import digests, load_table
from provenance.reports.content import PRIVATE
from provenance.reports.numbers import length
from provenance.rights.gate import Verdict
from provenance.rights.ledger import LedgerState
from provenance.rights.policy import Policy
from provenance.rights.reasons import Decision
from provenance.rights.statement import RightsStatement, Status

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison. version: None for the newest; on: None for the policy's day; known_at: None for all
    that the ledger knows.
    """

    version: int | None = None
    on: dt.date | None = None
    known_at: dt.datetime | None = None


class Kind(StrEnum):
    """What became of items between the sides."""

    IN = "in"
    OUT = "out"
    CHANGED = "changed"


# Decision and reasons; None for an item that is not there.
Stand = tuple[Decision, tuple[str, ...]] | None


@dataclass(frozen=True, slots=True)
class Change:
    """Items that went the same way for the same reasons. before, after: decision and reasons, None where they are not.

    records: ids of the statements that decided before and after. seconds: of footage. assets: the first of them.
    """

    kind: Kind
    before: Stand
    after: Stand
    records: tuple[tuple[str, ...], tuple[str, ...]]
    items: int
    seconds: float
    assets: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "before": _told(self.before),
            "after": _told(self.after),
            "records_before": list(self.records[0]),
            "records_after": list(self.records[1]),
            "items": self.items,
            "hours": round(self.seconds / 3600, 4),
            "assets": list(self.assets),
        }


@dataclass(frozen=True, slots=True)
class Law:
    """What the ledger says otherwise: ids of statements."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    revoked: tuple[str, ...]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """The two sides as they were judged, all changes (most items first), and how many items are as they were."""

    before: Admission
    after: Admission
    changes: tuple[Change, ...]
    unchanged: int
    law: Law

    def total(self, kind: Kind) -> int:
        return sum(each.items for each in self.changes if each.kind is kind)


def diff(dataset: str | Path, policy: Policy, one: Side, other: Side) -> Difference:
    """Return what differs between two sides under one policy. The errors are those of `admit`."""
    before, after = (
        admit(dataset, _dated(policy, side), version=side.version, known_at=side.known_at) for side in (one, other)
    )
    here, there = _Items.of(before), _Items.of(after)
    names = {name: number for number, name in enumerate(dict.fromkeys([*here.shown, *there.shown]))}
    keys = [each.keys(names) for each in (here, there)]
    _, rows, matches = np.intersect1d(keys[0], keys[1], return_indices=True)
    found = _Found()
    alike = _pairs(before, after, rows, matches, here, found)
    found.alone(Kind.OUT, before, here, np.setdiff1d(np.arange(len(keys[0])), rows))
    found.alone(Kind.IN, after, there, np.setdiff1d(np.arange(len(keys[1])), matches))
    states = [each.book.known_at(side.known_at) for each, side in ((before, one), (after, other))]
    return Difference(before, after, found.changes(), alike, _law(*states))


def _dated(policy: Policy, side: Side) -> Policy:
    return policy if side.on is None else replace(policy, on=side.on)


@dataclass(frozen=True)
class _Items:
    """The items of one side: ids (uint8[n, 32]), asset rows, seconds; and the names of the assets."""

    ids: npt.NDArray[np.uint8]
    asset: npt.NDArray[np.int32]
    seconds: npt.NDArray[np.float64]
    shown: list[str]

    @classmethod
    def of(cls, admission: Admission) -> _Items:
        tables, store, name = admission.version.content.tables, admission.dataset.store, admission.dataset.id
        columns = ["item_id", "asset", "time_numerator", "time_denominator"]
        index = load_table(store, "index", tables["index"], name, columns)
        shown = load_table(store, "assets", tables["assets"], name, ["asset"]).column(0).to_pylist()
        asset = index.column("asset").to_numpy()
        return cls(
            digests(index.column("item_id")), asset, whatif.seconds_of_footage(asset, whatif.times(index)), shown
        )

    def keys(self, names: dict[str, int]) -> npt.NDArray[np.void]:
        """An item's id and its asset's number among both sides, as one value of 40 bytes."""
        number = np.array([names[name] for name in self.shown], ">i8")
        out = np.empty((len(self.ids), 40), np.uint8)
        out[:, :32] = self.ids
        out[:, 32:] = np.ascontiguousarray(number[self.asset]).view(np.uint8).reshape(-1, 8) if len(self.ids) else 0
        return out.view("V40").reshape(-1)


def _pairs(
    before: Admission,
    after: Admission,
    rows: npt.NDArray[np.int64],
    matches: npt.NDArray[np.int64],
    here: _Items,
    found: _Found,
) -> int:
    """Note the items on both sides whose decision or reasons differ; return how many do not."""
    size = len(after.verdicts.verdicts)
    pair = before.verdicts.of_item[rows].astype(np.int64) * size + after.verdicts.of_item[matches]
    kinds, inverse = np.unique(pair, return_inverse=True)
    alike = 0
    order = np.argsort(inverse, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1) if len(order) else []
    for kind, part in zip(kinds.tolist(), parts, strict=True):
        one, other = before.verdicts.verdicts[kind // size], after.verdicts.verdicts[kind % size]
        if (one.decision, one.reasons) == (other.decision, other.reasons):
            alike += len(part)
        else:
            found.add(Kind.CHANGED, one, other, here, np.sort(rows[part]))
    return alike


class _Found:
    """Collects changes that are alike in everything but their items."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Any, ...], tuple[int, float, dict[str, None]]] = {}

    def add(self, kind: Kind, one: Verdict | None, other: Verdict | None, side: _Items, rows: Any) -> None:
        key = (kind, _stand(one), _stand(other), (one.deciding if one else (), other.deciding if other else ()))
        items, seconds, assets = self._rows.get(key, (0, 0.0, {}))
        for asset in np.unique(side.asset[rows])[: _NAMED + 1].tolist():
            assets[side.shown[asset]] = None
        self._rows[key] = items + len(rows), seconds + float(side.seconds[rows].sum()), assets

    def alone(self, kind: Kind, admission: Admission, side: _Items, rows: npt.NDArray[np.int64]) -> None:
        """Note items that only one side has."""
        number = admission.verdicts.of_item[rows]
        for each in np.unique(number).tolist():
            verdict = admission.verdicts.verdicts[each]
            before, after = (verdict, None) if kind is Kind.OUT else (None, verdict)
            self.add(kind, before, after, side, rows[number == each])

    def changes(self) -> tuple[Change, ...]:
        found = [
            Change(kind, before, after, records, items, seconds, tuple(names)[:_NAMED])
            for (kind, before, after, records), (items, seconds, names) in self._rows.items()
        ]
        return tuple(sorted(found, key=lambda each: (-each.items, each.kind, str(each.before), str(each.after))))


def _stand(verdict: Verdict | None) -> Stand:
    return None if verdict is None else (verdict.decision, tuple(reason.value for reason in verdict.reasons))


def _law(one: LedgerState, other: LedgerState) -> Law:
    before, after = ({each.id: each for each in state.statements} for state in (one, other))
    both = sorted(before.keys() & after.keys())
    revoked = [key for key in both if _revoked(after[key]) and not _revoked(before[key])]
    # Where it was read may have moved: that is no change of what it says.
    changed = [
        key
        for key in both
        if key not in revoked and replace(before[key], source="-") != replace(after[key], source="-")
    ]
    return Law(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(changed),
        revoked=tuple(revoked),
        withdrawn=tuple(sorted(before.keys() - after.keys())),
    )


def _revoked(statement: RightsStatement) -> bool:
    return statement.status is Status.REVOKED


def _told(stand: Stand) -> dict[str, Any] | None:
    return None if stand is None else {"decision": stand[0].value, "reasons": list(stand[1])}


def as_json(found: Difference) -> dict[str, Any]:
    """Return the difference for machines."""
    return {
        "schema": {"name": "provenance-difference", "version": 2},
        "marking": PRIVATE,
        "before": {"version": found.before.version.number, "on": found.before.on.isoformat()},
        "after": {"version": found.after.version.number, "on": found.after.on.isoformat()},
        "policy_digest": found.before.policy.digest if found.before.policy == found.after.policy else None,
        "items": {"unchanged": found.unchanged} | {kind.value: found.total(kind) for kind in Kind},
        "changes": [each.as_json() for each in found.changes],
        "ledger": {name: list(getattr(found.law, name)) for name in ("added", "changed", "revoked", "withdrawn")},
    }


def text(found: Difference, most: int = 5) -> str:
    """Return the difference for people."""
    counts = ", ".join(f"{found.total(kind):,} {kind.value}" for kind in Kind)
    lines = [
        f"version {found.before.version.number} on {found.before.on} -> "
        f"version {found.after.version.number} on {found.after.on}: {counts}, {found.unchanged:,} as they were"
    ]
    for name in ("added", "changed", "revoked", "withdrawn"):
        ids = getattr(found.law, name)
        if ids:
            more = f" and {len(ids) - 8} more" if len(ids) > 8 else ""
            lines.append(f"ledger, {name}: {', '.join(ids[:8])}{more}")
    for each in found.changes:
        stands = " -> ".join(_words(stand) for stand in (each.before, each.after))
        records = [", ".join(ids) or "no record" for ids in each.records]
        by = f"; decided by {records[0]}" if records[0] == records[1] else f"; decided by {records[0]} -> {records[1]}"
        if each.kind is not Kind.CHANGED:
            by = f"; decided by {records[0] if each.kind is Kind.OUT else records[1]}"
        hours = f", {length(each.seconds)} of footage" if each.seconds else ""
        lines.append(f"  {each.kind.value:7} {each.items:,} items{hours}: {stands}{by}")
        lines += [f"          {asset}" for asset in each.assets[:most]]
        lines += ["          ..."] if len(each.assets) > most else []
    return "\n".join(lines)


def _words(stand: Stand) -> str:
    if stand is None:
        return "not there"
    return stand[0].value + (f" ({', '.join(stand[1])})" if stand[1] else "")
