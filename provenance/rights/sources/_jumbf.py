"""JUMBF boxes (ISO 19566-5), the container of content credentials: a tree of labelled superboxes, bounded."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPTH = 12
MAX_BOXES = 20_000
MAX_STORE = 64 * 1024 * 1024

STORE_MARK = b"jumd" + bytes.fromhex("6332706100110010800000aa00389b71")  # the description box of a credential store


class JumbfError(ValueError):
    """The bytes are not the boxes that they should be, or exceed the bounds."""


@dataclass(frozen=True, slots=True)
class Superbox:
    """One labelled box. content: all that follows its own header (what its hash covers). boxes: plain contents."""

    label: str
    kind: bytes
    content: memoryview
    children: tuple[Superbox, ...]
    boxes: tuple[tuple[bytes, memoryview], ...]

    def child(self, *labels: str) -> Superbox | None:
        """Return the first child with one of these labels."""
        return next((child for child in self.children if child.label in labels), None)

    def box(self, kind: bytes) -> memoryview | None:
        return next((body for name, body in self.boxes if name == kind), None)


def read(data: bytes) -> Superbox:
    """Return the superbox that `data` begins with. JumbfError for anything else, or beyond the bounds."""
    for kind, body in _split(memoryview(data), [MAX_BOXES]):
        if kind != b"jumb":
            break
        return _superbox(body, 0, [MAX_BOXES])
    raise JumbfError("no JUMBF superbox where one should begin")


def find(data: bytes, start: int = 0) -> int:
    """Return where in `data` a credential store's superbox begins, or -1."""
    at = data.find(STORE_MARK, start)
    return at - 12 if at >= 12 and data[at - 8 : at - 4] == b"jumb" else -1


def _split(data: memoryview, left: list[int]) -> list[tuple[bytes, memoryview]]:
    out, at = [], 0
    while at + 8 <= len(data):
        left[0] -= 1
        if left[0] < 0:
            raise JumbfError("more boxes than the cap allows")
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8]), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or size > len(data) - at:
            raise JumbfError("a box larger than what holds it")
        out.append((kind, data[at + head : at + size]))
        at += size
    return out


def _superbox(content: memoryview, depth: int, left: list[int]) -> Superbox:
    if depth > MAX_DEPTH:
        raise JumbfError("boxes nested too deeply")
    parts = _split(content, left)
    if not parts or parts[0][0] != b"jumd" or len(parts[0][1]) < 17:
        raise JumbfError("a superbox without its description")
    description = parts[0][1]
    label = ""
    if description[16] & 2:
        label = bytes(description[17:]).split(b"\0", 1)[0].decode("utf-8", "replace")
    children = tuple(_superbox(body, depth + 1, left) for kind, body in parts[1:] if kind == b"jumb")
    boxes = tuple((kind, body) for kind, body in parts[1:] if kind != b"jumb")
    return Superbox(label, bytes(description[:16]), content, children, boxes)
