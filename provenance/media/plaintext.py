"""Screenplays as plain text in columns, as printers and converters write them: cues and dialogue are indented.

Text that is a screenplay without indentation is Fountain, and read there; other text is no training item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.media import _layout, _text
from provenance.media import _screenplay as sp
from provenance.media._rows import Row, Segment, scene_heading
from provenance.media.shelf import Options, Source
from provenance.model.words import Extract

NAME = "plaintext"
VERSION = 1
PRIORITY = 81
OPTIONS = ("max_text_bytes",)

_SUFFIXES = frozenset({".txt", ".text", ".asc", ""})
_GUESS_BYTES = 1 << 18
_COLUMNS = re.compile(r"\S+(?: {1,3}\S+)*")  # four spaces begin another column


def sniff(source: Source) -> str | None:
    if source.suffix not in _SUFFIXES:
        return None
    text = _text.peek(source, _GUESS_BYTES)
    if text is None or not any(scene_heading(row) for row in rows(text)):
        return None
    _, elements = _layout.read(rows(text))
    kinds = [element.type for element in elements]
    return "text/x-screenplay" if sp.HEADING in kinds and kinds.count(sp.DIALOGUE) >= 2 else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    title, elements = _layout.read(rows(_text.read(source, options)))
    yield from sp.extracts(elements, title)


def rows(text: str) -> list[Row]:
    """Return the printed lines; a form feed begins a page, and without one nothing is known of pages."""
    out: list[Row] = []
    pages = text.split("\f")
    for page, content in enumerate(pages, 1):
        gap = True
        for line in content.split("\n"):
            segments = tuple(Segment(m.start(), m.end(), m[0]) for m in _COLUMNS.finditer(line))
            if segments:
                out.append(Row(segments, gap, page if len(pages) > 1 else None))
            gap = not segments
    return out
