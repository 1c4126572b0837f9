"""Screenplays in Fountain 1.1 (fountain.io/syntax): plain text in which layout says what a line is.

Beyond the syntax: headings in other languages (ИНТ., НАТ., INNEN, 内景), `FADE IN:` and its like as transitions. Less
than the syntax: a heading needs an empty line before it, and after it none when the next line is no heading too, for
writers often leave it out. Boneyards (/* */) are dropped; notes ([[ ]]) become elements of their own; emphasis is
taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.media import _screenplay as sp
from provenance.media import _text
from provenance.media._screenplay import Element
from provenance.media.shelf import Options, Source
from provenance.model.words import Extract

NAME = "fountain"
VERSION = 1
PRIORITY = 82
OPTIONS = ("max_text_bytes",)

_SUFFIXES = frozenset({".fountain", ".spmd"})
_PLAIN = frozenset({".txt", ".text", ".md", ""})
_GUESS_BYTES = 1 << 18
_KEY = re.compile(r"([^\s:\x00][^:\x00]{0,40}):(.*)$")
_NOTE = re.compile(r"\x00(\d+)\x00")
_NUMBER = re.compile(r"\s*#([\w.\-]+)#\s*$")
_PAGE_BREAK = re.compile(r"\s*={3,}\s*$")
_SECTION = re.compile(r"#{1,6}\s*([^#\s].*)$")
_FORCED_HEADING = re.compile(r"\.(?=\w)")
_CENTERED = re.compile(r">\s*(.*?)\s*<$")
_FADES = re.compile(r"(FADE (IN|OUT|UP|TO BLACK|TO WHITE)|CUT TO BLACK|IRIS (IN|OUT))[.:]?$")
_MARK = re.compile(r"[*_\\]")
_EMPHASIS = (
    re.compile(r"(?<!\*)(\*{1,3})(?![\s*])([^*\n]*[^\s*])\1(?!\*)"),
    re.compile(r"(?<!\w)(_)(?=[^\s_])([^_\n]*[^\s_])_(?!\w)"),
)
_ESCAPED = re.compile(r"\\([*_~!@#.>=\\])")
_HIDDEN = 0xF0000  # escaped marks wait in a private plane until emphasis is gone
_UNHIDE = re.compile("[\U000f0021-\U000f007e]")


def sniff(source: Source) -> str | None:
    if source.suffix in _SUFFIXES:
        # Also text with bad bytes: it is refused as damaged Fountain, not passed over as unknown content.
        return "text/x-fountain" if b"%PDF-" not in source.head[:1024] and source.head[:4] != b"PK\x03\x04" else None
    if source.suffix in _PLAIN:
        text = _text.peek(source, _GUESS_BYTES)
        if text is not None and looks_like_screenplay(text):
            return "text/x-fountain"
    return None


def looks_like_screenplay(text: str) -> bool:
    """Tell whether text is Fountain without being called so: a heading on a line of its own and someone who speaks."""
    if not any(sp.is_heading(line) for line in text.splitlines()):
        return False
    kinds = [element.type for element in parse(text)[1]]
    return sp.HEADING in kinds and sp.DIALOGUE in kinds


def extract(source: Source, options: Options) -> Iterator[Extract]:
    title, elements = parse(_text.read(source, options))
    yield from sp.extracts(elements, title)


def parse(text: str) -> tuple[str | None, list[Element]]:
    """Return the title and the elements of a Fountain text with `\\n` line ends."""
    text, notes = _take_notes(_drop_boneyards(text.replace("\x00", "")))
    lines = text.split("\n")
    start, title, front = _title_page(lines)
    body = _Body(lines[start:], notes)
    return title, front + body.elements()


def _drop_boneyards(text: str) -> str:
    out, at = [], 0
    while (start := text.find("/*", at)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        out.append(text[at:start])
        at = end + 2
    return "".join([*out, text[at:]])


def _take_notes(text: str) -> tuple[str, list[str]]:
    """Put a mark `\\0n\\0` where note n stood. A note may cross lines, but not an empty line: then it is text."""
    notes: list[str] = []
    out, at = [], 0
    while (start := text.find("[[", at)) >= 0 and (end := text.find("]]", start + 2)) >= 0:
        empty = text.find("\n\n", start, end)
        if empty >= 0:
            out.append(text[at:empty])
            at = empty
            continue
        out.append(f"{text[at:start]}\0{len(notes)}\0")
        notes.append(text[start + 2 : end].strip())
        at = end + 2
    return "".join([*out, text[at:]]), notes


def _title_page(lines: list[str]) -> tuple[int, str | None, list[Element]]:
    """Return where the body begins, the title, and the title page's lines; (0, None, []) when there is none."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines) or not (opening := _KEY.match(lines[first])):
        return 0, None, []
    following = lines[first + 1] if first + 1 < len(lines) else ""
    if not opening[2].strip() and not following.startswith(" "):
        return 0, None, []  # FADE IN: or a cue, not a key
    if sp.is_heading(lines[first]):
        return 0, None, []
    values: dict[str, list[str]] = {}
    key, at = "", first
    while at < len(lines) and lines[at].strip():
        line = lines[at]
        match = _KEY.match(line)
        if match:
            key = match[1].strip().lower()
            values.setdefault(key, []).append(match[2])
        elif line.startswith(" ") or _NOTE.fullmatch(line.strip()):
            values[key].append(line)
        else:
            break
        at += 1
    plain = {key: [_plain(_NOTE.sub("", line)).strip() for line in found] for key, found in values.items()}
    title = " ".join(line for line in plain.get("title", []) if line) or None
    front = [Element(sp.TITLE, line) for found in plain.values() for line in found if line]
    return at, title, front


