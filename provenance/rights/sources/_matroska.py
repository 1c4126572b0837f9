"""Matroska and WebM: copyright and licence tags (RFC 9559 and the Matroska tag list), found by walking the elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from provenance.rights.sources._part import MAX_PART, Part, Unreadable, read_at

_SEGMENT, _TAGS, _TAG, _SIMPLE, _NAME, _STRING = 0x18538067, 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
_RIGHTS = (b"COPYRIGHT", b"LICENSE", b"TERMS_OF_USE", b"PRODUCTION_COPYRIGHT")
_MAX_ELEMENTS = 200_000


def parts(file: BinaryIO, size: int) -> Iterator[Part]:
    """Yield the rights tags of the segment; clusters are stepped over, never read."""
    for kind, start, end in _elements(file, 0, size):
        if kind != _SEGMENT:
            continue
        for inner, a, b in _elements(file, start, end):
            if inner == _TAGS:
                data = read_at(file, a, min(b - a, MAX_PART))
                yield from _tags(data)


def _tags(data: bytes) -> Iterator[Part]:
    for kind, start, end in _parse(data):
        if kind == _TAG:
            for inner, a, b in _parse(data[start:end]):
                if inner == _SIMPLE:
                    body = data[start:end][a:b]
                    fields = {k: body[s:e] for k, s, e in _parse(body)}
                    name = fields.get(_NAME, b"").rstrip(b"\0").upper()
                    if name in _RIGHTS:
                        yield Part("text", fields.get(_STRING, b"").rstrip(b"\0"), f"matroska-{name.decode().lower()}")


def _number(raw: bytes, *, keep: bool) -> tuple[int, int]:
    """A variable-size integer: (value, bytes used). keep: with its length marker, as in element ids."""
    width = 9 - raw[0].bit_length() if raw and raw[0] else 9
    if width > 8 or len(raw) < width:
        raise Unreadable("a Matroska element breaks off")
    value = int.from_bytes(raw[:width], "big")
    return (value if keep else value & ((1 << 7 * width) - 1)), width


def _elements(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    for _ in range(_MAX_ELEMENTS):
        if at + 2 > end:
            return
        head = read_at(file, at, min(12, end - at))
        kind, used = _number(head, keep=True)
        length, more = _number(head[used:], keep=False)
        body = at + used + more
        # A live recording leaves the size open: all ones. Its tags cannot be told apart without reading the clusters.
        endless = length == (1 << 7 * more) - 1
        if body + length > end and not endless and kind != _SEGMENT:
            raise Unreadable("a Matroska element is longer than the file")
        stop = end if endless else min(body + length, end)
        yield kind, body, stop
        at = stop
    raise Unreadable("more Matroska elements than the cap")


def _parse(data: bytes) -> Iterator[tuple[int, int, int]]:
    at = 0
    while at + 2 <= len(data):
        kind, used = _number(data[at : at + 4], keep=True)
        length, more = _number(data[at + used : at + used + 8], keep=False)
        body = at + used + more
        if body + length > len(data):
            raise Unreadable("a Matroska tag breaks off")
        yield kind, body, body + length
        at = body + length
