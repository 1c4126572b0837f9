"""Final Draft XML (.fdx), as Final Draft writes it and as Fade In, screenplain and others export it.

Read are the paragraphs of `FinalDraft/Content` and of `FinalDraft/TitlePage/Content`; script notes, headers, footers
and revisions are not. A scene's page is the one that the writing application put in `SceneProperties`.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element as Node

from provenance.media import _screenplay as sp
from provenance.media import _xml
from provenance.media._screenplay import Element
from provenance.media.shelf import Options, Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause, Extract

NAME = "fdx"
VERSION = 1
PRIORITY = 30
OPTIONS = ("max_text_bytes",)

_ROOT = "FinalDraft"
_TYPES = {
    "Scene Heading": sp.HEADING,
    "Action": sp.ACTION,
    "Character": sp.CHARACTER,
    "Parenthetical": sp.PARENTHETICAL,
    "Dialogue": sp.DIALOGUE,
    "Transition": sp.TRANSITION,
    "Shot": sp.SHOT,
    "Lyrics": sp.LYRIC,
    "Singing": sp.LYRIC,
}


def sniff(source: Source) -> str | None:
    head = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    wide = source.head[:2] in (b"\xff\xfe", b"\xfe\xff")
    named = b"<FinalDraft" in head or (wide and b"FinalDraft" in source.head.replace(b"\0", b""))
    # Its own root tells it; the suffix counts only for XML whose root lies past the head.
    return "application/x-final-draft" if named or (source.suffix == ".fdx" and head.startswith(b"<")) else None


def extract(source: Source, options: Options) -> Iterator[Extract]:
    if source.sizes[0] > options.max_text_bytes:
        raise Quarantined(Cause.BOMB, f"{source.sizes[0]:,} bytes of XML, more than {options.max_text_bytes:,}")
    root = _xml.parse(source.file.read(), "the Final Draft file")
    if root.tag != _ROOT:
        raise Quarantined(Cause.MISLABELLED, f"a .fdx file whose root element is {root.tag[:40]!r}, not {_ROOT}")
    if root.get("Template") == "Yes" and root.find("Content/Paragraph") is None:
        return
    front = [Element(sp.TITLE, text) for node in root.findall("TitlePage/Content/Paragraph") if (text := _text(node))]
    title = next((element.text for element in front), None)
    elements = [element for node in root.findall("Content/Paragraph") for element in _paragraph(node)]
    yield from sp.extracts(front + elements, title)


def _paragraph(node: Node, dual: bool = False) -> Iterator[Element]:
    both = node.find("DualDialogue")
    if both is not None:
        for inner in both.findall("Paragraph"):
            yield from _paragraph(inner, dual=True)
        return
    text = _text(node)
    if not text:
        return
    kind = _TYPES.get(node.get("Type", "Action"), sp.GENERAL)
    if kind == sp.ACTION and node.get("Alignment") == "Center":
        kind = sp.CENTERED
    if kind == sp.PARENTHETICAL and not text.startswith("("):
        text = f"({text})"
    scene = node.find("SceneProperties")
    page = scene.get("Page", "") if scene is not None else ""
    number = node.get("Number") if kind == sp.HEADING else None
    place = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else None
    yield Element(kind, text, dual=dual, number=number, page=place)


def _text(node: Node) -> str:
    return "".join(part.text or "" for part in node.findall("Text")).strip()
