"""Boxes of ISO base media files: MP4, MOV, HEIF, AVIF, JPEG 2000. Walked by seeking, bounded in number and depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from provenance.rights.sources import _jumbf
from provenance.rights.sources._part import MAX_PART, MAX_STEPS, Part, Unreadable, read_at

MAX_DEPTH = 16
_CONTAINERS = frozenset(b"moov trak mdia minf stbl udta meta moof traf mvex edts dinf iprp ipco mfra ilst".split())
_COPYRIGHT_ATOMS = ("/udta/\xa9cpy", "/udta/cprt", "/ilst/\xa9cpy/data", "/ilst/cprt/data")
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")


@dataclass(frozen=True, slots=True)
class Box:
    """path: `/moov/udta/XMP_`; top-level boxes have one slash. start to end: with the header. body: behind it."""

    path: str
    start: int
    body: int
    end: int

    @property
    def kind(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def boxes(file: BinaryIO, start: int, end: int) -> list[Box]:
    """Return every box between two offsets, parents before their children, in file order. Unreadable beyond bounds."""
    out: list[Box] = []
    pending = [("", start, end)]
    while pending:
        parent, at, limit = pending.pop()
        children = []
        while at + 8 <= limit:
            if len(out) >= MAX_STEPS:
                raise Unreadable("more boxes than the cap")
            head = read_at(file, at, min(16, limit - at))
            size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], at + 8
            if size == 1 and len(head) == 16:
                size, body = int.from_bytes(head[8:16], "big"), at + 16
            elif size == 0:
                size = limit - at
            if size < body - at or at + size > limit:
                if not parent and at > start:
                    raise Unreadable("a box is longer than the file")
                break  # QuickTime ends some lists with a bare zero
            box = Box(f"{parent}/{kind.decode('latin-1')}", at, body, at + size)
            out.append(box)
            if kind in _CONTAINERS or box.path.startswith("/moov/udta/meta/ilst/"):
                if box.path.count("/") > MAX_DEPTH:
                    raise Unreadable("boxes nested too deeply")
                children.append((box.path, body + _full_head(file, kind, body, box.end), box.end))
            at += size
        pending.extend(reversed(children))
    return sorted(out, key=lambda box: (box.start, -box.end))


def _full_head(file: BinaryIO, kind: bytes, body: int, end: int) -> int:
    """`meta` is a full box in MP4 (4 more bytes of header) and a plain one in QuickTime."""
    if kind != b"meta" or end - body < 12:
        return 0
    return 0 if read_at(file, body + 4, 4) == b"hdlr" else 4


def parts(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP (uuid, udta/XMP_, HEIF item), C2PA, IPTC and copyright texts."""
    tree = boxes(file, 0, size)
    for box in tree:
        kind, length = box.kind, box.end - box.body
        if kind == "uuid" and length >= 16:
            mark = read_at(file, box.body, 16)
            if mark == _XMP_UUID:
                yield Part("xmp", read_at(file, box.body + 16, length - 16), "xmp")
            elif mark == _IPTC_UUID:
                yield Part("iim", read_at(file, box.body + 16, length - 16), "iptc-iim")
            elif mark == _C2PA_UUID:
                data = read_at(file, box.body + 16, length - 16)
                found = _jumbf.find(data)
                if found >= 0:
                    yield Part("c2pa", data[found:], "c2pa")
        elif kind == "XMP_":
            yield Part("xmp", read_at(file, box.body, length), "xmp")
        elif kind == "jumb" and box.path == "/jumb":
            yield Part("c2pa", read_at(file, box.start, box.end - box.start), "c2pa")
        elif box.path.endswith(_COPYRIGHT_ATOMS) and 8 < length < 65536:
            yield Part("text", _printable(read_at(file, box.body, length)), "mp4-copyright")
    yield from _items(file, tree, size)


def _printable(body: bytes) -> bytes:
    """The text of a copyright box. Its head: iTunes type and locale, full box and language, or QuickTime length."""
    if body[:4] == b"\0\0\0\1":
        return body[8:]
    if body[:4] == b"\0\0\0\0":
        text = body[6:].rstrip(b"\0")
        return text.decode("utf-16", "replace").encode() if text[:2] in (b"\xfe\xff", b"\xff\xfe") else text
    return body[4:]


def _items(file: BinaryIO, tree: list[Box], size: int) -> Iterator[Part]:
    """HEIF and AVIF keep XMP and Exif as items: `iinf` names them, `iloc` says where their bytes are."""
    meta = [box for box in tree if box.path == "/meta"]
    if not meta:
        return
    names = {}
    places: dict[int, list[tuple[int, int]]] = {}
    inner = {box.kind: box for box in boxes(file, meta[0].body + 4, meta[0].end)}
    if "iinf" in inner and "iloc" in inner:
        names = _item_names(file, inner["iinf"])
        places = _item_places(file, inner["iloc"], inner.get("idat"))
    for number, name in names.items():
        data = b""
        for start, length in places.get(number, ()):
            data += read_at(file, start, length or max(size - start, 0))
            if len(data) > MAX_PART:
                raise Unreadable("a metadata item is larger than the cap")
        if name == "xmp":
            yield Part("xmp", data, "xmp")
        else:  # an Exif item begins with the offset of its TIFF header
            yield Part("exif", data[4 + int.from_bytes(data[:4], "big") :], "exif")


def _item_names(file: BinaryIO, box: Box) -> dict[int, str]:
    version = read_at(file, box.body, 1)[0]
    found = {}
    for entry in boxes(file, box.body + (6 if version == 0 else 8), box.end):
        data = read_at(file, entry.body, min(entry.end - entry.body, 512))
        if entry.kind != "infe" or not data or data[0] not in (2, 3):
            continue
        wide = 2 if data[0] == 2 else 4
        number = int.from_bytes(data[4 : 4 + wide], "big")
        kind, rest = data[6 + wide : 10 + wide], data[10 + wide :]
        if kind == b"Exif":
            found[number] = "exif"
        elif kind == b"mime" and b"application/rdf+xml" in rest:
            found[number] = "xmp"
    return found


def _item_places(file: BinaryIO, box: Box, idat: Box | None) -> dict[int, list[tuple[int, int]]]:
    """Return the byte ranges of each item (ISO 14496-12, 8.11.3), items of construction method 0 and 1."""
    data = read_at(file, box.body, box.end - box.body)
    version, sizes = data[0], int.from_bytes(data[4:6], "big")
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    at = 6

    def take(width: int) -> int:
        nonlocal at
        if at + width > len(data):
            raise Unreadable("the item table breaks off")
        at += width
        return int.from_bytes(data[at - width : at], "big")

    wide = 4 if version >= 2 else 2
    out: dict[int, list[tuple[int, int]]] = {}
    for _ in range(min(take(wide), MAX_STEPS)):
        number = take(wide)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(base_size)
        start = idat.body if method == 1 and idat else 0
        spans = []
        for _ in range(take(2)):
            take(index_size)
            offset = take(offset_size)
            spans.append((start + base + offset, take(length_size)))
        out[number] = spans
    return out
