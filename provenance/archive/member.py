"""What all containers share: a member, the caps on what a container may give, and the check of member names."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import Cause

CHUNK = 1 << 18
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Caps:
    """What one container of the archive may give, all that is nested in it included; sizes in bytes.

    ratio: bytes out for each byte in, once `free_bytes` are out. depth: containers within containers. held_bytes: how
    much of one compressed member is kept in memory when it must be seekable; nothing is written to disk.
    """

    members: int = 100_000
    total_bytes: int = 64 << 30
    member_bytes: int = 16 << 30
    free_bytes: int = 64 << 20
    ratio: int = 200
    depth: int = 3
    held_bytes: int = 256 << 20


class Meter:
    """Counts what comes out of one container of the archive, nested ones included, and refuses what is too much."""

    def __init__(self, caps: Caps, size: int) -> None:
        self.caps, self.size = caps, size
        self.members = self.out = 0
        self.seen: set[bytes] = set()

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

    path: as stored, raw bytes, without `.` and empty components; below the container, whose nested containers count as
    folders. size: as declared, None when only the end tells. With a `problem` it is refused, and `sentence` says why;
    its content is then never given.
    """

    path: bytes
    size: int | None = None
    problem: Cause | None = None
    sentence: str = ""
    stream: Iterable[bytes] = field(default=(), repr=False)
    window: tuple[BinaryIO, int] | None = field(default=None, repr=False)  # where its plain bytes lie, when they do
    summed: bool = True  # the container has a checksum of it, which reading it checks
    meter: Meter | None = field(default=None, repr=False)
    nest: Callable[[Member], Iterator[Member]] | None = field(default=None, repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content once. Quarantined when it is damaged, cut short, or more than the caps allow."""
        if self.problem is not None:
            raise Quarantined(self.problem, self.sentence, where=display(self.path))
        try:
            yield from self.stream
        except Quarantined as refusal:
            raise Quarantined(refusal.cause, refusal.what, where=refusal.where or display(self.path)) from refusal

    def file(self) -> BinaryIO:
        """Return the content as a seekable file, its checksum checked where it has one: a window where it is stored
        plainly, else held in memory. Quarantined as for `chunks`, and MEMORY when more than `held_bytes` were held."""
        if self.window is not None and self.size is not None:
            for _ in self.chunks() if self.summed or self.problem else ():
                pass
            raw = Window(self.window[0], self.window[1], self.size)
            return cast(BinaryIO, io.BufferedReader(raw, CHUNK))
        most = self.meter.caps.held_bytes if self.meter else 0
        held = io.BytesIO()
        for chunk in self.chunks():
            if held.tell() + len(chunk) > most:
                raise Quarantined(
                    Cause.MEMORY, f"a compressed member of more than {most} bytes; unpack it", where=display(self.path)
                )
            held.write(chunk)
        held.seek(0)
        return held

    def members(self) -> Iterator[Member]:
        """Yield what lies inside this member, when it is a container itself; nothing when it is none.

        Quarantined(BOMB) when containers lie deeper in one another than the caps allow.
        """
        return self.nest(self) if self.nest is not None else iter(())


class Window(io.RawIOBase):
    """A part of a seekable file as a file of its own. It keeps its own position."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(view), self._size - self._at)))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def window_chunks(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
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
