"""Subtitles: SubRip (.srt) and WebVTT (W3C, 2019). One item, the full text: subtitles know no scenes.

A cue is one element of dialogue. Cues that follow each other within two seconds stand line under line; a longer pause
is an empty line. Tags and positioning are taken off; a WebVTT voice (<v Anna>) names the character.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.fingerprint import text as fingerprint
from provenance.media import _screenplay as sp
from provenance.media import _text
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind, Locator

NAME = "subtitles"
VERSION = 1
PRIORITY = 80
OPTIONS = ("max_text_bytes",)

_PAUSE = 2.0  # seconds
_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Cue:
    """Seconds from the start, the words, and who says them where the file tells."""

    start: float
    end: float
    text: str
    voice: str | None


def sniff(source: Source) -> str | None:
    text = _text.peek(source)
    if text is None:
        return None
    lines = text.lstrip().split("\n", 40)
    if re.match(r"WEBVTT(\s|$)", lines[0]):
        return "text/vtt"
    timed = any(_TIMES.match(line) for line in lines[:4])
    return "application/x-subrip" if timed and lines[0].strip().isdigit() else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    cues = parse(_text.read(source, options))
    if len(cues) > sp.MAX_ELEMENTS:
        raise Quarantined(Cause.BOMB, f"{len(cues):,} cues, more than {sp.MAX_ELEMENTS:,}")
    if not cues:
        raise Quarantined(Cause.EMPTY, "the subtitles have no cue with text")
    parts = [cues[0].text]
    for before, cue in itertools.pairwise(cues):
        parts.append("\n" if cue.start - before.end <= _PAUSE else "\n\n")
        parts.append(cue.text)
    text = "".join(parts)
    fields = {
        "part": "full",
        "title": None,
        "characters": list(dict.fromkeys(cue.voice for cue in cues if cue.voice)),
        "elements": [{"type": sp.DIALOGUE, "text": cue.text, "character": cue.voice, "dual": False} for cue in cues],
    }
    payload = text.encode()
    yield Extract(Kind.SCRIPTS, Locator(), payload, "text/plain; charset=utf-8", fields | fingerprint.measure(text))


def parse(text: str) -> list[Cue]:
    """Return the cues in the order of the file; what has no time line or no words is left out."""
    cues = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        times = _TIMES.match(lines[at])
        at += 1
        if times is None:
            continue
        taken = []
        while at < len(lines) and lines[at].strip() and not _TIMES.match(lines[at]):
            taken.append(lines[at])
            at += 1
        if at < len(lines) and _TIMES.match(lines[at]) and taken and taken[-1].strip().isdigit():
            taken.pop()  # the next cue's number, where the empty line between two cues is missing
        voice = _VOICE.search("\n".join(taken))
        words = html.unescape(_TAG.sub("", "\n".join(taken)))
        words = "\n".join(line.strip() for line in words.split("\n") if line.strip())
        if words:
            clock = times.groups()
            cues.append(Cue(_seconds(clock[:4]), _seconds(clock[4:]), words, voice[1].strip() if voice else None))
    return cues


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in clock)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
