"""Zip and tar archives as folders of members, streamed; nothing is extracted to disk.

This runs in the locked child. Containers are asked last, after the media: many media are zip files inside. A member
that cannot be used is given with its problem and the others go on; only what breaks the archive itself ends it.

Twins are refused, all but the first: of two members with one name nobody can say which one a tool would have taken. A
container within a container is a member like any other; who wants to open it says how deep.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from provenance.archive.inflate import inflated
from provenance.archive.member import Caps, Member, Meter
from provenance.archive.tars import BLOCK, Flow, Plain, is_tar, tar_members
from provenance.archive.zips import zip_members
from provenance.model.words import Cause

_COMPRESSED = {
    "application/gzip": ("gzip", b"\x1f\x8b\x08", (b".gz", b".tgz")),
    "application/x-bzip2": ("bzip2", b"BZh", (b".bz2", b".tbz2", b".tbz")),
    "application/x-xz": ("xz", b"\xfd7zXZ\0", (b".xz", b".txz")),
}
# Documents that are packed as zip say so with their first member: OpenDocument, EPUB, Krita; Office Open XML.
_DOCUMENTS = (b"mimetype", b"[Content_Types].xml")


def sniff_container(head: bytes) -> str | None:
    """Return the media type of a container by its first bytes (512 are enough), or None. Office documents and other
    formats that are zip files inside are none: their parts are no files of an archive."""
    if head[:4] == b"PK\5\6":
        return "application/zip"
    if head[:4] == b"PK\3\4" and len(head) >= 30:
        (length,) = struct.unpack_from("<H", head, 26)
        return None if head[30 : 30 + length] in _DOCUMENTS else "application/zip"
    for media_type, (_, magic, _) in _COMPRESSED.items():
        if head.startswith(magic):
            return media_type
    return "application/x-tar" if is_tar(head) else None


def members(file: BinaryIO, name: bytes, caps: Caps | None = None) -> Iterator[Member]:
    """Yield the members of a container, in its own order; nothing when the file is no container.

    `name` is the container's file name: a compressed single file is one member, named by it without its suffix.
    Quarantined, after the members that came before, when the archive itself is damaged, cut short, encrypted or a bomb.
    """
    seen: set[bytes] = set()
    for member in _members(file, name, Meter(caps or Caps(), file.seek(0, 2))):
        if member.problem is None and member.path in seen:
            member.problem, member.sentence = Cause.UNSAFE, "a second member with the same name"
        seen.add(member.path)
        yield member


def _members(file: BinaryIO, name: bytes, meter: Meter) -> Iterator[Member]:
    file.seek(0)
    kind = sniff_container(file.read(BLOCK))
    file.seek(0)
    if kind == "application/zip":
        yield from zip_members(file, meter)
    elif kind == "application/x-tar":
        yield from tar_members(Plain(file, meter), meter)
    elif kind is not None:
        method, _, suffixes = _COMPRESSED[kind]
        flow = Flow(inflated(file.read, method), meter)
        if is_tar(flow.read_at(0, BLOCK)):
            yield from tar_members(flow, meter)
        else:
            yield _single(flow, name, suffixes, meter)


def _single(flow: Flow, name: bytes, suffixes: tuple[bytes, ...], meter: Meter) -> Member:
    meter.count()
    inner = next((name[: -len(suffix)] for suffix in suffixes if name.lower().endswith(suffix)), name)
    return Member(inner.rpartition(b"/")[2] or b"content", stream=_rest(flow))


def _rest(flow: Flow) -> Iterator[bytes]:
    at = 0
    while piece := flow.read_at(at, BLOCK * 512):
        at += len(piece)
        yield piece
