"""What plain words say of rights: licence names, copyright lines, reservations against training.

Read from title pages, LICENSE and README files, subtitles' first and last lines, and the free-text fields of metadata.
Words are weaker than machine-readable signals, so most of what is found here asks for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.model.words import Signal
from provenance.rights.sources._text import clean

HEAD_LINES = 400
TAIL_LINES = 60
MAX_LINE = 600
MAX_FOUND = 60

_URL = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z]+(?:[-+][a-z]*){0,4})(?:/(\d\.\d))?", re.I)
_SHORT = re.compile(r"\bCC[\s_-]{1,2}(BY(?:[\s_-]{1,2}(?:NC|ND|SA)){0,2}|0|Zero|PDM)\b(?:[\s_-]{0,2}v?(\d\.\d))?", re.I)
_CC0 = re.compile(r"\bCC0\b(?:[\s_-]{0,2}(\d\.\d))?", re.I)
_LONG = re.compile(r"\bCreative\s+Commons\b(.{0,90})", re.I)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|\bcopyright\b)[\s:,©]{0,4}(?:\(c\)\s*)?(?:by\s+)?[^\s]", re.I)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_RESERVED = re.compile(
    r"\ball\s+rights?\s+reserved\b|\balle\s+rechte\s+vorbehalten\b|\btous\s+droits\s+réservés\b", re.I
)
_PUBLIC = re.compile(r"\bpublic[\s-]{1,3}domain\b|\bno\s+known\s+copyright\b|\bno\s+rights\s+reserved\b", re.I)
_NOT_PUBLIC = re.compile(r"\b(?:not|isn't|never)\b.{0,30}\bpublic[\s-]{1,3}domain\b", re.I)
_TITLE_KEY = re.compile(r"^\s{0,3}copyright\s*:\s*(.*)$", re.I)

_NEGATION = re.compile(
    r"\b(?:no|not|never|without|prohibit\w{0,5}|forbid\w{0,5}|reserv\w{0,6}|opt(?:ed|s)?[\s-]?out|refus\w{0,3}|"
    r"exclud\w{0,4}|vorbehalten|untersagt|interdit\w?|réserv\w{1,3})\b",
    re.I,
)
_TRAINING = re.compile(
    r"\b(?:train\w{0,4}\b.{0,80}\b(?:AI|artificial\s+intelligence|machine[\s-]learning|model\w?|neural|generative)|"
    r"(?:AI|artificial\s+intelligence|machine[\s-]learning|generative|KI|IA)\b.{0,80}\b(?:train\w{0,6}|entraîne\w*)|"
    r"(?:text|data)\s?(?:and|und|&|-)?\s?(?:data)?[\s-]?mining\b|TDM\b)",
    re.I,
)
_RESERVATION = re.compile(r"\bno[\s_-]?ai\b|\bnoimageai\b|\btrain-ai\s*=\s*n\b|§\s*44b\s+UrhG|\b2019/790\b", re.I)
_GENERATED = re.compile(
    r"\b(?:AI|artificial\s+intelligence|machine)[\s-]generated\b|"
    r"\b(?:generated|written|drafted|made|created)\s+(?:\w+\s+){0,3}(?:by|with|using)\s+(?:\w+\s+){0,3}"
    r"(?:AI|artificial\s+intelligence|chatgpt|gpt-?\d|midjourney|stable\s+diffusion|dall-?e)\b",
    re.I,
)
_NOT_GENERATED = re.compile(r"\b(?:no|not|without|never)\b", re.I)


def licences(text: str) -> tuple[str, ...]:
    """Return the Creative Commons licences that a text or address names, as SPDX-like ids, in order of mention.

    `CC-BY-NC-4.0`, `CC0-1.0`, `CC-PDM-1.0`; without a version where none is given.
    """
    found: dict[str, None] = {}
    for kind, code, version in _URL.findall(text):
        name = (
            code.upper().rstrip("+-") if kind.lower() == "licenses" else {"zero": "0", "mark": "PDM"}.get(code.lower())
        )
        if name:
            found[_spdx(name, version)] = None
    for code, version in _SHORT.findall(text):
        found[_spdx(re.sub(r"[\s_-]+", "-", code.upper()).replace("ZERO", "0"), version)] = None
    for version in _CC0.findall(text):
        found[_spdx("0", version)] = None
    for tail in _LONG.findall(text):
        parts = [
            code
            for code, word in (("NC", r"non-?\s?commercial"), ("ND", r"no-?\s?deriv"), ("SA", r"share-?\s?alike"))
            if re.search(word, tail, re.I)
        ]
        version = (re.findall(r"\b(\d\.\d)\b", tail) or [""])[0]
        if re.match(r"\W{0,3}attribution", tail, re.I):
            found[_spdx("-".join(["BY", *parts]), version)] = None
        elif re.match(r"\W{0,3}(?:cc0|zero)", tail, re.I):
            found[_spdx("0", version)] = None
        elif re.match(r"\W{0,3}sampling", tail, re.I):
            found[_spdx("SAMPLING", version)] = None
    # "CC BY" beside "CC BY 4.0" is the same licence named twice.
    return tuple(
        name
        for name in found
        if not any(other.startswith(name + "-") and other[len(name) + 1].isdigit() for other in found)
    )


def _spdx(code: str, version: str) -> str:
    head = "CC0" if code == "0" else f"CC-{code}"
    return f"{head}-{version}" if version else head


def claims(text: str, where: str) -> Iterator[Signal]:
    """Yield what one field or line says: licence-text, copyright-line, rights-reserved, public-domain-line,
    ai-reservation, ai-generated. Evidence is the text itself, bounded."""
    line = " ".join(text.split())[:MAX_LINE]
    shown = clean(line)
    for name in licences(line):
        yield Signal("license-text", name, where, {"text": shown})
    if _PUBLIC.search(line) and not _NOT_PUBLIC.search(line):
        yield Signal("public-domain-line", shown, where)
    elif _COPYRIGHT.search(line) and (_YEAR.search(line) or "©" in line or "(c)" in line.lower()):
        yield Signal("copyright-line", shown, where)
    if _RESERVED.search(line):
        yield Signal("rights-reserved", shown, where)
    if _RESERVATION.search(line) or (_TRAINING.search(line) and _NEGATION.search(line)):
        yield Signal("ai-reservation", shown, where)
    if _GENERATED.search(line) and not _NOT_GENERATED.search(line):
        yield Signal("ai-generated", shown, where)


def lines(text: str, prefix: str = "text") -> Iterator[Signal]:
    """Yield the claims of a text, from its first HEAD_LINES and last TAIL_LINES lines, with line numbers from 1.

    A `Copyright:` key of a title page takes the lines indented under it as its value, whatever they say.
    """
    every = text.splitlines()
    chosen = list(enumerate(every, 1))
    if len(chosen) > HEAD_LINES + TAIL_LINES:
        chosen = chosen[:HEAD_LINES] + chosen[-TAIL_LINES:]
    found = 0
    taken: set[int] = set()
    for number, line in chosen:
        if number in taken:
            continue
        where, subject = f"{prefix}:{number}", line
        key = _TITLE_KEY.match(line[:MAX_LINE])
        if key:
            value, below = key.group(1), number
            while below < len(every) and every[below][:1] in ("\t", " ") and every[below].strip():
                value, below = f"{value} {every[below].strip()}", below + 1
                taken.add(below)
            subject = f"Copyright: {value.strip()}"
            if value.strip() and not any(True for _ in claims(subject, where)):
                yield Signal("copyright-line", clean(subject), where)
        for signal in claims(subject, where):
            yield signal
            found += 1
            if found >= MAX_FOUND:
                return
