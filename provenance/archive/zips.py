"""Zip archives (APPNOTE.TXT 6.3), read from their central directory, nothing believed that is said only once.

1. The end record and the central directory must lie inside the file and agree on the number of entries.
2. No two entries may share bytes: archives that overlap their members turn kilobytes into petabytes.
3. Each member's own header must repeat the name, the method and the encryption of the directory.
4. What comes out must have the declared size and checksum.

The standard library's reader is not used: it takes the whole directory in, decodes names and lets members overlap.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from provenance.archive.inflate import inflated
from provenance.archive.member import Member, Meter, bomb, plain_path, stored_chunks
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _HIDDEN = 0x0001 | 0x0040, 0x2000
_METHODS = {8: "deflate", 12: "bzip2"}
_UNIX = (3, 19)  # systems whose external attributes hold a mode: Unix, macOS


class _Entry(NamedTuple):
    name: bytes
    system: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int
    end: int  # where the next entry, or the directory, begins


def zip_members(file: BinaryIO, meter: Meter) -> Iterator[Member]:
    """Yield the members in the order of the directory; folders are passed over.

    Quarantined for an archive as a whole: DAMAGED, TRUNCATED, BOMB, UNSUPPORTED (several volumes), ENCRYPTED directory.
    """
    for entry in _entries(file, meter):
        if entry.name.endswith(b"/") and entry.size == 0:
            continue
        try:
            path = plain_path(entry.name)
            _refuse(entry, meter)
            start = _data(file, entry)
        except Quarantined as refusal:
            yield Member(entry.name, entry.size, refusal.cause, refusal.what)
            continue
        yield Member(path, entry.size, stream=_content(file, start, entry, meter))


def _refuse(entry: _Entry, meter: Meter) -> None:
    kind = stat.S_IFMT(entry.mode) if entry.system in _UNIX else 0
    if kind and not stat.S_ISREG(entry.mode):
        raise Quarantined(Cause.NOT_REGULAR, "a member that is a link, a device or a folder with content")
    if entry.name.endswith(b"/"):
        raise Quarantined(Cause.UNSAFE, "a member that is named like a folder and has content")
    if entry.flags & _ENCRYPTED:
        raise Quarantined(Cause.ENCRYPTED, "an encrypted member")
    if entry.method != 0 and entry.method not in _METHODS:
        raise Quarantined(Cause.UNSUPPORTED, f"compression method {entry.method}; unpack it and pack it with deflate")
    if entry.method == 0 and entry.packed != entry.size:
        raise Quarantined(Cause.DAMAGED, "a stored member with two sizes")
    if entry.size > meter.caps.member_bytes:
        raise bomb(f"a member of {entry.size} bytes")
    if entry.size > meter.caps.free_bytes + meter.caps.ratio * entry.packed:
        raise bomb(f"a member that swells more than {meter.caps.ratio} times")


def _data(file: BinaryIO, entry: _Entry) -> int:
    """Return where a member's bytes begin, after its own header was found to agree with the directory."""
    file.seek(entry.offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
        raise Quarantined(Cause.DAMAGED, "no member where the directory says there is one")
    _, _, flags, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack(head)
    differs = (flags ^ entry.flags) & _ENCRYPTED or method != entry.method
    if differs or file.read(name_length) != entry.name:
        raise Quarantined(Cause.UNSAFE, "the directory and the member's own header say different things")
    start = entry.offset + _LOCAL.size + name_length + extra_length
    if start + entry.packed > entry.end:
        raise bomb("members that overlap")
    return int(start)


def _content(file: BinaryIO, start: int, entry: _Entry, meter: Meter) -> Iterator[bytes]:
    if entry.method == 0:
        pieces = stored_chunks(file, start, entry.size)
    else:
        at = start

        def read(count: int) -> bytes:
            nonlocal at
            file.seek(at)
            data = file.read(min(count, start + entry.packed - at))
            at += len(data)
            return data

        pieces = inflated(read, _METHODS[entry.method])
    done = crc = 0
    for piece in pieces:
        done += len(piece)
        if done > entry.size:
            raise bomb("a member that holds more than it declares")
        meter.spend(len(piece))
        crc = zlib.crc32(piece, crc)
        yield piece
    if done < entry.size:
        raise Quarantined(Cause.TRUNCATED, "a member that holds less than it declares")
    if crc != entry.crc:
        raise Quarantined(Cause.DAMAGED, "a member whose checksum does not hold")


def _entries(file: BinaryIO, meter: Meter) -> list[_Entry]:
    """Return the directory, checked: every entry inside the file, none overlapping another."""
    count, size, start = _directory(file)
    if count > meter.caps.members:
        raise bomb(f"{count} members")
    entries, at = [], start
    for _ in range(count):
        file.seek(at)
        head = file.read(_CENTRAL.size)
        if len(head) < _CENTRAL.size or head[:4] != b"PK\1\2":
            raise Quarantined(Cause.DAMAGED, "the directory of the archive is damaged")
        (_, made, _, flags, method, _, _, crc, packed, plain, name_length, extra_length, note_length, _, _, attributes,
         offset) = _CENTRAL.unpack(head)  # fmt: skip
        name, extra = file.read(name_length), file.read(extra_length)
        plain, packed, offset = _wide(extra, [plain, packed, offset])
        if flags & _HIDDEN:
            raise Quarantined(Cause.ENCRYPTED, "an archive whose directory is encrypted")
        entries.append(_Entry(name, made >> 8, flags, method, crc, packed, plain, attributes >> 16, offset, 0))
        at += _CENTRAL.size + name_length + extra_length + note_length
    if at != start + size:
        raise Quarantined(Cause.DAMAGED, "the directory of the archive has another size than declared")
    ends: dict[int, int] = {}
    following = start
    for entry in sorted(entries, key=lambda entry: entry.offset, reverse=True):
        if entry.offset in ends or entry.offset + _LOCAL.size + len(entry.name) + entry.packed > following:
            raise bomb("members that overlap")
        ends[entry.offset] = following
        following = entry.offset
    return [entry._replace(end=ends[entry.offset]) for entry in entries]


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Return size, packed size and offset, each from the Zip64 field where the plain one is full."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == 1:
            wide = list(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            return [wide.pop(0) if value == _FULL32 and wide else value for value in values]
    return values


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """Return the number of entries, the size and the offset of the central directory."""
    length = file.seek(0, 2)
    tail_start = max(0, length - _END.size - _FULL16)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") > len(tail):
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        raise Quarantined(Cause.TRUNCATED, "the archive has no end record: it is cut short, or not whole yet")
    _, disk, first_disk, here, count, size, start, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if _FULL16 in (count, here) or _FULL32 in (size, start):
        file.seek(max(0, end - _LOCATOR64.size))
        locator = file.read(_LOCATOR64.size)
        if locator[:4] == b"PK\6\7":
            end = _LOCATOR64.unpack(locator)[2]
            file.seek(min(end, length))
            record = file.read(_END64.size)
            if len(record) < _END64.size or record[:4] != b"PK\6\6":
                raise Quarantined(Cause.DAMAGED, "the end record of the archive is damaged")
            _, _, _, _, disk, first_disk, here, count, size, start = _END64.unpack(record)
    if disk or first_disk or here != count:
        raise Quarantined(Cause.UNSUPPORTED, "an archive in several volumes; join them first")
    if start + size > end:
        raise Quarantined(Cause.DAMAGED, "the directory does not lie where the end record says")
    return count, size, start
