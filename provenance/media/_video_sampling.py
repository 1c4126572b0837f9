"""Which frames of a track a build takes: the grammar of `Options.frames`, and the two rules that choose.

"N/s", "1/Ns"   for each grid point k/N (k·N) seconds after the start of presentation, k = 0, 1, 2, ..., the first
                frame at or after it; a frame that serves several points is taken once. `ffmpeg -vf fps=N` means
                another frame: the one on screen nearest the point, so it may take the frame before and may give
                one more at the end
"shots"         each shot is cut into spans of `SPAN_SECONDS` from its start, and each span gives the frame nearest
                its middle (see `Middle`); a last span of less than half that length gives none, unless it is all
                there is of the shot
"keyframes"     the frames that the codec can decode on their own
"all"           every frame
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Generic, TypeVar

from provenance.model.errors import UsageError

SPAN_SECONDS = 10
_HELD = 16
_GRID = re.compile(r"(?:([1-9]\d{0,3})/s|1/([1-9]\d{0,5})s)")

T = TypeVar("T")


def sampling(text: str) -> Fraction | str:
    """Return samples per second, or one of "shots", "keyframes", "all". UsageError for anything else."""
    if text in ("shots", "keyframes", "all"):
        return text
    match = _GRID.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{text!r} names no frames",
            where="--frames",
            next_step='use "1/s" or "24/s", "1/10s", "shots", "keyframes" or "all"',
        )
    per_second, seconds = match.groups()
    return Fraction(int(per_second)) if per_second else Fraction(1, int(seconds))


class Grid:
    """Tells, for frames in presentation order, which is the first at or after a grid point."""

    def __init__(self, per_second: Fraction) -> None:
        self.per_second = per_second
        self.point = 0  # the next grid point that has no frame yet

    @property
    def due(self) -> Fraction:
        """The time of the next grid point, in seconds from the start."""
        return self.point / self.per_second

    def takes(self, time: Fraction) -> bool:
        passed = time * self.per_second
        if passed < self.point:
            return False
        self.point = int(passed // 1) + 1
        return True


@dataclass(slots=True)
class Middle(Generic[T]):
    """Keeps few of a span's frames, and among them one near its middle, without knowing where the span will end.

    Of a span of n frames every s-th is a candidate, s being the smallest power of two with n <= 16·s; the candidate
    nearest frame (n - 1)/2 is the answer, the earlier of two. At most 9 frames are held at a time.
    """

    seen: int = 0
    _step: int = 1
    _held: list[tuple[int, T]] = field(default_factory=list)

    def push(self, item: T) -> None:
        if self.seen >= _HELD * self._step:
            self._step *= 2
            self._held = [(n, held) for n, held in self._held if n % self._step == 0]
        if self.seen % self._step == 0:
            self._held.append((self.seen, item))
        self.seen += 1
        # Whatever lies before the middle, and is not the last to do so, can never be the nearest again.
        while len(self._held) > 1 and 2 * self._held[1][0] <= self.seen - 1:
            del self._held[0]

    def take(self) -> list[T]:
        """Return the frame nearest the middle, nothing of an empty span, and begin the next span."""
        best = min(self._held, key=lambda pair: (abs(2 * pair[0] - (self.seen - 1)), pair[0]), default=None)
        self.seen, self._step, self._held = 0, 1, []
        return [best[1]] if best else []
