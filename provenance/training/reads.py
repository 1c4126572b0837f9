"""Which items were read: one byte for each row of the index, in a file that every process of a run maps.

A byte is set before the item is handed out, so a killed run leaves the truth; bytes, not bits, so that two processes
never overwrite each other's marks.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.model.errors import CommitError, UsageError

_HEAD = 64  # bytes: the identity of the decision, hex


class ReadLog:
    """Marks of what was read under one decision. identity: 64 hex digits that name the decision.

    path: where to keep it, or None for a temporary file that goes with this object. Ranks of one machine that name one
    path share it, and a run that is started again under the same decision goes on in it. UsageError when the file is
    the log of another decision.
    """

    def __init__(self, path: str | None, rows: int, identity: str) -> None:
        self.rows = rows
        if path is None:
            handle, path = tempfile.mkstemp(suffix=".reads")
            weakref.finalize(self, _forget, path, os.getpid())
        else:
            handle = _open(path, os.O_RDWR | os.O_CREAT)
        self.path = path
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_size == 0:
                os.ftruncate(handle, _HEAD + rows)
                os.pwrite(handle, identity.encode(), 0)
            if os.pread(handle, _HEAD, 0) != identity.encode() or os.fstat(handle).st_size != _HEAD + rows:
                raise UsageError(
                    "is the record of what was read under another decision of the gate",
                    where=path,
                    next_step="move it away, or name another receipt",
                )
        except OSError as error:
            raise CommitError(
                "the record of reads cannot be written", where=path, next_step="check the disk"
            ) from error
        finally:
            os.close(handle)
        self._map: mmap.mmap | None = None

    def mark(self, row: int) -> None:
        """Note that the item of an index row is read."""
        self._mapped()[_HEAD + row] = 1

    def marked(self) -> npt.NDArray[np.bool_]:
        """Return for each index row whether it was read so far, by any process: bool[rows]."""
        return np.frombuffer(self._mapped(), np.uint8, self.rows, _HEAD).copy().astype(bool)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "rows": self.rows, "_map": None}

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            handle = _open(self.path, os.O_RDWR)
            try:
                self._map = mmap.mmap(handle, _HEAD + self.rows)
            finally:
                os.close(handle)
        return self._map


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CommitError("the record of reads cannot be opened", where=path, next_step="check the folder") from error


def _forget(path: str, process: int) -> None:
    """Remove a temporary log; a forked child that ends leaves its parent's alone."""
    if os.getpid() == process and os.path.exists(path):
        os.unlink(path)
