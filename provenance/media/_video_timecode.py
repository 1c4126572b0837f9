"""SMPTE ST 12-1 timecode: labels that count frames, and drop-frame, which leaves out labels but never a frame.

Drop-frame exists for 30 and 60 labels a second at 1000/1001 speed: the first 2 (4) labels of each minute are left out,
except in minutes 0, 10, 20, 30, 40 and 50. Counts above 99 labels a second do not fit the notation and have no label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_LABEL = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)([:;.,])(\d\d)")
_MOST_PER_SECOND = 99


@dataclass(frozen=True, slots=True)
class Timecode:
    """The label of a track's first frame, and how labels advance: `nominal` a second, `rate` a second of real time."""

    first: int  # frames since 00:00:00:00
    nominal: int
    rate: Fraction
    drop: bool

    def at(self, frames: int) -> str:
        """Return the label of the frame that lies so many counts after the first; it wraps after 24 hours."""
        return label(self.first + frames, self.nominal, drop=self.drop)


def label(count: int, nominal: int, *, drop: bool) -> str:
    """Return the label of frame `count` after 00:00:00:00: `01:00:59:29`, or `01:01:00;02` when drop-frame."""
    left_out = nominal // 15 if drop else 0
    count %= 24 * 6 * (600 * nominal - 9 * left_out)
    if drop:
        tens, rest = divmod(count, 600 * nominal - 9 * left_out)
        # The first minute of ten keeps all its labels; each of the other nine begins with those left out.
        minutes = max(0, rest - left_out) // (60 * nominal - left_out)
        count += left_out * (9 * tens + minutes)
    seconds, frames = divmod(count, nominal)
    separator = ";" if drop else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{frames:02}"


def count(text: str, nominal: int) -> tuple[int, bool] | None:
    """Return how many frames after 00:00:00:00 a label lies, and whether it is drop-frame; None when it is no label.

    Drop-frame is told by `;` (also `.` and `,`) before the frames. A label that drop-frame leaves out is none.
    """
    match = _LABEL.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, frames = (int(match.group(i)) for i in (1, 2, 3, 5))
    drop = match.group(4) != ":"
    if frames >= nominal or (drop and nominal not in (30, 60)):
        return None
    left_out = nominal // 15 if drop else 0
    if drop and minutes % 10 and seconds == 0 and frames < left_out:
        return None
    minutes += 60 * hours
    return (60 * minutes + seconds) * nominal + frames - left_out * (minutes - minutes // 10), drop


def read(text: str | None, rate: Fraction | None, nominal: int | None = None) -> Timecode | None:
    """Return the timecode that starts at label `text`; None when the text is no label at that rate.

    nominal: labels a second where the file says so (a QuickTime timecode track), else the rate rounded.
    """
    if not text or rate is None or rate <= 0:
        return None
    nominal = nominal or round(rate)
    if not 1 <= nominal <= _MOST_PER_SECOND:
        return None
    found = count(text, nominal)
    return Timecode(found[0], nominal, rate, found[1]) if found else None
