"""IPTC-IIM records, Photoshop image resources, and the tags of TIFF and Exif."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from provenance.rights.sources._part import MAX_PART, MAX_STEPS, Part, Unreadable, read_at

IIM_NAMES = {116: "iptc:CopyrightNotice", 110: "iptc:Credit", 40: "iptc:SpecialInstructions"}
_RESOURCES = {1060: ("xmp", "xmp"), 1028: ("iim", "iptc-iim"), 1058: ("exif", "exif")}
_TIFF_TAGS = {700: "xmp", 33723: "iim", 34377: "resources", 33432: "copyright", 52545: "c2pa"}
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}


def resources(data: bytes) -> Iterator[Part]:
    """Yield XMP, IIM and Exif of a run of Photoshop image resource blocks; a copyright flag as text."""
    at = 0
    for _ in range(MAX_STEPS):
        if at + 12 > len(data):
            return
        if data[at : at + 4] not in (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa"):
            if data[at:].strip(b"\0"):
                raise Unreadable("the Photoshop resources break off")
            return
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        at += 6
        at += (1 + data[at] + 1) & ~1  # a Pascal name, padded to even
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 4 + length]
        if len(body) != length:
            raise Unreadable("a Photoshop resource is longer than what holds it")
        if number in _RESOURCES:
            yield Part(_RESOURCES[number][0], body, _RESOURCES[number][1])
        at += 4 + length + (length & 1)


def iim(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of the rights datasets of an IIM block: copyright notice, credit, special instructions.

    Text is UTF-8 where record 1:90 says so or where it decodes as such, else Windows-1252.
    """
    at, utf8 = data.find(b"\x1c"), False
    for _ in range(MAX_STEPS):
        if at < 0 or at + 5 > len(data) or data[at] != 0x1C:
            return
        record, number = data[at + 1], data[at + 2]
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if length & 0x8000:  # an extended dataset: the length of the length
            width = length & 0x7FFF
            if width > 4:
                raise Unreadable("an IPTC dataset is larger than the cap")
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        body = data[at : at + length]
        if len(body) != length:
            raise Unreadable("an IPTC dataset is longer than its block")
        if record == 1 and number == 90:
            utf8 = body == b"\x1b%G"
        elif record == 2 and number in IIM_NAMES and body.strip(b" \0"):
            yield IIM_NAMES[number], decode(body, utf8=utf8)
        at += length


def decode(raw: bytes, *, utf8: bool = False) -> str:
    """Return text of unstated encoding: UTF-8 where it is that, else Windows-1252."""
    try:
        return raw.decode("utf-8", "replace" if utf8 else "strict")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def tiff(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield XMP, IIM, Photoshop resources, C2PA and the copyright tag of each page of a TIFF, BigTIFF or Exif block."""
    head = read_at(file, 0, 8)

    def number(raw: bytes) -> int:
        return int.from_bytes(raw, "little" if head[:2] == b"II" else "big")

    big = number(head[2:4]) == 43
    wide = 8 if big else 4
    at = number(read_at(file, 8, 8)) if big else number(head[4:8])
    seen: set[int] = set()
    steps = 0
    while at:
        if at in seen or len(seen) > 4096:
            raise Unreadable("the TIFF's pages run in a circle")
        seen.add(at)
        count = number(read_at(file, at, 8 if big else 2))
        at += 8 if big else 2
        entry = 20 if big else 12
        steps += count
        if steps > MAX_STEPS:
            raise Unreadable("the TIFF has more tags than the cap")
        table = read_at(file, at, count * entry)
        for start in range(0, len(table), entry):
            row = table[start : start + entry]
            name = _TIFF_TAGS.get(number(row[:2]))
            if name is None:
                continue
            length = number(row[4 : 4 + wide]) * _TIFF_SIZES.get(number(row[2:4]), 1)
            place = row[4 + wide :]
            body = place[:length] if length <= wide else read_at(file, number(place), length)
            if name == "copyright":
                text = decode(body.replace(b"\0", b" ")).strip()
                yield Part("text", text.encode(), "exif-copyright")
            else:
                yield Part(name, body, {"iim": "iptc-iim", "resources": "iptc-iim"}.get(name, name))
        at += count * entry
        if at + wide > size:
            return
        at = number(read_at(file, at, wide))


def exif(data: bytes) -> Iterator[Part]:
    """Yield the parts of an Exif block, which is a TIFF without a picture."""
    if data[:4] in (b"II*\0", b"MM\0*") and len(data) <= MAX_PART:
        yield from tiff(io.BytesIO(data), len(data))
    elif data.strip(b"\0"):
        raise Unreadable("the Exif block does not begin as one")
