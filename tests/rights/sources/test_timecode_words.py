"""Timecode in exact arithmetic: no frame is lost, and drop-frame leaves out numbers only."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.model.timecode import Timecode, TimecodeError, exact_rate, of_seconds, parse

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "frames"),
    [
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17982),
        ("01:00:00;00", NTSC, 107892),
        ("00:01:00;04", Fraction(60000, 1001), 3600),
        ("01:00:00:00", Fraction(24), 86400),
        ("01:00:00:00", Fraction(24000, 1001), 86400),
        ("-00:00:01:00", Fraction(25), -25),
    ],
)
def test_a_timecode_counts_frames(text: str, rate: Fraction, frames: int) -> None:
    assert parse(text, rate).frames == frames
    assert str(parse(text, rate)) == text


def test_an_hour_of_drop_frame_is_an_hour_but_for_three_and_a_half_milliseconds() -> None:
    assert parse("01:00:00;00", NTSC).seconds == Fraction(107892 * 1001, 30000)
    assert 3600 - parse("01:00:00;00", NTSC).seconds == Fraction(9, 2500)


@pytest.mark.parametrize(
    ("text", "rate", "drop"),
    [
        ("00:01:00;00", NTSC, None),
        ("00:01:00;01", NTSC, None),
        ("00:00:00:30", NTSC, None),
        ("00:60:00:00", Fraction(24), None),
        ("1:2:3", Fraction(24), None),
        ("00:00:00;00", Fraction(25), None),
        ("", Fraction(25), None),
    ],
)
def test_a_number_that_does_not_exist_is_refused(text: str, rate: Fraction, drop: bool | None) -> None:
    with pytest.raises(TimecodeError):
        parse(text, rate, drop)


@given(st.integers(0, 24 * 107892), st.sampled_from([NTSC, Fraction(60000, 1001)]))
def test_drop_frame_text_and_count_undo_each_other(frames: int, rate: Fraction) -> None:
    assert parse(str(Timecode(frames, rate, True)), rate).frames == frames


@given(
    st.integers(-(10**7), 10**7), st.sampled_from([Fraction(24), Fraction(25), Fraction(24000, 1001), Fraction(120)])
)
def test_plain_text_and_count_undo_each_other(frames: int, rate: Fraction) -> None:
    assert parse(str(Timecode(frames, rate)), rate).frames == frames


@given(st.integers(0, 10**7), st.fractions(0, Fraction(96, 97), max_denominator=97))
def test_a_time_within_a_frame_is_that_frame(frames: int, part: Fraction) -> None:
    assert of_seconds((frames + part) / NTSC, NTSC, True).frames == frames


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (23.976, Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        (29.97, NTSC),
        ("30000/1001", NTSC),
        (29.97002997002997, NTSC),
        (59.94, Fraction(60000, 1001)),
        (25, Fraction(25)),
        (24.0, Fraction(24)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_a_rate_is_what_people_mean(written: float | str, meant: Fraction) -> None:
    assert exact_rate(written) == meant


@pytest.mark.parametrize("written", ["fast", "0", -24, float("nan"), float("inf"), "1/0", 1e9])
def test_what_is_no_rate_is_refused(written: float | str) -> None:
    with pytest.raises(TimecodeError):
        exact_rate(written)
