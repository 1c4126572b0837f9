"""Where one track lies on another: speed and offset from votes, fitted to the views, grown as far as they agree.

A line says that a shows at `at + speed * (t - of)` what b shows at t. All that follows looks at the sparser track's
entries, each beside what the other shows at its place on the line (`_beside`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from provenance.dedup._beside import BARS, MIDDLE, PICTURE, UPPER, Beside, Line, Sketch, Times

FRAMINGS = ((PICTURE, PICTURE), (UPPER, UPPER), (PICTURE, MIDDLE), (MIDDLE, PICTURE), (PICTURE, BARS), (BARS, PICTURE))
SPEEDS = 1.02 ** np.arange(-12, 13)  # 0.79 to 1.27
USUAL = (1.0, 25 / 24, 24 / 25)  # speeds that are assumed where the views hardly tell them from the fitted one
LEAST_SECONDS = 2.0  # of a match, in both tracks
MOST_RUNS = 64  # matches of one pair of tracks
MOST_TRIES = 48  # seeds in a row that may come to nothing
_WINDOW, _STEP = 12.0, 6.0  # seconds in which votes must agree
_CELL = 0.25  # seconds: votes in one cell count once
_FEWEST = 4  # cells on one line: strangers reach three
_NEAR = 0.5  # seconds from the line
_SAME = 2.0  # seconds: a seed this close to a match is of it
_SEEDS = 3  # lines tried in one window
_MOST_ROUNDS = 32  # of growth: each may double the range
_MOST_FITTED = 400  # views a fit looks at
_PREFER = (0.04, 0.02, 0.02)  # of what is fitted: what a speed that is not usual must be worth more


@dataclass(frozen=True, slots=True)
class Run:
    """Where two tracks show the same: seconds in a, seconds in b, b's speed against a, share of views that agree."""

    first: tuple[float, float]
    second: tuple[float, float]
    speed: float
    agreement: float


def runs(a: Sketch, b: Sketch, votes: tuple[Times, Times]) -> tuple[list[Run], int]:
    """Return where two tracks show the same, and how often the cap on their number was met. votes: times in a and b."""
    swapped = a.step > b.step
    x, y = (a, b) if swapped else (b, a)
    at_x, at_y = votes if swapped else votes[::-1]
    found: list[tuple[float, float, Line, float]] = []
    tries = 0
    for seed, low, high in _seeds(at_x, at_y):
        if any(
            first <= seed.of <= last and abs(line.meets(seed.of) - seed.at) < _SAME for first, last, line, _ in found
        ):
            continue
        if tries >= MOST_TRIES or len(found) >= MOST_RUNS:
            return [_run(x, y, *each, swapped) for each in found], 1
        tries += 1
        grown = _grown(x, y, seed, low, high)
        if grown is not None and not any(_covers(other, grown) for other in found):
            found.append(grown)
            tries = 0
    return [_run(x, y, *each, swapped) for each in found], 0


def promising(votes: tuple[Times, Times]) -> bool:
    """Return whether any of the votes lie on one line: if none do, the tracks need not be looked at."""
    return next(_seeds(votes[1], votes[0]), None) is not None


def _run(x: Sketch, y: Sketch, low: float, high: float, line: Line, agreement: float, swapped: bool) -> Run:
    of_x, of_y = (_within(each, *ends) for each, ends in ((x, (low, high)), (y, (line.meets(low), line.meets(high)))))
    if swapped:
        return Run(of_x, of_y, 1 / line.speed, agreement)
    return Run(of_y, of_x, line.speed, agreement)


def _within(track: Sketch, low: float, high: float) -> tuple[float, float]:
    """Return a range without what lies before the track begins or after its last entry has passed."""
    return max(low, float(track.time[0])), min(high, float(track.time[-1]) + track.step)


def _covers(one: tuple[float, float, Line, float], two: tuple[float, float, Line, float]) -> bool:
    middle = (two[0] + two[1]) / 2
    return one[0] <= middle <= one[1] and abs(one[2].meets(middle) - two[2].meets(middle)) < _SAME


def _seeds(at_x: Times, at_y: Times) -> Iterator[tuple[Line, float, float]]:
    """Yield lines on which enough votes of one window lie, with the times in x of the first and the last of them."""
    order = np.lexsort((at_y, at_x))
    at_x, at_y = at_x[order], at_y[order]
    for start in np.unique(np.floor(at_x / _STEP)) * _STEP - _STEP:
        low, high = np.searchsorted(at_x, [start, start + _WINDOW])
        x, y = at_x[low:high], at_y[low:high]
        for _ in range(_SEEDS):
            line = _voted(x, y, start + _WINDOW / 2)
            if line is None:
                break
            on = np.abs(line(x) - y) <= _NEAR
            yield line.moved(float(np.median(x[on]))), float(x[on].min()), float(x[on].max())
            x, y = x[~on], y[~on]


