"""Fade In (.fadein: a zip with `document.xml`) and the Open Screenplay Format that it holds (.osf).

A paragraph's kind is its style's base style. Parentheticals are stored without their brackets, and get them here.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element as Node

from provenance.media import _screenplay as sp
from provenance.media import _xml, _zip
from provenance.media._screenplay import Element
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "fadein"
VERSION = 1
PRIORITY = 31
OPTIONS = ("max_text_bytes",)

_DOCUMENT = "document.xml"
_TYPES = {
    "scene heading": sp.HEADING,
    "action": sp.ACTION,
    "character": sp.CHARACTER,
    "parenthetical": sp.PARENTHETICAL,
    "dialogue": sp.DIALOGUE,
    "transition": sp.TRANSITION,
    "shot": sp.SHOT,
    "lyrics": sp.LYRIC,
    "singing": sp.LYRIC,
}


def sniff(source: Source) -> str | None:
    if source.head.startswith(_zip.MAGIC):
        names = _zip.names(source)
        # A .fadein whose list cannot be read is still a Fade In file: a damaged one.
        known = source.suffix == ".fadein" if names is None else _DOCUMENT in names
        return "application/x-fadein" if known else None
    if b"Open Screenplay Format" in source.head and source.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "application/x-open-screenplay-format+xml"
    return None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    if source.head.startswith(_zip.MAGIC):
        with _zip.open_checked(source.file) as archive:
            data = _zip.read(archive, _DOCUMENT, options.max_text_bytes)
    elif source.sizes[0] > options.max_text_bytes:
        raise Quarantined(Cause.BOMB, f"{source.sizes[0]:,} bytes of XML, more than {options.max_text_bytes:,}")
    else:
        data = source.file.read()
    root = _xml.parse(data, _DOCUMENT)
    if root.tag != "document" or root.find("paragraphs") is None:
        raise Quarantined(Cause.UNSUPPORTED, f"{_DOCUMENT} is XML, but no Open Screenplay Format document")
    front = [Element(sp.TITLE, text) for node in root.findall("titlepage/para") if (text := _text(node))]
    info = root.find("info")
    title = (info.get("title") if info is not None else None) or next((part.text for part in front), None)
    yield from sp.extracts(front + _elements(root), title)


def _elements(root: Node) -> list[Element]:
    styles = {_base(style, style.get("name", "")): _base(style) for style in root.findall("styles/style")}
    out: list[Element] = []
    waiting = side_by_side = False
    for node in root.findall("paragraphs/para"):
        style = node.find("style")
        style = node if style is None else style
        name = _base(style)
        kind = _TYPES.get(name) or _TYPES.get(styles.get(name, ""), sp.GENERAL)
        if kind == sp.ACTION and style.get("align") == "center":
            kind = sp.CENTERED
        if kind == sp.CHARACTER:
            # The mark stands at the first speaker of a pair and counts for the speech after it too.
            marked = _flag(style) or _flag(node)
            waiting, side_by_side = marked, marked or waiting
        elif kind not in (sp.DIALOGUE, sp.PARENTHETICAL, sp.LYRIC):
            waiting = side_by_side = False
        text = _text(node)
        if not text:
            continue
        if kind == sp.PARENTHETICAL and not text.startswith("("):
            text = f"({text})"
        number = (style.get("number") or node.get("number")) if kind == sp.HEADING else None
        page = node.get("page_number", "")
        place = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else None
        out.append(Element(kind, text, dual=side_by_side, number=number, page=place))
    return out


def _base(style: Node, name: str | None = None) -> str:
    """The kind that a style stands for; version 1 documents spell the attribute `basestylename`."""
    return (name or style.get("basestyle") or style.get("basestylename") or style.get("name") or "").lower()


def _flag(node: Node) -> bool:
    return any(key.lower() == "dualdialogue" and value not in ("", "0", "false") for key, value in node.items())


def _text(node: Node) -> str:
    return "".join(part.text or "" for part in node.findall("text")).strip()
