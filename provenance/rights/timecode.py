"""SMPTE ST 12-1 timecode to frame counts and seconds, with drop-frame."""

from __future__ import annotations

import re
from fractions import Fraction

_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;])(\d{2,3})\Z")


def frames(text: str, rate: Fraction, drop: bool) -> int:
    """Return the frame count since 00:00:00:00. ValueError if malformed, out of range, or a number that drop skips.

    rate is frames a second, 30000/1001 for NTSC. Drop-frame is defined for 30000/1001 and 60000/1001 only.
    """
    match = _TIMECODE.match(text)
    if match is None:
        raise ValueError(f'"{text}" is not a timecode such as 01:00:10:00')
    hours, minutes, seconds, number = int(match[1]), int(match[2]), int(match[3]), int(match[5])
    base = -(-rate.numerator // rate.denominator)
    if minutes > 59 or seconds > 59 or number >= base:
        raise ValueError(f'"{text}" has a part out of range at {base} frames a second')
    if match[4] == ";" and not drop:
        raise ValueError(f'"{text}" is written as drop-frame, but drop-frame is not declared')
    count = ((hours * 60 + minutes) * 60 + seconds) * base + number
    if not drop:
        return count
    if rate.denominator != 1001 or base not in (30, 60):
        raise ValueError(f"drop-frame does not exist at {rate} frames a second")
    skipped = base // 15
    if number < skipped and seconds == 0 and minutes % 10:
        raise ValueError(f'"{text}" is a number that drop-frame skips')
    whole = hours * 60 + minutes
    return count - skipped * (whole - whole // 10)


def seconds(text: str, rate: Fraction, drop: bool) -> Fraction:
    """Return the real seconds from 00:00:00:00 to a timecode's frame. ValueError as for `frames`."""
    return frames(text, rate, drop) / rate
