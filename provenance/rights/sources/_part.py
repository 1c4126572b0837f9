"""One piece of metadata cut out of a container, and the bounds that all container readers keep."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import BinaryIO

MAX_PART = 32 * 1024 * 1024  # bytes of one packet, after inflating
MAX_PARTS = 64  # per file
MAX_STEPS = 100_000  # segments, chunks, tags or boxes walked per file


class Unreadable(Exception):
    """The container breaks off or breaks the bounds, so that metadata may be there which nobody read."""


@dataclass(frozen=True, slots=True)
class Part:
    """kind: xmp, iim, resources (Photoshop), exif, c2pa or text. where: as in `Signal.where`."""

    kind: str
    data: bytes
    where: str


def read_at(file: BinaryIO, at: int, count: int) -> bytes:
    """Return exactly `count` bytes from offset `at`. Unreadable when the file is shorter or the cap is passed."""
    if count > MAX_PART:
        raise Unreadable("a metadata block is larger than the cap")
    file.seek(at)
    data = file.read(count)
    if len(data) != count:
        raise Unreadable("the file ends inside a metadata block")
    return data


def inflate(data: bytes) -> bytes:
    """Return a zlib stream's content. Unreadable for damage, or content beyond MAX_PART."""
    engine = zlib.decompressobj()
    try:
        out = engine.decompress(data, MAX_PART)
    except zlib.error:
        raise Unreadable("a compressed metadata block is damaged") from None
    if engine.unconsumed_tail:
        raise Unreadable("a compressed metadata block is larger than the cap")
    return out
