"""What is claimed of each of millions of items, told as few distinct classes of evidence.

Assets that the same statements, decisions and restrictions apply to are one class. Assets with ranged statements are
cut into cells, within which every item stands in the same relation to every range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic

import numpy as np

from provenance.model.words import Locator
from provenance.rights.decisions import Hold, Ruling, Waiver
from provenance.rights.gate import Evidence
from provenance.rights.law import Law, assemble
from provenance.rights.matcher import Bound, Matcher, T, works_of
from provenance.rights.restriction import Restriction
from provenance.rights.selector import LocatorRange
from provenance.rights.statement import RightsStatement

# Beyond this, a product of two int64 could overflow; such locators are compared as Python integers.
_SAFE = 2**31


@dataclass(frozen=True)
class Items:
    """Where the items lie, as columns of equal length. asset: row of its asset. Zero stands for none elsewhere.

    time_numerator, time_denominator: seconds of presentation. page, scene: from 1. A column may be left out.
    """

    asset: np.ndarray
    time_numerator: np.ndarray | None = None
    time_denominator: np.ndarray | None = None
    page: np.ndarray | None = None
    scene: np.ndarray | None = None

    def locator(self, item: int) -> Locator:
        time = None
        if self.time_denominator is not None and self.time_numerator is not None and self.time_denominator[item]:
            time = Fraction(int(self.time_numerator[item]), int(self.time_denominator[item]))
        page = int(self.page[item]) if self.page is not None else 0
        scene = int(self.scene[item]) if self.scene is not None else 0
        return Locator(time=time, page=page or None, scene=scene or None)


@dataclass(frozen=True)
class Classes:
    """The distinct evidence, and for each item the number of its own (int32)."""

    evidence: tuple[Evidence, ...]
    of_item: np.ndarray


@dataclass(frozen=True)
class _Asset:
    """What is bound to a class of assets, before any item of it is looked at."""

    bound: tuple[Bound[RightsStatement], ...]
    restrictions: tuple[Restriction, ...]
    holds: tuple[Bound[Hold], ...]
    waivers: tuple[Bound[Waiver], ...]
    rulings: tuple[Bound[Ruling], ...]

    def evidence(self, locator: Locator | None) -> Evidence:
        return assemble(
            self.bound,
            self.restrictions,
            holds=self.holds,
            waivers=self.waivers,
            rulings=self.rulings,
            locator=locator,
        )

    def ranges(self) -> list[LocatorRange]:
        targets = [each.statement.applies_to for each in self.bound]
        for orders in (self.holds, self.waivers, self.rulings):
            targets += [each.statement.applies_to for each in orders]
        return [target.range for target in targets if target.range is not None]


def classify(
    law: Law,
    paths: Sequence[bytes],
    items: Items,
    *,
    digests: Sequence[str | None] | None = None,
    restrictions: Sequence[tuple[Restriction, ...]] = ((),),
    restricted: np.ndarray | None = None,
) -> Classes:
    """Return the distinct evidence on the items of these assets.

    paths, digests: one for each asset. restricted: for each asset, which entry of `restrictions` holds of it; left out,
    the first holds of all.
    """
    sets, numbers = law.statements.match_many(paths, digests)
    holds, waivers, rulings = (_orders(each, paths, digests) for each in (law.holds, law.waivers, law.rulings))
    key = numbers.astype(np.int64)
    for size, column in ((len(restrictions), restricted), holds.numbered, waivers.numbered, rulings.numbered):
        if column is not None:
            # Made dense again at each step: the product of all sizes may not fit.
            key = np.unique(key * size + column, return_inverse=True)[1]
    _, firsts, of_asset = np.unique(key, return_index=True, return_inverse=True)
    assets = []
    for row in firsts.tolist():
        bound = sets[numbers[row]]
        works = works_of(bound)
        restricting = restrictions[0 if restricted is None else int(restricted[row])]
        assets.append(_Asset(bound, restricting, holds.at(row, works), waivers.at(row, works), rulings.at(row, works)))
    return _cells(assets, of_asset.astype(np.int32)[items.asset], items)


@dataclass(frozen=True)
class _Orders(Generic[T]):
    """Which waivers, rulings or holds apply to each asset: by path and digest for each, by work when asked."""

    matcher: Matcher[T]
    sets: list[tuple[Bound[T], ...]]
    number: np.ndarray | None

    @property
    def numbered(self) -> tuple[int, np.ndarray | None]:
        return len(self.sets), self.number

    def at(self, row: int, works: set[str]) -> tuple[Bound[T], ...]:
        placed = self.sets[self.number[row]] if self.number is not None else ()
        return (*placed, *self.matcher.named(works))


def _orders(matcher: Matcher[T], paths: Sequence[bytes], digests: Sequence[str | None] | None) -> _Orders[T]:
    if not matcher.statements:
        return _Orders(matcher, [], None)
    return _Orders(matcher, *matcher.match_many(paths, digests))


def _cells(assets: Sequence[_Asset], of_item: np.ndarray, items: Items) -> Classes:
    """Give the items of every asset with ranges the evidence of their place in it."""
    evidence = [each.evidence(None) for each in assets]
    ranged = np.array([bool(each.ranges()) for each in assets], bool)
    inside = np.flatnonzero(ranged[of_item]) if ranged.any() else np.empty(0, np.int64)
    out = of_item.copy() if len(inside) else of_item
    inside = inside[np.argsort(of_item[inside], kind="stable")]
    starts = np.flatnonzero(np.diff(of_item[inside], prepend=-1))
    for members in np.split(inside, starts[1:]) if len(inside) else ():
        asset = assets[int(of_item[members[0]])]
        cell = _cell_numbers(asset.ranges(), members, items)
        _, firsts, inverse = np.unique(cell, return_index=True, return_inverse=True)
        known: dict[tuple[int, ...], int] = {}
        number = []
        for first in members[firsts].tolist():
            locator = items.locator(first)
            relations = tuple(int(span.relation(locator)) for span in asset.ranges())
            if relations not in known:
                known[relations] = len(evidence)
                evidence.append(asset.evidence(locator))
            number.append(known[relations])
        out[members] = np.array(number, np.int32)[inverse]
    return _merged(evidence, out)


def _merged(evidence: Sequence[Evidence], of_item: np.ndarray) -> Classes:
    """One class for equal evidence, by whatever way it was found: copies under one set of rights are no news."""
    numbers: dict[object, int] = {}
    kept: list[Evidence] = []
    place = np.empty(len(evidence), np.int32)
    for at, each in enumerate(evidence):
        key = (
            # By identity: what one law says is always the same objects, and hashing their fields costs far more.
            frozenset((id(one.statement), one.closeness, one.partial) for one in each.bound),
            frozenset(each.restrictions),
            frozenset(map(id, each.waivers)),
            frozenset(map(id, each.rulings)),
        )
        place[at] = numbers.setdefault(key, len(kept))
        if place[at] == len(kept):
            kept.append(each)
    return Classes(tuple(kept), place[of_item])


def _cell_numbers(ranges: Sequence[LocatorRange], members: np.ndarray, items: Items) -> np.ndarray:
    """A number for each item, equal only where every edge of every range lies on the same side of both."""
    times, pages, scenes = set(), set(), set()
    for span in ranges:
        times |= {span.start, span.end}
        if span.timecode is not None:
            times |= set(span.timecode.times() or ())
        pages |= {span.pages[0], span.pages[1] + 1} if span.pages else set()
        scenes |= {span.scenes[0], span.scenes[1] + 1} if span.scenes else set()
    cell = np.zeros(len(members), np.int64)
    for edges, column in ((pages, items.page), (scenes, items.scene)):
        if column is not None and edges:
            # Zero is no page at all, and stands apart from every page before the first edge.
            cell = cell * (len(edges) + 2) + np.searchsorted([*sorted({*edges, 1})], column[members], "right")
    moments = sorted(edge for edge in times if edge is not None)
    if moments and items.time_numerator is not None and items.time_denominator is not None:
        numerator, denominator = items.time_numerator[members], items.time_denominator[members]
        cell = cell * (len(moments) + 2) + _place(moments, numerator, denominator)
    return cell


def _place(moments: Sequence[Fraction], numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """How many moments lie at or before each time, exactly; one more than all of them where there is no time."""
    above = np.array([each.numerator for each in moments], object)
    below = np.array([each.denominator for each in moments], object)
    largest = max(int(np.abs(part).max()) for part in (numerator, denominator, above, below))
    kind = np.int64 if largest < _SAFE else object
    above, below, numerator, denominator = (part.astype(kind) for part in (above, below, numerator, denominator))
    low, high = np.zeros(len(numerator), np.int64), np.full(len(numerator), len(moments), np.int64)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, len(moments) - 1)
        reached = (numerator * below[middle] >= above[middle] * denominator) & (low < high)
        low, high = np.where(reached, middle + 1, low), np.where(reached | (low >= high), high, middle)
    return np.where(denominator == 0, len(moments) + 1, low)
