"""In-file rights signals: read inside the locked child, weighed outside it.

`read` never raises and never opens anything but the file it is given. Its signals are evidence, verbatim and bounded.
`restrictions`, `conflicts` and `permissions` say, as pure functions, what they mean for the gate.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import BinaryIO

from provenance.model.words import Signal
from provenance.rights.sources import _c2pa, _iptc, _isobmff, _matroska, _pdf, _raster, _textlines, _xmp
from provenance.rights.sources._documents import fdx_text, zip_texts
from provenance.rights.sources._jumbf import JumbfError
from provenance.rights.sources._meaning import conflicts, restrictions
from provenance.rights.sources._part import MAX_PARTS, Part, Unreadable
from provenance.rights.sources._permissions import permissions
from provenance.rights.sources._text import bare, clean, host

__all__ = ["VERSION", "conflicts", "permissions", "read", "restrictions"]

VERSION = 1  # raised whenever the same bytes would give other signals

MAX_SIGNALS = 400
MAX_TEXT = 256 * 1024
UNREADABLE = "unreadable-metadata"

# Fields in which people write sentences; what the sentence says is told beside the field itself.
_FREE_TEXT = (
    *("dc:rights", "dcterms:rights", "xmpRights:UsageTerms", "photoshop:Instructions", "tiff:Copyright"),
    *("plus:OtherConstraints", "iptc:CopyrightNotice", "iptc:SpecialInstructions"),
)
_MAGIC: tuple[tuple[bytes, Callable[[BinaryIO, int], Iterator[Part]]], ...] = (
    (b"\xff\xd8\xff", _raster.jpeg),
    (b"\x89PNG\r\n\x1a\n", _raster.png),
    (b"RIFF", _raster.riff),
    (b"GIF8", _raster.gif),
    (b"8BPS", _raster.psd),
    (b"SDPX", _raster.dpx),
    (b"XPDS", _raster.dpx),
    (b"v/1\x01", _raster.exr),
    (b"II*\0", _iptc.tiff),
    (b"MM\0*", _iptc.tiff),
    (b"II+\0", _iptc.tiff),
    (b"MM\0+", _iptc.tiff),
    (b"\x1aE\xdf\xa3", _matroska.parts),
    (b"\0\0\0\x0cjP  ", _isobmff.parts),
)
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp")
_TEXT_SUFFIXES = (".fountain", ".spmd", ".txt", ".md", ".srt", ".vtt", ".rst", ".license")
_TEXT_NAMES = ("license", "licence", "readme", "copying", "notice", "copyright", "unlicense")


def read(file: BinaryIO, name: str, head: bytes, media_type: str) -> list[Signal]:
    """Return the rights signals inside a file, in the order found.

    file: seekable, any position. name: the last part of its path. head: its first bytes (4096 are plenty). media_type:
    what the extractor took it for; empty when nobody knows. Nothing is raised: what a reader cannot read becomes
    `Signal("unreadable-metadata", sentence, where)`, since an opt-out may lie in it.
    """
    out: list[Signal] = []
    try:
        for signal in _signals(file, name, head, media_type):
            if signal not in out:
                out.append(signal)
            if len(out) >= MAX_SIGNALS:
                out.append(Signal(UNREADABLE, "more rights signals than the cap; the rest was not read", "file"))
                break
    except Exception as error:
        out.append(_unreadable(error, "file"))
    return out


def _unreadable(error: Exception, where: str) -> Signal:
    if isinstance(error, (Unreadable, _xmp.XmpError, JumbfError, ValueError)) and str(error):
        return Signal(UNREADABLE, clean(str(error), 200), where)
    return Signal(UNREADABLE, f"the metadata could not be read ({type(error).__name__})", where)


def _signals(file: BinaryIO, name: str, head: bytes, media_type: str) -> Iterator[Signal]:
    size = file.seek(0, 2)
    embedded, remote = False, []
    for number, part in enumerate(_parts(file, size, name, head, media_type)):
        if number >= MAX_PARTS:
            raise Unreadable("more metadata blocks than the cap; the rest was not read")
        for signal in _of_part(part, file, size):
            embedded = embedded or signal.standard == "c2pa.validation"
            if signal.standard == "c2pa.remote":
                remote.append(signal)
            else:
                yield signal
    if not embedded:  # a credential inside the file comes before one that lies elsewhere
        yield from remote


def _parts(file: BinaryIO, size: int, name: str, head: bytes, media_type: str) -> Iterator[Part]:
    """Cut the metadata out of the container that the content shows; the name only helps to tell texts apart."""
    for magic, reader in _MAGIC:
        if head.startswith(magic):
            yield from reader(file, size)
            return
    lowered = name.lower()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[4:8] in _BOXES:
        yield from _isobmff.parts(file, size)
    elif b"%PDF-" in head[:1024]:
        yield from _pdf.parts(file, size)
    elif head.startswith(b"PK\x03\x04"):
        yield from zip_texts(file)
    elif b"<FinalDraft" in head:
        yield Part("text", fdx_text(file), "text")
    elif (
        media_type in ("image/svg+xml", "application/rdf+xml")
        or lowered.endswith((".xmp", ".svg"))
        or (start[:1] == b"<" and any(mark in head for mark in (b"<svg", b"<x:xmpmeta", b"<?xpacket", b"<rdf:RDF")))
    ):
        yield Part("xml-file", b"", "xmp")
    elif head[4:8] == b"jumb":
        yield from _raster.bare_store(file, size)
    elif media_type.startswith("text/") or lowered.endswith(_TEXT_SUFFIXES) or lowered.startswith(_TEXT_NAMES):
        file.seek(0)
        text = file.read(MAX_TEXT)
        if size > MAX_TEXT:
            file.seek(max(size - 16384, MAX_TEXT))
            text += b"\n" + file.read()
        yield Part("text", text, "text")


def _of_part(part: Part, file: BinaryIO, size: int) -> Iterator[Signal]:
    try:
        if part.kind == "xmp":
            yield from _of_xmp(part.data, part.where)
        elif part.kind == "xml-file":
            yield from _of_file(file, size, part.where)
        elif part.kind == "iim":
            for standard, value in _iptc.iim(part.data):
                yield from _field(standard, value, part.where)
        elif part.kind in ("resources", "exif"):
            for inner in _iptc.resources(part.data) if part.kind == "resources" else _iptc.exif(part.data):
                yield from _of_part(inner, file, size)
        elif part.kind == "c2pa":
            yield from _c2pa.signals(part.data, file, size)
        else:
            yield from _textlines.lines(_decode(part.data), part.where)
    except Exception as error:  # one broken block must not hide its neighbours
        yield _unreadable(error, part.where)


def _of_xmp(packet: bytes, where: str) -> Iterator[Signal]:
    if not packet.strip(b"\0 \t\r\n"):
        return
    try:
        properties = _xmp.parse(packet)
    except _xmp.XmpError as error:
        yield _unreadable(error, where)
        properties = _xmp.salvage(packet)
    yield from _of_properties(properties, where)


def _of_file(file: BinaryIO, size: int, where: str) -> Iterator[Signal]:
    try:
        properties = _xmp.parse_file(file)
    except _xmp.XmpError as error:
        yield _unreadable(error, where)
        file.seek(0)
        properties = _xmp.salvage(file.read(1 << 22))
    yield from _of_properties(properties, where, file, size)


def _of_properties(
    properties: list[tuple[str, str]], where: str, file: BinaryIO | None = None, size: int = 0
) -> Iterator[Signal]:
    for standard, value in properties:
        if standard == _xmp.MANIFEST and file is not None:
            try:
                yield from _c2pa.signals(base64.b64decode(value), file, size)
            except binascii.Error:
                yield Signal(UNREADABLE, "a content credential is not base64", "c2pa")
        elif standard == "dcterms:provenance":
            if value.lower().startswith(("http://", "https://")):
                yield Signal("c2pa.remote", host(value), where)
        else:
            yield from _field(standard, value, where)


def _field(standard: str, value: str, where: str) -> Iterator[Signal]:
    value = bare(value) if value.lower().startswith(("http://", "https://")) and " " not in value else value
    if not (shown := clean(value)):
        return
    # The address of a vocabulary ends in a fragment in some writers: keep what names the licence or value.
    yield Signal(standard, shown, where)
    if standard in _FREE_TEXT:
        yield from _textlines.claims(value, where)


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return _iptc.decode(data.removeprefix(b"\xef\xbb\xbf"))
