"""CMX 3600 edit decision lists: cuts, dissolves, wipes, speed changes, and the comments that name the sources."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from provenance.model.errors import InputError
from provenance.model.timecode import Timecode, TimecodeError, base_of, droppable, parse
from provenance.rights.sources._cut import MAX_CLIPS, Clip, Cut, Span, refuse

_TC = r"(\d{2}:\d{2}:\d{2}[:;.,]\d{2,3})"
_EVENT = re.compile(
    rf"(\d{{1,6}})\s+(\S{{1,128}})\s+(\S{{1,16}})\s+(C|D|W\d{{1,3}}|K(?:\s?[BO])?)(?:\s+(\d{{1,4}}))?\s+{_TC}\s+{_TC}\s+{_TC}\s+{_TC}\s*\Z"
)
_SPEED = re.compile(r"M2\s+(\S{1,128})\s+(-?\d{1,5}(?:\.\d{1,4})?)\b", re.I)
_COMMENT = re.compile(
    r"\*?\s*(FROM CLIP NAME|TO CLIP NAME|SOURCE FILE|FROM CLIP|CLIP NAME|FROM FILE|FROM CLIP IS)\s*:\s*(.+)", re.I
)
_TITLE = re.compile(r"TITLE\s*:\s*(.*)", re.I)


def read(data: bytes, name: str, rate: Fraction | None) -> Cut:
    """Return the cut of an edit list. InputError when a line is broken, or when nobody says the frame rate.

    A CMX list counts frames and does not say how many make a second: only `FCM: DROP FRAME` means 29.97. Black (BL) is
    left out. A dissolve or wipe lets the outgoing clip run on for its length.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    drop = any(
        line.upper().startswith("FCM") and "DROP" in line.upper() and "NON" not in line.upper() for line in lines
    )
    if rate is None and drop:
        rate = Fraction(30000, 1001)
    if rate is None:
        raise InputError("the edit list does not say its frame rate", where=name, next_step="give the rate, such as 24")
    title, clips = "", list[Clip]()
    running, event = False, ""  # running: a clip is on screen into which a transition can fade
    for number, line in enumerate(lines, 1):
        found = _EVENT.match(line)
        if found:
            clip = _clip(found, len(clips) + 1, rate, drop and droppable(rate), f"{name}:{number}")
            if found[4] != "C" and found[5] and running:
                clips[-1] = _longer(clips[-1], int(found[5]) / rate)
            event = found[1]
            black = found[2].upper() in ("BL", "BLACK")
            # The half of a transition that lasts no time repeats the clip before it.
            if clip.record.duration > 0 and not black:
                clips.append(clip)
            running = bool(clips) and not black
        elif title_line := _TITLE.match(line):
            title = title_line[1].strip()
        elif clips and (comment := _COMMENT.match(line)):
            _name(clips, comment[1].upper(), comment[2].strip())
        elif clips and (speed := _SPEED.match(line)):
            clips[-1] = _paced(clips[-1], Fraction(speed[2]), rate)
        elif line and line[0].isdigit() and line.split(maxsplit=1)[0].isdigit() and len(line.split()) >= 8:
            raise refuse(f"{name}:{number}", "is an event that cannot be read")
        if len(clips) > MAX_CLIPS:
            raise refuse(name, "has more events than the cap")
    if not clips and not event:
        raise refuse(name, "holds no event of an edit list")
    return Cut(name, title, rate, drop and droppable(rate), None, tuple(clips))


def _clip(found: re.Match[str], number: int, rate: Fraction, drop: bool, where: str) -> Clip:
    try:
        times = [_seconds(found[group], rate, drop) for group in (6, 7, 8, 9)]
    except TimecodeError as error:
        raise InputError(str(error), where=where, next_step="check the frame rate that was given") from None
    if times[3] < times[2] or times[1] < times[0]:
        raise refuse(where, "is an event that ends before it begins")
    kind = "video" if "V" in found[3].upper() else "audio"
    source = Span(times[0], times[1])
    return Clip(number, "", (found[2],), kind, Span(times[2], times[3]), source, None)


def _seconds(text: str, rate: Fraction, drop: bool) -> Fraction:
    return parse(text, rate, drop or (text[8] in ";," and droppable(rate))).seconds


def _longer(clip: Clip, run: Fraction) -> Clip:
    source = clip.source and Span(clip.source.start, clip.source.end + run)
    return replace(clip, record=Span(clip.record.start, clip.record.end + run), source=source)


def _name(clips: list[Clip], what: str, value: str) -> None:
    """Comments follow their event. In a transition FROM names the clip before and TO the clip itself."""
    clip = clips[-1]
    if what == "FROM CLIP NAME" and clip.name and len(clips) > 1:
        return
    if what in ("FROM CLIP NAME", "CLIP NAME", "TO CLIP NAME"):
        media = tuple(name for name in clip.media if name != clip.name)
        clips[-1] = replace(clip, name=value, media=tuple(dict.fromkeys((value, *media))))
    else:
        clips[-1] = replace(clip, media=tuple(dict.fromkeys((value.replace("\\", "/"), *clip.media))))


def _paced(clip: Clip, frames_a_second: Fraction, rate: Fraction) -> Clip:
    """M2 says how many source frames pass in a second; backwards and standing still cannot be carried over."""
    if clip.source is None or frames_a_second <= 0:
        return replace(clip, straight=False)
    run = clip.record.duration * frames_a_second / base_of(rate)
    return replace(clip, source=Span(clip.source.start, clip.source.start + run))


def timecodes(cut: Cut, span: Span) -> tuple[str, str]:
    """Return a span of the cut's clock as timecodes of its rate, grown to whole frames."""
    first = span.start * cut.rate
    last = span.end * cut.rate
    start = Timecode(first.numerator // first.denominator, cut.rate, cut.drop)
    end = Timecode(-(-last.numerator // last.denominator), cut.rate, cut.drop)
    return str(start), str(end)
