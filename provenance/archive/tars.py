"""Tar archives (POSIX ustar and pax, GNU long names), read in one pass, as files or out of a compressed stream.

The standard library's reader is not used: it stops in silence at a damaged header, and reads extended headers of any
size into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from provenance.archive.member import CHUNK, Member, Meter, bomb, plain_path
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

BLOCK = 512
_LONGEST_HEADER = 1 << 20
_FILES = (b"0", b"\0", b"7")
_PASSED_OVER = (b"5", b"D", b"V")  # folders, GNU's folder listings, volume labels
_SORTS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
}


class Plain:
    """A tar in a seekable file."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file, self.size, self._meter = file, file.seek(0, 2), meter

    def read_at(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        data = self._file.read(count)
        self._meter.spend(len(data))
        return data

    def finish(self) -> None:
        pass


class Flow:
    """A tar in a stream of pieces, read forward only; what lies between two reads is passed over, and counted too."""

    def __init__(self, pieces: Iterator[bytes], meter: Meter) -> None:
        self._pieces, self._meter = pieces, meter
        self._held, self._start = b"", 0

    def read_at(self, at: int, count: int) -> bytes:
        if at < self._start:
            raise ValueError("a member is used after the next one was asked for")
        while self._start + len(self._held) < at + count:
            drop = min(at - self._start, len(self._held))
            self._held, self._start = self._held[drop:], self._start + drop
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._meter.spend(len(piece))
            self._held += piece
        drop = min(at - self._start, len(self._held))
        self._held, self._start = self._held[drop:], self._start + drop
        return self._held[:count] if self._start == at else b""

    def finish(self) -> None:
        """Read to the end: only there does a compressed stream prove that it was whole."""
        for piece in self._pieces:
            self._meter.spend(len(piece))


def is_tar(head: bytes) -> bool:
    """Say whether these bytes begin with a tar header; decided by its checksum, as old archives have no magic."""
    return len(head) >= BLOCK and head[:1] != b"\0" and _sound(head[:BLOCK])


def tar_members(source: Plain | Flow, meter: Meter) -> Iterator[Member]:
    """Yield the members in order; folders and volume labels are passed over.

    Quarantined for what ends the reading: DAMAGED (a header whose checksum does not hold), TRUNCATED, BOMB. What came
    before it has been given.
    """
    at = 0
    records: dict[str, bytes] = {}
    while True:
        header = source.read_at(at, BLOCK)
        if not header.strip(b"\0"):
            if records or 0 < len(header) < BLOCK:
                raise Quarantined(Cause.TRUNCATED, "the archive ends within a header")
            source.finish()
            return
        if len(header) < BLOCK:
            raise Quarantined(Cause.TRUNCATED, "the archive ends within a header")
        if not _sound(header):
            raise Quarantined(Cause.DAMAGED, f"the header at byte {at} is damaged")
        meter.count()
        at += BLOCK
        kind, size = header[156:157], _number(header[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            if size > _LONGEST_HEADER:
                raise bomb(f"a header of {size} bytes")
            records |= _records(kind, source.read_at(at, size))
            at += _padded(size)
            continue
        if "size" in records:
            size = _decimal(records["size"])
        if kind in _SORTS or kind == b"5":
            size = 0  # whatever the field says, no bytes follow
        folder = kind in _PASSED_OVER or (kind in _FILES and "path" not in records and _name(header).endswith(b"/"))
        if not folder:
            yield _member(header, kind, size, records, source, at, meter)
        at, records = at + _padded(size), {}


def _member(
    header: bytes, kind: bytes, size: int, records: dict[str, bytes], source: Plain | Flow, at: int, meter: Meter
) -> Member:
    name = records.get("path", _name(header))
    try:
        path = plain_path(name)
        if kind in _SORTS:
            raise Quarantined(Cause.NOT_REGULAR, f"{_SORTS[kind]}, not a regular file")
        if kind not in _FILES or any(key.startswith("GNU.sparse.") for key in records):
            raise Quarantined(Cause.UNSUPPORTED, "a sparse file, a volume or another kind of member that is not read")
        if size > meter.caps.member_bytes:
            raise bomb(f"a member of {size} bytes")
        if isinstance(source, Plain) and at + size > source.size:
            raise Quarantined(Cause.TRUNCATED, "the container ends within this member")
    except Quarantined as refusal:
        return Member(name, size, refusal.cause, refusal.what)
    return Member(path, size, stream=_content(source, at, size))


def _content(source: Plain | Flow, at: int, size: int) -> Iterator[bytes]:
    end = at + size
    while at < end:
        piece = source.read_at(at, min(CHUNK, end - at))
        if not piece:
            raise Quarantined(Cause.TRUNCATED, "the container ends within this member")
        at += len(piece)
        yield piece


def _records(kind: bytes, data: bytes) -> dict[str, bytes]:
    """Return what an extended header says of the member that follows: pax records, or a GNU long name."""
    if kind in (b"L", b"K"):
        return {"path" if kind == b"L" else "linkpath": data.partition(b"\0")[0]}
    found: dict[str, bytes] = {}
    while data:
        length, space, rest = data.partition(b" ")
        count = _decimal(length) if space else 0
        record, data = rest[: max(0, count - len(length) - 1)], data[count:]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n"):
            raise Quarantined(Cause.DAMAGED, "an extended header is damaged")
        found[key.decode("utf-8", "replace")] = value[:-1]
    if kind == b"g":
        if "path" in found or "size" in found:
            raise Quarantined(Cause.UNSAFE, "a global header gives one name or size to every member")
        return {}
    return found


def _sound(header: bytes) -> bool:
    """Compare a header's checksum: bytes summed with blanks in its place, signed or not, as old tars differed."""
    try:
        stated = _number(header[148:156])
    except Quarantined:
        return False
    rest = header[:148] + b" " * 8 + header[156:]
    return stated in (sum(rest), sum(byte - 256 if byte > 127 else byte for byte in rest))


def _name(header: bytes) -> bytes:
    name, prefix = header[:100].partition(b"\0")[0], header[345:500].partition(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name


def _number(field: bytes) -> int:
    """Return a numeric field: octal digits, or base 256 where its first bit is set (GNU)."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise Quarantined(Cause.DAMAGED, "a header holds a number that is none")
    return int(digits or b"0", 8)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise Quarantined(Cause.DAMAGED, "an extended header holds a number that is none")
    return int(digits)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
