"""Celtx desktop projects (.celtx): a zip whose HTML members are the scripts, one paragraph class per kind.

Every HTML member with screenplay paragraphs is read, in the order of the names; notes and the scratch pad are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from provenance.media import _screenplay as sp
from provenance.media import _text, _zip
from provenance.media._screenplay import Element
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "celtx"
VERSION = 1
PRIORITY = 32
OPTIONS = ("max_text_bytes",)

_MARKERS = ("project.rdf", "local.rdf")
_TYPES = {
    "sceneheading": sp.HEADING,
    "action": sp.ACTION,
    "character": sp.CHARACTER,
    "parenthetical": sp.PARENTHETICAL,
    "dialog": sp.DIALOGUE,
    "transition": sp.TRANSITION,
    "shot": sp.SHOT,
    "text": sp.GENERAL,
    "act": sp.GENERAL,
    "lyrics": sp.LYRIC,
}


def sniff(source: Source) -> str | None:
    names = _zip.names(source)
    if names is None:
        return "application/x-celtx" if source.suffix == ".celtx" and source.head.startswith(_zip.MAGIC) else None
    return "application/x-celtx" if any(marker in names for marker in _MARKERS) else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    title: str | None = None
    elements: list[Element] = []
    left = options.max_text_bytes
    with _zip.open_checked(source.file) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith((".html", ".htm")) or name.startswith("scratch"):
                continue
            data = _zip.read(archive, name, left)
            left -= len(data)
            page = _Page()
            page.feed(_text.decode(data))
            page.close()
            found = page.elements()
            if any(element.type != sp.GENERAL for element in found):
                title = title or page.title.strip() or None
                elements += found
    if not elements:
        raise Quarantined(Cause.EMPTY, "the Celtx project holds no script")
    yield from sp.extracts(elements, title)


class _Page(HTMLParser):
    """Collects the paragraphs whose class is a kind of screenplay element; text in soft page breaks is not theirs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._paragraphs: list[tuple[str, str | None, list[str]]] = []
        self._open = self._in_title = False
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "title":
            self._in_title = True
        elif tag == "p":
            kind = _TYPES.get(values.get("class") or "")
            self._open, self._hidden = kind is not None, 0
            if kind is not None:
                self._paragraphs.append((kind, values.get("scenestr"), []))
        elif tag == "br" and self._open:
            self._paragraphs[-1][2].append("\n")
        elif tag == "span" and (self._hidden or values.get("class") == "softbreak"):
            self._hidden += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "p":
            self._open = False
        elif tag == "span" and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._open and not self._hidden:
            # Line ends in the source are spaces; a line end on the page is a <br>.
            self._paragraphs[-1][2].append(data.replace("\n", " "))

    def elements(self) -> list[Element]:
        out = []
        for kind, number, parts in self._paragraphs:
            text = "\n".join(" ".join(line.split()) for line in "".join(parts).strip().split("\n"))
            if not text:
                continue
            if kind == sp.PARENTHETICAL and not text.startswith("("):
                text = f"({text})"
            out.append(Element(kind, text, number=number if kind == sp.HEADING else None))
        return out
