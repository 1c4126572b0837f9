"""Members of an untrusted zip, read in memory under caps; nothing is ever extracted to disk."""

from __future__ import annotations

import codecs
import struct
import zipfile
import zlib
from typing import BinaryIO

from provenance.media.shelf import Source
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

MAGIC = b"PK\x03\x04"
MAX_MEMBERS = 10_000
MAX_RATIO = 150  # screenplay XML compresses 4 to 20 times
_FREE_BYTES = 1 << 20  # below this a high ratio is harmless
_CHUNK = 1 << 16
# What the standard library raises on bytes that are no zip after all.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, OSError, ValueError)

codecs.lookup("cp437")  # names that are not UTF-8: its module must be in memory before the lock


def names(source: Source) -> list[str] | None:
    """Return the members' names for a guess; None when this is no zip that can be listed."""
    if not source.head.startswith(MAGIC):
        return None
    try:
        with zipfile.ZipFile(source.file) as archive:
            return archive.namelist()[:MAX_MEMBERS]
    except _UNREADABLE:
        return None


def open_checked(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip after looking at every name in it.

    `Quarantined`: unsafe for a name that leaves its folder or stands twice; bomb for too many; encrypted; damaged.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _UNREADABLE:
        raise Quarantined(Cause.DAMAGED, "the zip's list of members cannot be read") from None
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Quarantined(Cause.BOMB, f"the zip lists {len(members):,} members, more than {MAX_MEMBERS:,}")
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or "\0" in name or name[1:2] == ":":
            raise Quarantined(Cause.UNSAFE, f"the zip has a member outside its folder: {name[:100]!r}")
        if name in seen:
            raise Quarantined(Cause.UNSAFE, f"the zip has two members of one name: {name[:100]!r}")
        seen.add(name)
        if member.flag_bits & 1:
            raise Quarantined(Cause.ENCRYPTED, f"the zip's member {name[:100]!r} is encrypted")
    return archive


def read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return one member's bytes. `Quarantined`: bomb past `limit` or the ratio, judged by what comes out; damaged."""
    if name not in archive.namelist():
        raise Quarantined(Cause.DAMAGED, f"the zip has no member {name!r}")
    member = archive.getinfo(name)
    out = bytearray()
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                out += chunk
                if len(out) > limit:
                    raise Quarantined(Cause.BOMB, f"the zip's member {name!r} holds more than {limit:,} bytes")
                if len(out) > _FREE_BYTES and len(out) > MAX_RATIO * max(member.compress_size, 1):
                    raise Quarantined(Cause.BOMB, f"the zip's member {name!r} inflates more than {MAX_RATIO} times")
    except _UNREADABLE:
        raise Quarantined(Cause.DAMAGED, f"the zip's member {name!r} cannot be inflated") from None
    return bytes(out)
