"""SMPTE ST 12-1 timecode in exact arithmetic: text to frame counts to seconds and back, with drop-frame.

A rate is a rational number of frames a second: 24, 25, 24000/1001, 30000/1001, 60000/1001, ... The timecode counts
whole frames on the base that is the rate rounded up. Drop-frame leaves out numbers, never frames: at each minute but
every tenth the first 2 numbers of base 30 (4 of base 60) do not exist, so that 01:00:00;00 is 3.6 ms before 3600 s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_FORM = re.compile(r"(-?)(\d{1,3}):(\d\d):(\d\d)([:;.,])(\d{2,3})\Z")
_NTSC = {
    Fraction(2397, 100): Fraction(24000, 1001),
    Fraction(2398, 100): Fraction(24000, 1001),
    Fraction(23976, 1000): Fraction(24000, 1001),
    Fraction(2997, 100): Fraction(30000, 1001),
    Fraction(4795, 100): Fraction(48000, 1001),
    Fraction(47952, 1000): Fraction(48000, 1001),
    Fraction(5994, 100): Fraction(60000, 1001),
    Fraction(11988, 100): Fraction(120000, 1001),
}


class TimecodeError(ValueError):
    """A text that is no timecode, or a number that does not exist at its rate."""


@dataclass(frozen=True, slots=True)
class Timecode:
    """frames: since 00:00:00:00, may be negative. rate: frames a second. drop: whether numbers are dropped."""

    frames: int
    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise TimecodeError("a timecode needs a rate above zero")
        if self.drop and not droppable(self.rate):
            raise TimecodeError(f"drop-frame does not exist at {self.rate} frames a second")

    @property
    def seconds(self) -> Fraction:
        """Real seconds since 00:00:00:00."""
        return self.frames / self.rate

    def __str__(self) -> str:
        base = base_of(self.rate)
        count = abs(self.frames)
        if self.drop:
            skipped = base // 15
            tens, rest = divmod(count, base * 600 - 9 * skipped)
            count += tens * 9 * skipped
            if rest >= base * 60:
                count += skipped * (1 + (rest - base * 60) // (base * 60 - skipped))
        whole, number = divmod(count, base)
        text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{';' if self.drop else ':'}"
        return f"{'-' if self.frames < 0 else ''}{text}{number:0{max(2, len(str(base - 1)))}d}"


def base_of(rate: Fraction) -> int:
    """Return how many numbers a second has: the rate rounded up."""
    return -(-rate.numerator // rate.denominator)


def droppable(rate: Fraction) -> bool:
    return rate.denominator == 1001 and base_of(rate) in (30, 60, 120)


def parse(text: str, rate: Fraction, drop: bool | None = None) -> Timecode:
    """Return the timecode that a text shows. drop: None reads it from the mark before the frames (`;` or `,` drop).

    TimecodeError for malformed text, a part out of range, or a number that drop-frame leaves out.
    """
    match = _FORM.match(text.strip())
    if match is None:
        raise TimecodeError(f'"{text[:40]}" is not a timecode such as 01:00:10:00')
    hours, minutes, seconds, number = (int(match[group]) for group in (2, 3, 4, 6))
    if drop is None:
        drop = match[5] in ";,"
    base = base_of(rate)
    if minutes > 59 or seconds > 59 or number >= base:
        raise TimecodeError(f'"{text}" has a part out of range at {base} frames a second')
    count = ((hours * 60 + minutes) * 60 + seconds) * base + number
    if drop:
        if not droppable(rate):
            raise TimecodeError(f"drop-frame does not exist at {rate} frames a second")
        skipped = base // 15
        if number < skipped and seconds == 0 and minutes % 10:
            raise TimecodeError(f'"{text}" is a number that drop-frame leaves out')
        whole = hours * 60 + minutes
        count -= skipped * (whole - whole // 10)
    return Timecode(-count if match[1] else count, rate, drop)


def of_seconds(seconds: Fraction, rate: Fraction, drop: bool = False) -> Timecode:
    """Return the timecode of the frame that is shown at a time: the frame that began last."""
    exact = seconds * rate
    return Timecode(exact.numerator // exact.denominator, rate, drop)


def exact_rate(rate: Fraction | float | str) -> Fraction:
    """Return a rate as people write it, 29.97 or "30000/1001" or 24.0, as the rational that is meant.

    The rounded decimals of NTSC rates become n/1001, floats within a millionth of an integer that integer.
    TimecodeError for what is no rate.
    """
    try:
        value = Fraction(rate) if isinstance(rate, (Fraction, int, str)) else Fraction(rate).limit_denominator(100_000)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise TimecodeError(f'"{str(rate)[:40]}" is not a frame rate') from None
    if value <= 0 or value > 100_000:
        raise TimecodeError(f'"{str(rate)[:40]}" is not a frame rate')
    for rounded, meant in _NTSC.items():
        if abs(value - rounded) < Fraction(1, 2000):
            return meant
    return Fraction(round(value)) if abs(value - round(value)) < Fraction(1, 10**6) else value