def _plain(text: str) -> str:
    """Take emphasis off; an escaped mark stays as the mark."""
    if not _MARK.search(text):
        return text
    text = _ESCAPED.sub(lambda match: chr(_HIDDEN + ord(match[1])), text)
    for _ in range(3):  # marks nest: _under *italic*_
        before = text
        for pattern in _EMPHASIS:
            text = pattern.sub(r"\2", text)
        if text == before:
            break
    return _UNHIDE.sub(lambda match: chr(ord(match[0]) - _HIDDEN), text)


class _Body:
    """One pass over the lines below the title page."""

    def __init__(self, lines: list[str], notes: list[str]) -> None:
        self._lines, self._notes = lines, notes
        self._bare = [_NOTE.sub("", line) for line in lines]  # what decides the kind of a line
        self._out: list[Element] = []

    def elements(self) -> list[Element]:
        at, before = 0, True  # whether the line above is empty, or stands apart as a section does
        while at < len(self._lines):
            line = self._bare[at]
            if not line.strip() or self._apart(line):
                self._note(at)
                at, before = at + 1, True
            else:
                at = self._paragraph(at, before)
                before = False
        return self._out

    def _add(self, kind: str, text: str, at: int, *, dual: bool = False, number: str | None = None) -> None:
        self._out.append(Element(kind, _plain(text).strip(), dual=dual, number=number))
        self._note(at)

    def _note(self, at: int) -> None:
        for number in _NOTE.findall(self._lines[at]):
            self._out.append(Element(sp.NOTE, self._notes[int(number)]))

    def _apart(self, line: str) -> bool:
        """Take a page break, section or synopsis: lines that need no empty line around them."""
        text = line.strip()
        if _PAGE_BREAK.match(line):
            return True
        if match := _SECTION.match(text):
            self._out.append(Element(sp.SECTION, match[1]))
            return True
        if text.startswith("=") and not text.startswith("=="):
            self._out.append(Element(sp.SYNOPSIS, text[1:].strip()))
            return True
        return False

    def _empty(self, at: int) -> bool:
        """Whether a paragraph ends here: the end, an empty line, or a line that stands apart."""
        if at >= len(self._lines):
            return True
        text = self._bare[at].strip()
        return not text or bool(_PAGE_BREAK.match(text)) or bool(_SECTION.match(text))

    def _paragraph(self, at: int, before: bool) -> int:
        """Take the paragraph that begins at a line and return the line after it."""
        line = self._bare[at]
        text = line.strip()
        after = self._empty(at + 1)
        heading = _FORCED_HEADING.match(text)
        if heading or (before and sp.is_heading(text) and (after or not sp.is_heading(self._bare[at + 1]))):
            number = _NUMBER.search(text)
            shown = text[1 if heading else 0 : number.start() if number else None]
            self._add(sp.HEADING, shown, at, number=number[1] if number else None)
            return at + 1
        if centered := _CENTERED.match(text):
            self._add(sp.CENTERED, centered[1], at)
            return at + 1
        if text.startswith(">"):
            self._add(sp.TRANSITION, text[1:], at)
            return at + 1
        # A space after the colon tells that it is action: the syntax says so.
        if before and after and text == text.upper() and (line.endswith("TO:") or _FADES.match(text)):
            self._add(sp.TRANSITION, text, at)
            return at + 1
        if text.startswith("~"):
            self._add(sp.LYRIC, text[1:], at)
            return at + 1
        cue = before and not text.startswith("!") and sp.is_capitals(text) and not sp.is_heading(text)
        if not after and (cue or text.startswith("@")):
            return self._speech(at)
        return self._action(at)

    def _action(self, at: int) -> int:
        first, taken = at, []
        while at < len(self._lines) and (at == first or not self._interrupts(at)):
            line = self._bare[at]
            taken.append(line.strip()[1:] if line.lstrip().startswith("!") else line.rstrip())
            at += 1
        self._add(sp.ACTION, "\n".join(taken), first)
        for line_at in range(first + 1, at):
            self._note(line_at)
        return at

    def _interrupts(self, at: int) -> bool:
        text = self._bare[at].strip()
        return self._empty(at) or text[:1] in ">@~" or bool(_FORCED_HEADING.match(text))

    def _speech(self, at: int) -> int:
        cue = self._bare[at].strip().removeprefix("@")
        dual = cue.endswith("^")
        if dual:
            self._mark_partner()
        self._add(sp.CHARACTER, cue.rstrip("^"), at, dual=dual)
        at += 1
        kind = sp.DIALOGUE
        taken: list[str] = []
        # A line of two spaces or more is an empty line inside the dialogue; it takes no line to end with.
        while at < len(self._lines) and (self._bare[at].strip() or len(self._bare[at]) > 1):
            text = self._bare[at].strip()
            new = (
                sp.PARENTHETICAL
                if text.startswith("(") and text.endswith(")")
                else sp.LYRIC
                if text.startswith("~")
                else sp.DIALOGUE
            )
            if taken and (new != kind or new == sp.PARENTHETICAL):
                self._add(kind, "\n".join(taken), at - 1, dual=dual)
                taken = []
            kind = new
            taken.append(text.removeprefix("~"))
            at += 1
        if any(taken):
            self._add(kind, "\n".join(taken), at - 1, dual=dual)
        return at

    def _mark_partner(self) -> None:
        """The cue with ^ speaks beside the one before it: mark that one's speech too."""
        for back in range(len(self._out) - 1, -1, -1):
            element = self._out[back]
            if element.type not in (sp.CHARACTER, sp.PARENTHETICAL, sp.DIALOGUE, sp.LYRIC, sp.NOTE):
                return
            self._out[back] = Element(element.type, element.text, dual=element.type != sp.NOTE)
            if element.type == sp.CHARACTER:
                return
