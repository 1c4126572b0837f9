"""Parts of an asset: stretches of time or timecode, pages, scenes, a layer, a region; and how they meet an item."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from fractions import Fraction

from provenance.model.timecode import TimecodeError, parse
from provenance.model.words import Locator
from provenance.rights.codec import DecodeError


class Relation(IntEnum):
    """How a range meets an item: not at all, in part (or nobody can tell), or so that it holds all of it."""

    MISSES = 0
    TOUCHES = 1
    COVERS = 2


@dataclass(frozen=True, slots=True)
class TimecodeRange:
    """From `start` up to but without `end`, as in an edit list. origin: the timecode at presentation time zero."""

    start: str
    end: str
    rate: Fraction
    drop: bool = False
    origin: str | None = None

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise DecodeError("the rate is not above zero", ("rate",))
        for name in ("start", "end", "origin"):
            text = getattr(self, name)
            if text is not None:
                try:
                    self._count(text)
                except ValueError as error:
                    raise DecodeError(str(error), (name,)) from None
        if self._count(self.end) <= self._count(self.start):
            raise DecodeError("end is not after start", ("end",))

    def _count(self, text: str) -> int:
        if ";" in text and not self.drop:
            raise TimecodeError(f'"{text}" is written as drop-frame, but drop-frame is not declared')
        return parse(text, self.rate, self.drop).frames

    def seconds(self) -> tuple[Fraction, Fraction]:
        """Return start and end in real seconds since 00:00:00:00."""
        return self._count(self.start) / self.rate, self._count(self.end) / self.rate

    def times(self) -> tuple[Fraction, Fraction] | None:
        """Return start and end in seconds of presentation, or None without an origin."""
        if self.origin is None:
            return None
        zero = self._count(self.origin)
        return (self._count(self.start) - zero) / self.rate, (self._count(self.end) - zero) / self.rate

    def relation(self, locator: Locator) -> Relation:
        if locator.timecode is not None:
            try:
                here = self._count(locator.timecode)
            except ValueError:
                return Relation.TOUCHES  # counted at another rate: nobody can tell
            return _within(here, self._count(self.start), self._count(self.end))
        times = self.times()
        if times is None or locator.time is None:
            return Relation.TOUCHES
        return _within(locator.time, *times)


@dataclass(frozen=True, slots=True)
class LocatorRange:
    """A part of an asset; every part that is set narrows it. DecodeError when empty or inside out.

    start, end: seconds of presentation, end excluded. pages, scenes: first and last, both included, from 1.
    region: x, y, width, height in pixels.
    """

    track: int | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    timecode: TimecodeRange | None = None
    pages: tuple[int, int] | None = None
    scenes: tuple[int, int] | None = None
    layer: str | None = None
    region: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, part.name) is None for part in fields(self)):
            raise DecodeError("a range that names nothing")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise DecodeError("end is not after start", ("end",))
        for name in ("pages", "scenes"):
            pair = getattr(self, name)
            if pair is not None and not 1 <= pair[0] <= pair[1]:
                raise DecodeError("first and last are not in order from 1", (name,))
        if self.region is not None and (min(self.region) < 0 or 0 in self.region[2:]):
            raise DecodeError("a region with a negative place or no size", ("region",))

    def relation(self, locator: Locator | None) -> Relation:
        """Return how this range meets an item. Where the item does not say where it lies, it may be touched."""
        if locator is None:
            return Relation.TOUCHES
        found = [Relation.COVERS]
        if self.track is not None:
            found.append(_same(locator.track, self.track))
        if self.start is not None or self.end is not None:
            found.append(_within(locator.time, self.start, self.end))
        if self.timecode is not None:
            found.append(self.timecode.relation(locator))
        for here, pair in ((locator.page, self.pages), (locator.scene, self.scenes)):
            if pair is not None:
                found.append(_within(here, pair[0], pair[1] + 1))
        if self.layer is not None:
            found.append(_same(locator.layer, self.layer))
        if self.region is not None:
            found.append(_overlap(locator.region, self.region))
        return min(found)


def _same(here: object | None, wanted: object) -> Relation:
    if here is None:
        return Relation.TOUCHES
    return Relation.COVERS if here == wanted else Relation.MISSES


def _within(here: Fraction | int | None, start: Fraction | int | None, end: Fraction | int | None) -> Relation:
    if here is None:
        return Relation.TOUCHES
    inside = (start is None or here >= start) and (end is None or here < end)
    return Relation.COVERS if inside else Relation.MISSES


def _overlap(here: tuple[int, int, int, int] | None, there: tuple[int, int, int, int]) -> Relation:
    if here is None:
        return Relation.TOUCHES
    x, y, width, height = here
    left, top, wide, high = there
    if x >= left + wide or left >= x + width or y >= top + high or top >= y + height:
        return Relation.MISSES
    inside = left <= x and x + width <= left + wide and top <= y and y + height <= top + high
    return Relation.COVERS if inside else Relation.TOUCHES
