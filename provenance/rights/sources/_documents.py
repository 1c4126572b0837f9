"""Words inside documents that are archives or XML: Final Draft, Fade In, Celtx, Krita, OpenRaster."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from provenance.rights.sources._part import Part, Unreadable

MAX_MEMBERS = 6
MAX_MEMBER = 4 * 1024 * 1024
MAX_WORDS = 256 * 1024
_WANTED = re.compile(r"(?:documentinfo|document|meta|local)\.(?:xml|rdf)|script[^/]{0,60}\.html", re.I)
_TAG = re.compile(r"<[^<>]{0,4000}>")
_BLOCK = re.compile(r"</(?:para|p|license|copyright|rights|description|dc:rights)>|<br\s*/?>", re.I)


def fdx_text(file: BinaryIO) -> bytes:
    """Return the title page of a Final Draft document, one paragraph a line. Unreadable when it is no honest XML."""
    lines: list[str] = []
    stack: list[str] = []
    held = 0

    def start(name: str, _: dict[str, str]) -> None:
        stack.append(name)
        if len(stack) > 200:
            raise Unreadable("elements nested too deeply")
        if name == "Paragraph" and "TitlePage" in stack:
            lines.append("")

    def characters(text: str) -> None:
        nonlocal held
        if lines and held < MAX_WORDS and stack[-1:] == ["Text"] and "TitlePage" in stack:
            held += len(text)
            lines[-1] += text

    def entity(*_: object) -> None:
        raise Unreadable("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = entity
    file.seek(0)
    try:
        while piece := file.read(1 << 16):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise Unreadable("the script is not whole XML") from None
    return "\n".join(lines).encode()


def zip_texts(file: BinaryIO) -> Iterator[Part]:
    """Yield the words of the document members of a zip: at most MAX_MEMBERS, MAX_MEMBER bytes of each, streamed."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            wanted = [info for info in archive.infolist()[:10_000] if _WANTED.fullmatch(info.filename)]
            for info in wanted[:MAX_MEMBERS]:
                if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    # Encrypted, or packed by a method that Python inflates without a bound: the extractor refuses both.
                    raise Unreadable("the document's members are encrypted or packed in a way that is not read")
                with archive.open(info) as member:
                    text = member.read(MAX_MEMBER).decode("utf-8", "replace")
                words = html.unescape(_TAG.sub("", _BLOCK.sub("\n", text)))[:MAX_WORDS]
                yield Part("text", words.encode(), f"{info.filename}")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError):
        raise Unreadable("the archive inside the document is damaged") from None
