"""Open a file once, beneath the root, and know whether it stayed the same while it was read.

The file system under an archive is not trusted: a name may lead out through links or `..`, be swapped for a pipe
between the walk and the opening, or change under the reader. So a file is opened once, without following anything; what
was opened is what is hashed and decoded; and its identity is compared before and after.

Hard links are opened like any file: bytes beneath the root are bytes of the archive, the kernel cannot say where the
other names lie, and the digest binds what was read. The number of links is told (`Opened.links`) for who wants to ask.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from provenance.archive.walk import Identity, identity_of
from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import Cause

T = TypeVar("T")

# A change within the same clock tick of the file system leaves no trace in ctime; 4 ms is a common tick on Linux, 10 ms
# the longest. A file younger than this is left to age before it is read.
_SETTLE_NS = 20_000_000

# O_NONBLOCK: opening a pipe that took a file's place must not wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_SYS_OPENAT2 = 437  # the same on every Linux architecture
_RESOLVE = 0x08 | 0x04 | 0x02  # RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS


class _OpenHow(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


@dataclass(frozen=True, slots=True)
class Opened:
    """A regular file, open for reading; `identity` is that of the descriptor, not of the name."""

    path: bytes
    descriptor: int
    identity: Identity
    links: int


def open_beneath(root: int, path: bytes) -> int:
    """Return a descriptor of the regular file at `path` below the folder open as `root`.

    No component may be a link, and none may lead up or out; the kernel's openat2 sees to it where there is one, else
    the way is walked step by step. Quarantined otherwise: UNSAFE (absolute, `..`, NUL), NOT_REGULAR, UNREADABLE.
    """
    steps = path.split(b"/")
    if b"\0" in path or any(step in (b"", b".", b"..") for step in steps):
        raise _refused(path, Cause.UNSAFE, "the path is absolute, or not in its plain form, and could lead out")
    try:
        descriptor = _openat2(root, path)
        if descriptor is None:
            descriptor = _step_by_step(root, steps)
    except OSError as error:
        raise _translated(path, error) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _refused(path, Cause.NOT_REGULAR, "not a regular file")
    return descriptor


@contextmanager
def opened(root: int, path: bytes, expected: Identity | None = None) -> Iterator[Opened]:
    """Open a file beneath the root, and on leaving make sure that it did not change meanwhile.

    Raises Quarantined(CHANGED) when device, inode, size, mtime or ctime differ before and after, or from `expected`,
    the identity that the walk saw; an error raised inside is then a consequence and becomes the cause's context.
    A forged mtime does not help: ctime moves with it. Not seen: a change on a file system whose clock does not move.
    """
    descriptor = open_beneath(root, path)
    try:
        before = _settled(descriptor)
        if expected is not None and identity_of(before) != expected:
            raise _refused(path, Cause.CHANGED, "the file is not the one that the walk saw")
        try:
            yield Opened(path, descriptor, identity_of(before), before.st_nlink)
        except Exception as error:
            if not _same(descriptor, before):
                raise _refused(path, Cause.CHANGED, "the file changed while it was read") from error
            raise
        if not _same(descriptor, before):
            raise _refused(path, Cause.CHANGED, "the file changed while it was read")
    finally:
        os.close(descriptor)


def _same(descriptor: int, before: os.stat_result) -> bool:
    try:
        return identity_of(os.fstat(descriptor)) == identity_of(before)
    except OSError:  # a network file system that lost the file
        return False


def _settled(descriptor: int) -> os.stat_result:
    """Return the file's state, once it is old enough for any later change to show in its ctime."""
    state = os.fstat(descriptor)
    # A measure of age, not a moment that decides anything: hence not `model.clock`, which may be fixed.
    if 0 <= time.time_ns() - state.st_ctime_ns < _SETTLE_NS:
        time.sleep(_SETTLE_NS / 1e9)
        state = os.fstat(descriptor)
    return state


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _openat2(root: int, path: bytes) -> int | None:
    """Return a descriptor, or None where the kernel, its filter or the length of the path does not allow this call."""
    if not hasattr(os, "O_PATH"):
        return None
    how = _OpenHow(_FILE, 0, _RESOLVE)
    for _ in range(8):
        descriptor = _libc().syscall(
            ctypes.c_long(_SYS_OPENAT2), ctypes.c_int(root), ctypes.c_char_p(path), ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )  # fmt: skip
        if descriptor >= 0:
            return int(descriptor)
        code = ctypes.get_errno()
        if code in (errno.ENOSYS, errno.EPERM, errno.ENAMETOOLONG, errno.EINVAL, errno.E2BIG):
            return None
        if code not in (errno.EAGAIN, errno.EINTR):  # EAGAIN: something was renamed on the way, look again
            raise OSError(code, os.strerror(code))
    return None


def _step_by_step(root: int, steps: list[bytes]) -> int:
    at = os.dup(root)
    try:
        for step in steps[:-1]:
            below = os.open(step, _STEP, dir_fd=at)
            os.close(at)
            at = below
        return os.open(steps[-1], _FILE, dir_fd=at)
    finally:
        os.close(at)


def _translated(path: bytes, error: OSError) -> Quarantined:
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return _refused(path, Cause.NOT_REGULAR, "a symbolic link, or behind one")
    if error.errno == errno.EXDEV:
        return _refused(path, Cause.UNSAFE, "the path leads out of the archive")
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return _refused(path, Cause.NOT_REGULAR, "a socket or device, not a regular file")
    if error.errno == errno.ENOTDIR:
        return _refused(path, Cause.NOT_REGULAR, "a part of the path is a link or a file, not a folder")
    return _refused(path, Cause.UNREADABLE, f"the file system refused: {error.strerror}")


def _refused(path: bytes, cause: Cause, sentence: str) -> Quarantined:
    return Quarantined(cause, sentence, where=display(path))
