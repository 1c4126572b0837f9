"""What a change of the law or of a policy would do to a dataset, before anything is committed: the items that flip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from provenance.dataset.index import load_table
from provenance.dataset.opening import Opened
from provenance.dataset.version import Version
from provenance.judgement import prepare
from provenance.rights.gate import Verdict
from provenance.rights.ledger import Body, LedgerState
from provenance.rights.policy import Policy
from provenance.rights.reasons import Decision
from provenance.rights.verdicts import Verdicts
from provenance.rightsdesk import Desk, with_entries


@dataclass(frozen=True)
class Flip:
    """Items of one work that go from one decision to another, for one reason.

    reason: the first reason of the side that is not cleared; of the new side when neither is. seconds: of footage,
    taking each frame to stand for the time until the next one that was taken. assets: the first of them, by name.
    """

    before: Decision
    after: Decision
    reason: str
    work: str
    items: int
    seconds: float
    assets: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before.value,
            "after": self.after.value,
            "reason": self.reason,
            "work": self.work,
            "items": self.items,
            "hours": round(self.seconds / 3600, 4),
            "assets": list(self.assets),
        }


@dataclass(frozen=True)
class Difference:
    """All flips, the most items first; and how many items there are in all."""

    flips: tuple[Flip, ...]
    items: int

    def total(self, before: Sequence[Decision], after: Sequence[Decision]) -> int:
        return sum(flip.items for flip in self.flips if flip.before in before and flip.after in after)

    @property
    def newly_cleared(self) -> int:
        return self.total([Decision.REVIEW, Decision.REFUSED], [Decision.CLEARED])

    @property
    def newly_refused(self) -> int:
        return self.total([Decision.CLEARED, Decision.REVIEW], [Decision.REFUSED])

    @property
    def newly_in_review(self) -> int:
        return self.total([Decision.CLEARED, Decision.REFUSED], [Decision.REVIEW])

    def as_json(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "newly_cleared": self.newly_cleared,
            "newly_refused": self.newly_refused,
            "newly_in_review": self.newly_in_review,
            "flips": [flip.as_json() for flip in self.flips],
        }


def difference(dataset: Opened, version: Version, before: Verdicts, after: Verdicts) -> Difference:
    """Return which items of a version flip between two judgements of it. Also items whose first reason changes."""
    names = dataset.id, version.content.tables
    index = load_table(
        dataset.store, "index", names[1]["index"], names[0], ["asset", "time_numerator", "time_denominator"]
    )
    pairs = np.stack([before.of_item, after.of_item])
    kinds, of_item = np.unique(pairs, axis=1, return_inverse=True)
    changed = [
        number
        for number, (one, other) in enumerate(kinds.T.tolist())
        if _heading(before.verdicts[one]) != _heading(after.verdicts[other])
    ]
    rows = np.flatnonzero(np.isin(of_item.reshape(-1), changed))
    if not len(rows):
        return Difference((), len(of_item.reshape(-1)))
    asset = index.column("asset").to_numpy()
    shown = load_table(dataset.store, "assets", names[1]["assets"], names[0], ["asset"]).column(0).to_pylist()
    seconds = seconds_of_footage(asset, times(index))
    items: Counter[tuple[Decision, Decision, str, str]] = Counter()
    footage: Counter[tuple[Decision, Decision, str, str]] = Counter()
    assets: dict[tuple[Decision, Decision, str, str], dict[str, None]] = {}
    for row in rows.tolist():
        one, other = before.verdicts[before.of_item[row]], after.verdicts[after.of_item[row]]
        reasons = other.reasons or one.reasons
        work = _work(after, int(after.of_item[row])) or _work(before, int(before.of_item[row])) or "(no work recorded)"
        key = one.decision, other.decision, reasons[0].value if reasons else "", work
        items[key] += 1
        footage[key] += seconds[row]
        assets.setdefault(key, {})[shown[asset[row]]] = None
    flips = [Flip(*key, count, float(footage[key]), tuple(assets[key])[:20]) for key, count in items.most_common()]
    return Difference(tuple(flips), len(of_item.reshape(-1)))


def _heading(verdict: Verdict) -> tuple[Decision, str]:
    return verdict.decision, verdict.reasons[0].value if verdict.reasons else ""


def _work(verdicts: Verdicts, number: int) -> str | None:
    deciding = set(verdicts.verdicts[number].deciding)
    works = {
        each.statement.work.title
        for each in verdicts.evidence[number].bound
        if each.statement.id in deciding and each.statement.work is not None
    }
    return min(works, default=None)


def times(batch: Any) -> npt.NDArray[np.float64]:
    """Return when each row of the index is shown, in seconds; NaN for what has no time."""
    numerator, denominator = (
        pc.fill_null(batch.column(name), 0).to_numpy(zero_copy_only=False).astype(np.float64)
        for name in ("time_numerator", "time_denominator")
    )
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)


def seconds_of_footage(asset: npt.NDArray[np.int32], time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How long each frame stands for: until the next one of its asset; the last as long as the one before it."""
    length = np.zeros(len(time))
    follows = np.zeros(len(time), bool)
    step = np.diff(time)
    follows[:-1] = (asset[:-1] == asset[1:]) & (step >= 0)
    np.copyto(length[:-1], step, where=follows[:-1])
    ends = np.flatnonzero(~np.isnan(time) & ~follows)
    before = ends[ends > 0]
    length[before] = np.where(follows[before - 1], length[before - 1], 0.0)
    return length


def between(desk: Desk, state: LedgerState, policy: Policy, other: LedgerState, other_policy: Policy) -> Difference:
    """Return what flips on the newest version between one state of the law under one policy, and another."""
    at, head = desk.moment.date(), desk.dataset.head
    before = prepare(desk.dataset, head, state, policy).decide(policy, at)
    after = prepare(desk.dataset, head, other, other_policy).decide(other_policy, at)
    return difference(desk.dataset, head, before, after)


def of_entries(desk: Desk, bodies: Sequence[Body], policy: Policy) -> Difference:
    """Return what flips on the newest version if these entries were signed."""
    return between(desk, desk.book.state, policy, with_entries(desk.book, bodies), policy)


def text(found: Difference, policy: Policy) -> str:
    """Return a difference for people: totals, then the flips by reason and work."""
    places = ", ".join(sorted(policy.territories))
    lines = [
        f"for {policy.use.value}, {policy.purpose}, {places}: of {found.items:,} items "
        f"{found.newly_cleared:,} newly cleared, {found.newly_refused:,} newly refused, "
        f"{found.newly_in_review:,} newly in review"
    ]
    for flip in found.flips:
        hours = f", {flip.seconds / 3600:.2f} h of footage" if flip.seconds else ""
        why = f" ({flip.reason})" if flip.reason else ""
        lines.append(f"  {flip.before.value} -> {flip.after.value}{why}: {flip.items:,} items of {flip.work}{hours}")
        lines += [f"      {asset}" for asset in flip.assets[:5]]
        if len(flip.assets) > 5:
            lines.append("      ...")
    return "\n".join(lines)
