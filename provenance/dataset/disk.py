"""What the store asks of a file system, and the POSIX one. Every fsync of the house is in this file.

Paths are relative to the root, POSIX, without `.` or `..`. No component is followed when it is a symbolic link: a
dataset at rest is not trusted, and a link in it must not lead a write or a read elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Disk(Protocol):
    """The operations that can fail, one by one. Each raises OSError and nothing else.

    `create` makes a new file, held (see `idle`) until its handle is closed. `fsync_folder` makes the entries of a
    folder durable; until then any of them may vanish or reappear after a power cut, in any order.
    """

    where: str

    def anchor(self) -> None: ...
    def mkdir(self, path: str) -> None: ...
    def create(self, path: str) -> int: ...
    def write(self, handle: int, data: memoryview) -> int: ...
    def fsync(self, handle: int) -> None: ...
    def close(self, handle: int) -> None: ...
    def rename(self, source: str, target: str) -> None: ...
    def link(self, source: str, target: str) -> None: ...
    def unlink(self, path: str) -> None: ...
    def fsync_folder(self, path: str) -> None: ...
    def open(self, path: str) -> int: ...
    def names(self, path: str) -> list[str]: ...
    def idle(self, path: str) -> bool: ...
    def locked(self, *, alone: bool, wait: bool = False) -> contextlib.AbstractContextManager[None]: ...


class PosixDisk:
    """A folder on a local or network file system with hard links. Holds no descriptor, so it may be forked or pickled.

    mode: permissions of new files and, with the x bits added, of new folders; the umask applies.
    """

    def __init__(self, root: Path | str, mode: int = 0o666) -> None:
        self.where = os.fspath(root)
        self._mode = mode
        self._folder_mode = mode | (mode & 0o444) >> 2

    def anchor(self) -> None:
        """Make the root where it is missing, and its entry durable."""
        os.makedirs(self.where, mode=self._folder_mode, exist_ok=True)
        # A parent that we may pass through but not read cannot be synced by us; its owner made the entry long ago.
        with contextlib.suppress(PermissionError):
            _sync_folder(os.path.dirname(os.path.abspath(self.where)))

    def mkdir(self, path: str) -> None:
        with self._parent(path) as (folder, name):
            os.mkdir(name, self._folder_mode, dir_fd=folder)

    def create(self, path: str) -> int:
        with self._parent(path) as (folder, name):
            handle = os.open(name, _CREATE, self._mode, dir_fd=folder)
            try:
                # File systems without locks: then nothing is ever known to be idle, and nothing is swept.
                with contextlib.suppress(OSError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(handle).st_nlink == 0:  # swept between its making and its lock
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            except OSError:
                os.close(handle)
                raise
            return handle

    def write(self, handle: int, data: memoryview) -> int:
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        os.fsync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def rename(self, source: str, target: str) -> None:
        with self._parent(source) as (folder, name), self._parent(target) as (into, new):
            os.rename(name, new, src_dir_fd=folder, dst_dir_fd=into)

    def link(self, source: str, target: str) -> None:
        with self._parent(source) as (folder, name), self._parent(target) as (into, new):
            os.link(name, new, src_dir_fd=folder, dst_dir_fd=into, follow_symlinks=False)

    def unlink(self, path: str) -> None:
        with self._parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def fsync_folder(self, path: str) -> None:
        with self._folder(path) as folder:
            os.fsync(folder)

    def open(self, path: str) -> int:
        """Return a descriptor of a regular file, for reading; ELOOP for a link, EINVAL for any other kind of entry."""
        with self._parent(path) as (folder, name):
            handle = os.open(name, _READ, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return handle

    def names(self, path: str) -> list[str]:
        with self._folder(path) as folder:
            return sorted(os.listdir(folder))

    def idle(self, path: str) -> bool:
        """Return whether no live process holds this file since its `create`."""
        handle = self.open(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True

    @contextlib.contextmanager
    def locked(self, *, alone: bool, wait: bool = False) -> Iterator[None]:
        """Hold the root, with others or alone; BlockingIOError when that cannot be had at once and `wait` is false."""
        handle = os.open(self.where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
            yield
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        folder = os.open(self.where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the root itself may be a link
        try:
            for part in parts(path):
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        *folders, name = parts(path)
        with self._folder("/".join(folders)) as folder:
            yield folder, name


def parts(path: str) -> list[str]:
    """Return the components of a relative POSIX path; none for the root. OSError EINVAL for one that could escape."""
    if not path:
        return []
    found = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in found):
        raise OSError(errno.EINVAL, "not a plain relative path", path)
    return found


def _sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
