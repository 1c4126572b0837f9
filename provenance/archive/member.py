"""What all containers share: a member, the caps on what a container may give, and the check of member names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import Cause

CHUNK = 1 << 18
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Caps:
    """What one container may give; sizes in bytes. ratio: bytes out for each byte in, once `free_bytes` are out."""

    members: int = 100_000
    total_bytes: int = 64 << 30
    member_bytes: int = 16 << 30
    free_bytes: int = 64 << 20
    ratio: int = 200


class Meter:
    """Counts what comes out of one container, and refuses what is too much."""

    def __init__(self, caps: Caps, size: int) -> None:
        self.caps, self.size = caps, size
        self.members = self.out = 0

    def count(self) -> None:
        self.members += 1
        if self.members > self.caps.members:
            raise bomb(f"more than {self.caps.members} members")

    def spend(self, count: int) -> None:
        self.out += count
        if self.out > self.caps.total_bytes:
            raise bomb(f"more than {self.caps.total_bytes} bytes come out")
        if self.out > self.caps.free_bytes + self.caps.ratio * self.size:
            raise bomb(f"more than {self.caps.ratio} bytes come out for each byte in")


@dataclass(slots=True)
class Member:
    """One file inside a container, to be used before the next one is asked for.

    path: as stored, raw bytes, without `.` and empty components. size: as declared, None when only the end tells. With
    a `problem` it is refused, and `sentence` says why; its content is then never given.
    """

    path: bytes
    size: int | None = None
    problem: Cause | None = None
    sentence: str = ""
    stream: Iterable[bytes] = field(default=(), repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content once. Quarantined when it is damaged, cut short, or more than the caps allow."""
        try:
            if self.problem is not None:
                raise Quarantined(self.problem, self.sentence)
            yield from self.stream
        except Quarantined as refusal:
            raise Quarantined(refusal.cause, refusal.what, where=display(self.path)) from refusal


def stored_chunks(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    """Yield a part of a file. Quarantined(TRUNCATED) when the file ends before it."""
    done = 0
    while done < size:
        file.seek(start + done)
        chunk = file.read(min(CHUNK, size - done))
        if not chunk:
            raise Quarantined(Cause.TRUNCATED, "the container ends within this member")
        done += len(chunk)
        yield chunk


def plain_path(name: bytes) -> bytes:
    """Return a member's name without empty and `.` components. Quarantined(UNSAFE) for one that would lead out.

    A backslash is a byte of the name like any other, but `..` behind one is refused too: on Windows it would lead out.
    """
    steps = [step for step in name.split(b"/") if step not in (b"", b".")]
    if not steps or len(name) > _LONGEST_PATH or b"\0" in name:
        raise Quarantined(Cause.UNSAFE, "a member without a usable name")
    if name[:1] in (b"/", b"\\") or name[1:2] == b":":
        raise Quarantined(Cause.UNSAFE, "a member with an absolute name")
    if b".." in name.replace(b"\\", b"/").split(b"/"):
        raise Quarantined(Cause.UNSAFE, "a member whose name leads out of the container")
    return b"/".join(steps)


def bomb(sentence: str) -> Quarantined:
    return Quarantined(Cause.BOMB, sentence)
