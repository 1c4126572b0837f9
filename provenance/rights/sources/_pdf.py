"""PDF: XMP metadata streams, embedded credentials, and the words of the title and last pages.

Streams are found by scanning the file in windows, not through its cross-reference table: a table that lies cannot hide
a packet, and packets of earlier revisions are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import pypdfium2

from provenance.rights.sources import _jumbf
from provenance.rights.sources._part import MAX_PART, MAX_PARTS, Part, Unreadable, inflate

WINDOW = 8 * 1024 * 1024
OVERLAP = 64 * 1024
MAX_STREAM = MAX_PART
_XML_STREAM = re.compile(rb"/Subtype\s{0,8}/XML\b")
_STREAM = re.compile(rb"stream\r?\n")
_TITLE_PAGES = 2


def parts(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP, C2PA and page texts of a PDF."""
    seen: set[int] = set()
    at = 0
    while at < size:
        file.seek(at)
        window = file.read(WINDOW + OVERLAP)
        for match in _XML_STREAM.finditer(window):
            begin = _STREAM.search(window, match.end(), match.end() + 4096)
            if begin and at + begin.end() not in seen:
                seen.add(at + begin.end())
                opening = window[max(window.rfind(b"obj", 0, match.start()), 0) : begin.start()]
                yield Part("xmp", _stream(file, at + begin.end(), opening), "xmp")
        found = _jumbf.find(window)
        while found >= 0:
            if at + found not in seen:
                seen.add(at + found)
                file.seek(at + found)
                length = int.from_bytes(file.read(4), "big")
                file.seek(at + found)
                yield Part("c2pa", file.read(min(length, MAX_PART)), "c2pa")
            found = _jumbf.find(window, found + 32)
        if len(seen) > MAX_PARTS:
            raise Unreadable("the PDF has more metadata streams than the cap")
        at += WINDOW
    yield from _pages(file)


def _stream(file: BinaryIO, at: int, opening: bytes) -> bytes:
    file.seek(at)
    data = bytearray()
    while (end := data.find(b"endstream", max(len(data) - (1 << 16) - 16, 0))) < 0:
        piece = file.read(1 << 16)
        if not piece or len(data) > MAX_STREAM:
            raise Unreadable("a metadata stream of the PDF has no end")
        data += piece
    raw = bytes(data[:end])
    if b"/FlateDecode" in opening or b"/Fl " in opening:
        return inflate(raw)
    if b"/Filter" in opening:
        raise Unreadable("a metadata stream of the PDF is packed in a way that is not read here")
    return raw


def _pages(file: BinaryIO) -> Iterator[Part]:
    """The words of the first pages and the last one, where title pages and notices stand; none for damaged files."""
    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(file, autoclose=False)
    except pypdfium2.PdfiumError:
        return  # the extractor says what is wrong with it
    try:
        count = len(document)
        for number in sorted({*range(min(_TITLE_PAGES, count)), count - 1} if count else ()):
            page = document[number]
            text = page.get_textpage().get_text_range()
            yield Part("text", text.encode("utf-8", "replace"), f"page {number + 1}")
    except pypdfium2.PdfiumError:
        return
    finally:
        document.close()
