"""What every screenplay format becomes: elements in order, one plain rendering, and items.

The rendering `screenplay-text-v1` is the same for all formats, so that one script saved as Fountain, FDX and PDF gives
equal or nearly equal text: elements in order, an empty line between them; a cue, its parentheticals, dialogue and
lyrics stand together line under line. No indentation, no markup, no scene or page numbers. Title page, sections,
synopses and notes are kept as elements and left out of the text: printed scripts and other formats do not carry them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from provenance.fingerprint import text as fingerprint
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract, Kind, Locator

HEADING, ACTION, CHARACTER, PARENTHETICAL, DIALOGUE = "heading", "action", "character", "parenthetical", "dialogue"
TRANSITION, SHOT, LYRIC, CENTERED, GENERAL = "transition", "shot", "lyric", "centered", "general"
TITLE, SECTION, SYNOPSIS, NOTE = "title-page", "section", "synopsis", "note"

MAX_ELEMENTS = 500_000  # a feature has 4,000
_LINE = 500  # no heading or cue is longer, and patterns stay fast on what only looks like one
_SILENT = frozenset({TITLE, SECTION, SYNOPSIS, NOTE})
_SPEECH = frozenset({CHARACTER, PARENTHETICAL, DIALOGUE, LYRIC})
_SPOKEN = _SPEECH - {CHARACTER}

# Fountain's INT, EXT, EST and I/E, and what scripts in other languages print in their place.
_INSIDE = "INT INTERIOR INNEN ИНТ ІНТ ΕΣΩΤ 内景 內景 内 內 内部 פנים داخلي"
_OUTSIDE = "EXT EXTERIOR AUSSEN AUẞEN AUßEN НАТ ЭКСТ ЕКСТ ΕΞΩΤ 外景 外 外部 חוץ خارجي"
_SIDES = dict.fromkeys(_INSIDE.split(), "INT") | dict.fromkeys(_OUTSIDE.split(), "EXT")
_SIDE = "|".join(sorted(map(re.escape, _SIDES), key=len, reverse=True))
_INTRO = re.compile(
    rf"\s*(?:(?P<both>(?:{_SIDE})\.?\s?/\s?(?:{_SIDE})|I\.?/E|E\.?/I|内外景)|(?P<one>{_SIDE})|(?P<est>EST))"
    r"(?P<end>[.:]\s*|\s+)(?=\S)",
    re.IGNORECASE,
)
_FIRST = frozenset(char for word in (*_SIDES, "EST", " ") for char in (word[0], word[0].lower()))
_DASH = re.compile(r"\s+[-–—]+\s+|\s*--+\s*|\s*[–—]\s*")
_STOP = re.compile(r"[.,،]\s+")
_BRACKET = re.compile(r"\s*\([^()]*\)")
_TIME_WORDS = """
    DAY NIGHT MORNING AFTERNOON EVENING NOON MIDNIGHT MIDDAY DAWN DUSK SUNSET SUNRISE TWILIGHT DAYBREAK CONTINUOUS LATER
    DÍA DIA NOCHE MAÑANA TARDE ATARDECER AMANECER JOUR NUIT MATIN SOIR AUBE TAG NACHT ABEND MORGEN NACHMITTAG
    GIORNO NOTTE MATTINA SERA NOITE MANHÃ DZIEŃ NOC ДЕНЬ НОЧЬ УТРО ВЕЧЕР РАССВЕТ ЗАКАТ СУМЕРКИ ПОЛДЕНЬ ПОЛНОЧЬ
    ДНЕМ ДНЁМ НОЧЬЮ УТРОМ ВЕЧЕРОМ НІЧ РАНОК ВЕЧІР ΜΕΡΑ ΗΜΕΡΑ ΝΥΧΤΑ ΠΡΩΙ ΒΡΑΔΥ 日 夜 日景 夜景 白天 夜晚 晚上 清晨
    黄昏 傍晚 朝 昼 夕方 夕 יום לילה نهار ليل
"""
_HELPERS = """
    THE SAME TIME EARLY LATE NEXT THAT FOLLOWING MOMENTS MOMENT MINUTES HOURS DAYS WEEKS MONTHS YEARS A AN FEW SOME
    SECONDS MAGIC HOUR PRE BEFORE AFTER MID LA LE EL AM ПОЗДНИЙ РАННИЙ ПОЗЖЕ ONE TWO THREE
"""
_TIMES, _TIME_HELPERS = frozenset(_TIME_WORDS.split()), frozenset(_HELPERS.split())
_WHOLE_TIMES = frozenset({"SAME", "SAME TIME", "MOMENTS", "MAGIC HOUR", "THAT MOMENT"})
_EXTENSION = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")


class Element(NamedTuple):
    """One paragraph. number: the scene's, as printed. page, last_page: physical pages from 1 where they are known."""

    type: str
    text: str
    character: str | None = None
    dual: bool = False
    number: str | None = None
    page: int | None = None
    last_page: int | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    interior: str | None
    place: str | None
    time_of_day: str | None


def is_heading(line: str) -> bool:
    """Tell whether a line begins like a scene heading. Without its dot the word must be in capitals: `INT HOUSE`."""
    if line[:1] not in _FIRST or len(line) > _LINE or (match := _INTRO.match(line)) is None:
        return False
    word = match["both"] or match["one"] or match["est"]
    return match["end"][0] in ".:" or word == word.upper()