def _voted(x: Times, y: Times, middle: float) -> Line | None:
    """Return the line with the most cells of votes on it, of equals the one whose speed is nearest to one."""
    cell = np.floor(x / _CELL).astype(np.int64)
    if len(np.unique(cell)) < _FEWEST:
        return None
    at = y[None] - SPEEDS[:, None] * (x - middle)[None]
    best = (0, 0.0, 0.0, 0.0)
    for shift in (0.0, 0.5):
        place = np.floor(at / _NEAR + shift).astype(np.int64)
        low = place.min()
        span, cells = int(place.max() - low) + 1, int(cell.max() - cell.min()) + 1
        speed = np.arange(len(SPEEDS))[:, None]
        keys = np.unique(((speed * span + place - low) * cells + cell - cell.min()).ravel())
        lines, counts = np.unique(keys // cells, return_counts=True)
        most = int(counts.max())
        for line in lines[counts == most].tolist():
            which, bin_ = divmod(line, span)
            told = (most, -abs(float(np.log(SPEEDS[which]))), float(SPEEDS[which]), (bin_ + low - shift + 0.5) * _NEAR)
            best = max(best, told)
    return Line(middle, best[3], best[2]) if best[0] >= _FEWEST else None


def _grown(x: Sketch, y: Sketch, line: Line, low: float, high: float) -> tuple[float, float, Line, float] | None:
    """Return the range in x, the fitted line and the agreement of the match that a seed grows to; None for no match."""
    high = max(high, low + x.step)
    framing = _framing(x, y, line, low, high)
    still, rounds = 0, 0
    while still < 2 and rounds < _MOST_ROUNDS:
        rounds += 1
        line = _fitted(x, y, framing, line.moved((low + high) / 2), low, high)
        reach = max(4.0, high - low)
        beside = Beside.of(x, y, framing, line, low - reach, high + reach)
        found = beside.around((low + high) / 2)
        if found is None:
            return None
        part = found
        before, (low, high) = (low, high), (float(beside.time[part[0]]), float(beside.time[part[-1]]))
        # What was gained last may turn the line a little, and then more agrees.
        still = still + 1 if low >= before[0] - x.step / 2 and high <= before[1] + x.step / 2 else 0
    agreement, high = beside.proof(part), high + x.step
    if agreement is None or min(high - low, (high - low) * line.speed) < LEAST_SECONDS:
        return None
    return low, high, line, agreement


def _framing(x: Sketch, y: Sketch, line: Line, low: float, high: float) -> tuple[int, int]:
    """Return which framings agree best, the seed moved a little: it may be off by a quarter of a second."""
    known = [each for each in FRAMINGS if each[0] < len(x.unit) and each[1] < len(y.unit)]
    near = [replace(line, at=line.at + shift * 0.1) for shift in range(-3, 4)]
    worth = [max(Beside.of(x, y, each, moved, low, high).worth for moved in near) for each in known]
    return known[int(np.argmax(worth))]


def _fitted(x: Sketch, y: Sketch, framing: tuple[int, int], line: Line, low: float, high: float) -> Line:
    """Return the line moved and turned a little to where the views agree best; unmoved where that gains nothing."""

    def worth(line: Line) -> float:
        return Beside.of(x, y, framing, line, low, high, most=_MOST_FITTED).worth

    best = worth(line)
    turn = min(0.03, 0.3 / max(high - low, 1.0))
    for scale in (1.0, 0.5, 0.25, 0.125):
        for _ in range(6):
            tried = [
                replace(line, at=line.at + shift * 0.2 * scale, speed=line.speed * (1 + tilt * turn * scale))
                for shift in (-1, 0, 1)
                for tilt in (-1, 0, 1)
                if (shift or tilt) and SPEEDS[0] <= line.speed * (1 + tilt * turn * scale) <= SPEEDS[-1]
            ]
            value, at = max((worth(each), -number) for number, each in enumerate(tried))
            if value <= best + 1e-5:
                break
            best, line = value, tried[-at]
    for speed, less in zip(USUAL, _PREFER, strict=True):
        shifted = [replace(line, speed=speed, at=line.at + shift * 0.05) for shift in range(-6, 7)]
        told = [worth(each) for each in shifted]
        if max(told) >= best - less:
            return shifted[max(range(len(told)), key=lambda at: (told[at], -abs(at - 6)))]
    return line
