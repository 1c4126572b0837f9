"""Inside the locked child: take a job, run the entry on its files, send back what it yields, take the next.

Everything the entry raises becomes one FAILED frame with a cause and a sentence. A descriptor of a job is closed when
the job ends.
"""

from __future__ import annotations

import array
import io
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import ModuleType, TracebackType
from typing import Any, BinaryIO, NoReturn

from provenance.model.errors import Quarantined
from provenance.model.words import Cause
from provenance.sandbox import frames

Entry = Callable[[dict[str, Any], list[BinaryIO]], Iterable[tuple[Mapping[str, Any], bytes]]]

_NOTE_FRAMES = 6


class _ParentGone(BaseException):
    """Nobody is listening any more. Not an Exception, so that no handler of the entry's makes it a result."""


class NothingMore:
    """The last finder on `sys.meta_path` of a locked child: what was not loaded before the lock is not there.

    Without it an import would stumble over the closed file system somewhere inside; a library's own fallback for a
    missing module expects ImportError.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        raise ModuleNotFoundError(
            f"{name} was not loaded before the lock: import it in the entry's preload()", name=name
        )


def forever(link: socket.socket, entry: Entry) -> NoReturn:
    """Say that the lock is closed, serve until the parent hangs up, then end the process."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, NothingMore]  # type: ignore[list-item]
    try:
        _send(link, frames.LOCKED)
        while True:
            job, descriptors = _take(link)
            _send(link, _answer(link, entry, job, descriptors))
    except _ParentGone:
        os._exit(0)


def _answer(link: socket.socket, entry: Entry, job: dict[str, Any], descriptors: list[int]) -> bytes:
    """Run one job and return its last frame."""
    files: list[BinaryIO] = []
    try:
        # A shared offset may stand anywhere. Long sequences get small buffers, or these alone would fill the memory.
        size = 65536 if len(descriptors) <= 16 else io.DEFAULT_BUFFER_SIZE
        for number in descriptors:
            os.lseek(number, 0, os.SEEK_SET)
            files.append(os.fdopen(number, "rb", buffering=size))
        for header, body in entry(job, files):
            _send(link, frames.pack(frames.ITEM, header, len(body)), body)
        return frames.pack(frames.DONE, {})
    except _ParentGone:
        raise
    except Quarantined as error:
        return _failed(error.cause, error.what, planned=True, where=error.where)
    except MemoryError as error:
        return _failed(Cause.MEMORY, "needs more memory than a reader may have", note=_note(error))
    except RecursionError as error:
        return _failed(Cause.BOMB, "is nested deeper than a reader follows", note=_note(error))
    except BaseException as error:
        first = str(error).strip().partition("\n")[0]
        what = f"{type(error).__name__}: {first}" if first else type(error).__name__
        return _failed(Cause.DAMAGED, f"could not be read ({frames.sentence(what, 200)})", note=_note(error))
    finally:
        for file in files:
            file.close()
        for number in descriptors[len(files) :]:
            os.close(number)


def _failed(cause: Cause, what: str, *, planned: bool = False, where: str | None = None, note: str = "") -> bytes:
    header = {"cause": cause, "what": frames.sentence(what), "planned": planned, "note": note}
    if where is not None:
        header["where"] = frames.sentence(where)
    return frames.pack(frames.FAILED, header)


def _note(error: BaseException) -> str:
    """Say where in the code it happened, for whoever repairs a reader: `pdf.py:41 < document.py:7`, innermost first."""
    places: list[str] = []
    at: TracebackType | None = error.__traceback__
    while at is not None:
        places.append(f"{os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}")
        at = at.tb_next
    return " < ".join(reversed(places[-_NOTE_FRAMES:]))


def _take(link: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Wait for a job. Reads exactly what is framed: a byte too many would swallow descriptors that follow."""
    descriptors: list[int] = []
    start = _with_descriptors(link, frames.PREFIX.size, descriptors)
    prefix = frames.read_prefix(start + _exactly(link, frames.PREFIX.size - len(start)))
    job = frames.read_header(_exactly(link, prefix.header_length))
    while len(descriptors) < prefix.body_length:
        # The parent waits for this before it sends the next batch, so that few descriptors are ever under way.
        _send(link, frames.MORE)
        _with_descriptors(link, 1, descriptors)
    return job, descriptors


def _with_descriptors(link: socket.socket, count: int, descriptors: list[int]) -> bytes:
    """Receive at least one byte, at most `count`, and add the descriptors that came with it."""
    number = array.array("i")
    data, ancillary, flags, _address = link.recvmsg(count, socket.CMSG_SPACE(frames.BATCH * number.itemsize))
    if not data or flags & socket.MSG_CTRUNC:
        raise _ParentGone
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            number.frombytes(payload)
    descriptors += number
    return data


def _exactly(link: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = link.recv(min(count, 1 << 20))
        if not part:
            raise _ParentGone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _send(link: socket.socket, head: bytes, body: bytes = b"") -> None:
    try:
        if len(body) <= 65536:
            link.sendall(head + body)
        else:
            link.sendall(head)
            link.sendall(body)
    except (BrokenPipeError, ConnectionError):
        raise _ParentGone from None