def heading(line: str) -> Heading:
    """Return what a heading says: inside or outside, place, time of day; None for what it does not say."""
    line = line[:_LINE]
    match = _INTRO.match(line)
    interior = None
    rest = line.strip()
    if match is not None:
        rest = line[match.end() :].strip()
        if match["both"]:
            interior = "INT/EXT"
        elif match["one"]:
            interior = _SIDES.get(match["one"].upper()) or _SIDES[match["one"]]
        rest = re.sub(r"^[-–—]+\s*", "", rest)
    place, time = _place_and_time(rest)
    return Heading(interior, place or None, time)


def _place_and_time(rest: str) -> tuple[str, str | None]:
    for pattern in (_DASH, _STOP):
        cuts = list(pattern.finditer(rest))
        for at, cut in enumerate(cuts):
            end = cuts[at + 1].start() if at + 1 < len(cuts) else len(rest)
            piece = rest[cut.end() : end].strip()
            if _is_time(piece):
                return rest[: cut.start()].strip(), piece
    head, _, last = rest.rpartition(" ")
    if head and last.upper() in _TIMES and last.upper() != "LATER":
        return head.strip(), last
    return rest, None


def _is_time(piece: str) -> bool:
    plain = _BRACKET.sub("", piece).strip(" .").upper()
    words = plain.split()
    if plain in _WHOLE_TIMES:
        return True
    known = [word in _TIMES for word in words]
    return any(known) and all(
        ok or word in _TIME_HELPERS or word.isdigit() for word, ok in zip(words, known, strict=True)
    )


def cue_name(cue: str) -> str:
    """Return who speaks: the cue without its extensions, `JIM (O.S.) (CONT'D)` → `JIM`."""
    name = cue.strip()[:_LINE]
    while (shorter := _EXTENSION.sub("", name)) != name and shorter:
        name = shorter
    return name


def is_capitals(line: str) -> bool:
    """Tell whether a line is in capitals outside its brackets and has a letter there: what a cue looks like."""
    plain = _BRACKET.sub("", line) if "(" in line else line
    return plain == plain.upper() and any(map(str.isalpha, plain))


def assign(elements: Sequence[Element]) -> list[Element]:
    """Name the speaker in each element of speech, as first printed: `Bob` and `BOB` are one. Empty ones are dropped."""
    if len(elements) > MAX_ELEMENTS:
        raise Quarantined(Cause.BOMB, f"{len(elements):,} paragraphs, more than the {MAX_ELEMENTS:,} allowed")
    first: dict[str, str] = {}
    speaker: str | None = None
    out = []
    for element in elements:
        if not element.text.strip():
            continue
        if element.type == CHARACTER:
            name = cue_name(element.text)
            speaker = first.setdefault(name.casefold(), name)
        elif element.type not in _SPOKEN:
            speaker = None
        if speaker:
            element = element._replace(character=speaker)
        out.append(element)
    return out


def render(elements: Sequence[Element]) -> str:
    """Return the elements as `screenplay-text-v1`."""
    parts: list[str] = []
    for element in elements:
        if element.type in _SILENT or not element.text.strip():
            continue
        if parts:
            parts.append("\n" if element.type in _SPOKEN else "\n\n")
        parts.append("\n".join(line.strip() for line in element.text.strip().splitlines()))
    return "".join(parts)


def extracts(elements: Sequence[Element], title: str | None) -> Iterator[Extract]:
    """Yield one item per scene, numbered from 1, then the full text. What precedes the first heading is in no scene.

    A script without one word gives `Quarantined` with cause `empty`.
    """
    elements = assign(elements)
    full = render(elements)
    if not full:
        raise Quarantined(Cause.EMPTY, "the script has no text")
    rows = [{"type": e.type, "text": e.text, "character": e.character, "dual": e.dual} for e in elements]
    starts = [at for at, element in enumerate(elements) if element.type == HEADING]
    for scene, (start, end) in enumerate(itertools.pairwise([*starts, len(elements)]), 1):
        part = elements[start:end]
        top = part[0]
        slug = part[1] if len(part) > 1 and part[1].type == SHOT and not is_heading(top.text) else top
        said = heading(slug.text)  # Celtx writers name the scene in its heading and put INT./EXT. in a shot below
        fields = {
            "part": "scene",
            "scene": scene,
            "scene_number": top.number,
            "heading": " ".join(top.text.split()),
            "interior": said.interior,
            "place": said.place,
            "time_of_day": said.time_of_day,
        }
        yield _item(part, rows[start:end], render(part), title, Locator(scene=scene, page=top.page), fields)
    yield _item(elements, rows, full, title, Locator(), {"part": "full"})


def _item(
    elements: Sequence[Element],
    rows: list[dict[str, Any]],
    text: str,
    title: str | None,
    locator: Locator,
    fields: dict[str, Any],
) -> Extract:
    pages = [page for element in elements for page in (element.page, element.last_page) if page is not None]
    fields |= {
        "title": title,
        "page_start": pages[0] if pages else None,
        # A format that only says where a scene begins does not say where it ends.
        "page_end": max(pages) if any(element.last_page for element in elements) else None,
        "characters": list(dict.fromkeys(e.character for e in elements if e.type == CHARACTER and e.character)),
        "elements": rows,
    }
    return Extract(
        Kind.SCRIPTS, locator, text.encode(), "text/plain; charset=utf-8", fields | fingerprint.measure(text)
    )
