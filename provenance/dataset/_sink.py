"""The file under a new object: hashed while it is written. And how a disk's refusals are told."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provenance.dataset.disk import Disk
from provenance.model.errors import CommitError

CHUNK = 2 * 1024 * 1024

_NEXT = {
    errno.ENOSPC: "free space on that disk and run again; nothing half-written is visible",
    errno.EDQUOT: "raise the quota or free space and run again; nothing half-written is visible",
    errno.ESTALE: "remount the share and run again",
    errno.EIO: "check the disk and its log before running again",
    errno.EROFS: "the disk is read-only: check its log, or choose another folder",
    errno.EACCES: "grant yourself write access, or choose another folder",
    errno.EPERM: "choose a file system with hard links for the dataset",
    errno.EOPNOTSUPP: "choose a file system with hard links for the dataset",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object at rest. path: relative to the root, POSIX."""

    path: str
    sha256: str
    bytes: int


class Sink:
    """A file to write to, once and in order; it hashes what goes by. `stored` is set when its block ends well.

    Fit for `pyarrow.PythonFile`. After one failed write every further write fails in the same way.
    """

    def __init__(self, disk: Disk, handle: int, folder: str) -> None:
        self._disk, self._handle, self._folder = disk, handle, folder
        self._hash = hashlib.sha256()
        self._held = bytearray()
        self._pool: ThreadPoolExecutor | None = None
        self._failed: CommitError | None = None
        self._size = 0
        self.closed = False
        self.stored: Stored | None = None

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take all of `data`. CommitError when the disk refuses."""
        view = memoryview(data).cast("B")
        if len(view) < CHUNK:
            self._held += view
            if len(self._held) >= CHUNK:
                self._drain()
        else:
            self._drain()
            for start in range(0, len(view), CHUNK):
                self._through(view[start : start + CHUNK])
        self._size += len(view)
        return len(view)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Do nothing: bytes reach the disk in large pieces, and are made durable once, at the end."""

    def close(self) -> None:
        """Take no more. What was written becomes an object only when the block that made the sink ends well."""
        self.closed = True

    def finish(self) -> str:
        """Write what is held, make all of it durable, and return its SHA-256."""
        self._drain()
        self.stop()
        # No retry: after a failed fsync the kernel may have dropped the pages and would report success.
        with faults(self._disk, self._folder, "making a new file durable"):
            self._disk.fsync(self._handle)
        return self._hash.hexdigest()

    def _drain(self) -> None:
        held, self._held = self._held, bytearray()
        if held:
            self._through(memoryview(held))

    def _through(self, view: memoryview) -> None:
        """Hash and write one piece, side by side when it is large: both release the interpreter."""
        if self._failed is not None:
            raise self._failed
        hashing = None
        if len(view) >= CHUNK // 2:
            self._pool = self._pool or ThreadPoolExecutor(1, "hash")
            hashing = self._pool.submit(self._hash.update, view)
        else:
            self._hash.update(view)
        try:
            with faults(self._disk, self._folder, "writing a new file"):
                while view:
                    view = view[self._disk.write(self._handle, view) :]
        except CommitError as error:
            self._failed = error
            raise
        finally:
            if hashing is not None:
                hashing.result()

    def stop(self) -> None:
        """Take no more and end the hashing thread; again is harmless."""
        self.closed = True
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


@contextlib.contextmanager
def faults(disk: Disk, folder: str, doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise fault(disk, folder, doing, error) from error


def fault(disk: Disk, folder: str, doing: str, error: OSError) -> CommitError:
    return CommitError(
        f"{say(error)} while {doing}",
        where=os.path.join(disk.where, folder) if folder else disk.where,
        next_step=_NEXT.get(
            error.errno or 0, "mend the disk or its mount, then run again; nothing half-written is visible"
        ),
    )


def say(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)
