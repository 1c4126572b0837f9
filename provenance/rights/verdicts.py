"""Verdicts for millions of items: the gate is asked once for each distinct evidence, its answers mapped by number.

Two steps. `classify` tells what is claimed of the items as few distinct classes; `decide_all` judges each class, with
what its twins say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from provenance.rights.classes import Classes, Items, classify
from provenance.rights.gate import Evidence, Verdict, judge
from provenance.rights.policy import Policy
from provenance.rights.twins import Twin, view

__all__ = ["Classes", "Items", "Verdicts", "classify", "decide_all"]


@dataclass(frozen=True)
class Verdicts:
    """The verdict of each class, the evidence it rests on, and for each item the number of its class (int32)."""

    verdicts: tuple[Verdict, ...]
    evidence: tuple[Evidence, ...]
    of_item: np.ndarray

    def each(self, question: Callable[[Verdict], object], dtype: type | str) -> np.ndarray:
        """Return the answer to a question about its verdict, for every item."""
        return np.array([question(verdict) for verdict in self.verdicts], dtype)[self.of_item]

    @property
    def cleared(self) -> np.ndarray:
        return self.each(lambda verdict: verdict.cleared, bool)

    @property
    def counts(self) -> np.ndarray:
        """How many items each verdict is about."""
        return np.bincount(self.of_item, minlength=len(self.verdicts))

    @property
    def valid_until(self) -> dt.date | None:
        """The first day on which any of the verdicts differs, None for never."""
        used = (verdict for verdict, count in zip(self.verdicts, self.counts, strict=True) if count)
        return min((verdict.valid_until for verdict in used if verdict.valid_until), default=None)


def decide_all(
    classes: Classes,
    policy: Policy,
    at: dt.date,
    *,
    exact_group: np.ndarray | None = None,
    near_group: np.ndarray | None = None,
) -> Verdicts:
    """Return the verdict on every item. Groups give, for each item, the row of the first item that is its twin.

    Items of one group are twins of each other. A twin whose evidence is the same says nothing new.
    """
    evidence, of_item = list(classes.evidence), classes.of_item
    views = [view(each.bound, each.restrictions) for each in evidence]
    numbers = {each: number for number, each in enumerate(dict.fromkeys(views))}
    distinct = list(numbers)
    of_class = [numbers[each] for each in views]
    exact, near = (_Groups.of(group, of_item, of_class) for group in (exact_group, near_group))
    touched = np.flatnonzero((exact.of_item >= 0) | (near.of_item >= 0)) if len(of_item) else np.empty(0, np.int64)
    if len(touched):
        keys = np.stack([of_item[touched], exact.of_item[touched], near.of_item[touched]])
        kinds, inverse = np.unique(keys, axis=1, return_inverse=True)
        of_item = of_item.copy()
        of_item[touched] = len(evidence) + inverse.reshape(-1)
        for own, one, other in kinds.T.tolist():
            same = exact.others(one, of_class[own])
            alike = [each for each in near.others(other, of_class[own]) if each not in same]
            twins = [Twin(True, distinct[each]) for each in same] + [Twin(False, distinct[each]) for each in alike]
            evidence.append(replace(evidence[own], twins=tuple(twins)))
    used = np.unique(of_item)
    place = np.zeros(len(evidence), np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    kept = tuple(evidence[number] for number in used.tolist())
    return Verdicts(tuple(judge(each, policy, at) for each in kept), kept, place[of_item])


@dataclass(frozen=True)
class _Groups:
    """For each item the number of its group's set of views, -1 for a group that holds one class only.

    A set says of each view whether more than one class has it: then even its own bearers have a twin with that view.
    """

    of_item: np.ndarray
    sets: list[dict[int, bool]]

    @staticmethod
    def of(group: np.ndarray | None, of_item: np.ndarray, of_class: Sequence[int]) -> _Groups:
        out = np.full(len(of_item), -1, np.int32)
        if group is None or not len(of_item):
            return _Groups(out, [])
        mixed = np.zeros(len(of_item), bool)
        mixed[group[of_item != of_item[group]]] = True
        inside = np.flatnonzero(mixed[group])
        if not len(inside):
            return _Groups(out, [])
        size = len(of_class)
        pairs = np.unique(group[inside].astype(np.int64) * size + of_item[inside])
        first, members = np.divmod(pairs, size)
        starts = np.flatnonzero(np.diff(first, prepend=-1))
        found: dict[tuple[tuple[int, bool], ...], int] = {}
        set_of_group = np.full(len(of_item), -1, np.int32)
        for part, start in zip(np.split(members, starts[1:]), starts, strict=True):
            seen: dict[int, bool] = {}
            for number in part.tolist():
                seen[of_class[number]] = of_class[number] in seen
            set_of_group[first[start]] = found.setdefault(tuple(sorted(seen.items())), len(found))
        out[inside] = set_of_group[group[inside]]
        return _Groups(out, [dict(each) for each in found])

    def others(self, number: int, own: int) -> list[int]:
        """The views of an item's twins, itself not counted."""
        return [each for each, several in self.sets[number].items() if each != own or several] if number >= 0 else []
