"""Values as a rights desk writes them in one cell. Every function raises ValueError in the desk's own words."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from provenance.model.words import Use
from provenance.rights.codec import DecodeError
from provenance.rights.statement import PURPOSES
from provenance.rights.territory import WORLDWIDE, Geography, is_place

E = TypeVar("E", bound=StrEnum)

_FORMULA = re.compile(r"=|[+\-@].*(\(|\|.*!)", re.DOTALL)
# Joiners that Persian, Hindi and other scripts need inside words; every other invisible character is refused.
_JOINERS = "\u200c\u200d"


def clean(text: str) -> str:
    """Return a cell without the spaces around it. ValueError for a formula or an invisible character."""
    text = text.strip()
    if _FORMULA.match(text):
        raise ValueError("a spreadsheet formula, not a value")
    visible(text)
    return text


def visible(text: str) -> None:
    """Return if every character of a text can be seen. ValueError names the first that cannot."""
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\n\r\t" + _JOINERS:
            kind = "a bidirectional override" if _turns(char) else "a control or invisible"
            raise ValueError(f"{kind} character (U+{ord(char):04X})")


def _turns(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI")


def entries(text: str) -> list[str]:
    """Return the parts of a semicolon list."""
    return [part.strip() for part in text.split(";") if part.strip()]


def choice(kind: type[E], text: str, called: str = "value") -> E:
    """Return the word of a closed list."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError(unknown(text, kind, called)) from None


def unknown(text: str, choices: Iterable[str], called: str = "value") -> str:
    """Return the complaint about a word that a closed list does not hold, with the nearest that it does."""
    known = [str(each) for each in choices]
    close = difflib.get_close_matches(text, known, 1, 0.75)
    return f'unknown {called} "{text}"' + (f" ({close[0]}?)" if close else f" (one of: {', '.join(known)})")


def uses(text: str) -> frozenset[Use]:
    if "," in text:
        raise ValueError("comma where a semicolon belongs")
    return frozenset(choice(Use, part, "use") for part in entries(text))


def purposes(text: str) -> frozenset[str]:
    found = frozenset(entries(text))
    for part in entries(text):
        if part not in PURPOSES:
            raise ValueError(unknown(part, sorted(PURPOSES)))
    return found


def words(text: str) -> frozenset[str]:
    return frozenset(entries(text))


def choices(kind: type[E], text: str) -> frozenset[E]:
    return frozenset(choice(kind, part) for part in entries(text))


def geography(text: str) -> Geography:
    """`worldwide`, or country codes; a code with `!` before it is left out: `worldwide;!CN`."""
    parts = entries(text)
    if not parts:
        raise ValueError(f"empty: write {WORLDWIDE}, or country codes")
    for part in parts:
        code = part.removeprefix("!")
        if code != WORLDWIDE and not is_place(code):
            raise ValueError(f'"{code}" is not an ISO 3166-1 alpha-2 code')
    places = frozenset(part for part in parts if not part.startswith("!"))
    try:
        return Geography(places, frozenset(part[1:] for part in parts if part.startswith("!")))
    except DecodeError as error:
        raise ValueError(error.what) from None


def day(text: str) -> dt.date | None:
    """An ISO date, or None for an empty cell."""
    if not text:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        numbers = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", text)
        hint = ""
        if numbers and int(numbers[1]) <= 12 and int(numbers[2]) <= 12:
            first, second = f"{int(numbers[1]):02}", f"{int(numbers[2]):02}"
            hint = f"; {numbers[3]}-{first}-{second} or {numbers[3]}-{second}-{first}?"
        raise ValueError(f'"{text}" is not an ISO date{hint}')
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}": no such day') from None
