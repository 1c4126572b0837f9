"""Objects and numbered entries in a folder, so that a crash leaves the old state or the new one and never between.

The order of writing, and what a crash after each step leaves:

    object   1 a temp of random name in tmp/, made with O_EXCL   a stale temp; `sweep` takes it
             2 its bytes, hashed as they go by                   a torn temp
             3 fsync of the temp; an error ends the object       a whole temp
             4 rename to <folder>/<sha256><suffix>               an object that no entry names, or none
             5 fsync of the folder                               an object that no entry names
    entry    6 a temp with the bytes, fsync                      as 1 to 3
             7 link to <folder>/<number>.json, which must be new the entry, or none: this is the commit
             8 fsync of the folder; an error means *unknown*     the entry
             9 unlink of the temp                                a stale temp that is a hard link to the entry

So an entry is whole when it can be seen, and whatever it names was durable before it. Writing any of it again is
harmless. A temp is only ever unlinked, never truncated: after step 7 its bytes are the entry's.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from provenance.dataset._sink import CHUNK, Sink, Stored, fault, faults, say
from provenance.dataset.disk import Disk, PosixDisk
from provenance.model.errors import (
    ChangedError,
    CommitError,
    ConflictError,
    InputError,
    MissingError,
    UnknownOutcome,
    UsageError,
)

TEMPS = "tmp"
_TEMP_NAME = re.compile(r"[0-9a-f]{32}\.tmp")
_ENTRY_NAME = re.compile(r"[0-9]{6,}\.json")


class Store:
    """A dataset's folder as a place for objects and numbered entries. May be forked, pickled, and used by many at once.

    root: where it is on this machine. disk: the file system; a test gives a forgetful or failing one. temps: the folder
    of unfinished files; "" for the root itself, in a folder that is not ours and gets one file.
    """

    def __init__(self, root: Path | str, disk: Disk | None = None, temps: str = TEMPS) -> None:
        self.root = Path(root)
        self.disk: Disk = disk if disk is not None else PosixDisk(root)
        self._temps = temps
        self._durable: set[str] = set()

    # Writing.

    @contextlib.contextmanager
    def new_object(self, folder: str, suffix: str) -> Iterator[Sink]:
        """Give a sink; when the block ends well, its bytes are the object `<folder>/<sha256><suffix>`, durable.

        When the block raises, nothing of it is visible. An object that is there already is checked, and kept.
        """
        self._prepare(folder)
        with self._temp(folder) as (temp, handle):
            sink = Sink(self.disk, handle, folder)
            try:
                yield sink
                sha256 = sink.finish()
            finally:
                sink.stop()
            stored = Stored(f"{folder}/{sha256}{suffix}", sha256, sink.tell())
            if not self._holds(stored):
                with faults(self.disk, folder, "naming a new object"):
                    self.disk.rename(temp, stored.path)
            # Also for an object found in place: whoever put it may have been cut off before this line.
            with faults(self.disk, folder, "making a new object durable"):
                self.disk.fsync_folder(folder)
            sink.stored = stored

    def put_bytes(self, folder: str, suffix: str, data: bytes) -> Stored:
        """Keep `data` as an object and return it. Again is harmless."""
        with self.new_object(folder, suffix) as sink:
            sink.write(data)
        assert sink.stored is not None
        return sink.stored

    def commit(self, folder: str, number: int, data: bytes) -> str:
        """Make `data` the entry of this number, and return its path: done, and durable.

        Our own entry, found in place with equal bytes, is done too: the rerun of a commit that was reported failed.
        ConflictError: somebody else has this number. UnknownOutcome: it may be there, look before anything else.
        Any other CommitError: it is not there.
        """
        return self.put_new(entry_path(folder, number), data)

    def put_new(self, path: str, data: bytes) -> str:
        """As `commit`, for a file of any name."""
        folder = os.path.dirname(path)
        self._prepare(folder)
        with self._temp(folder) as (temp, handle):
            sink = Sink(self.disk, handle, folder)
            sink.write(data)
            sink.finish()
            try:
                self.disk.link(temp, path)
            except OSError as error:
                self._look(path, data, error)
        try:
            self.disk.fsync_folder(folder)
        except OSError as error:
            raise self._unknown(path, error) from error
        return path

    def replace(self, path: str, data: bytes) -> None:
        """Put `data` in place of whatever has this name, at one stroke: for what is no evidence, such as the card."""
        folder = os.path.dirname(path)
        self._prepare(folder)
        with self._temp(folder) as (temp, handle):
            sink = Sink(self.disk, handle, folder)
            sink.write(data)
            sink.finish()
            with faults(self.disk, folder, f"replacing {path}"):
                self.disk.rename(temp, path)
                self.disk.fsync_folder(folder)

    def settle(self, folder: str) -> None:
        """Make what is visible in a folder durable: before it is remembered elsewhere as seen.

        A folder that is not there yet shows nothing: whoever was to make it was cut off.
        """
        with faults(self.disk, folder, "making what was read durable"), contextlib.suppress(FileNotFoundError):
            self.disk.fsync_folder(folder)

    def sweep(self) -> list[str]:
        """Unlink the temps that dead writers left, and return their paths. Never those of a living one, nor others."""
        with faults(self.disk, TEMPS, "sweeping"):
            swept = []
            for name in self.names(TEMPS):
                path = f"{TEMPS}/{name}"
                # A temp may go while we look: its writer ended well, or another sweep took it.
                with contextlib.suppress(FileNotFoundError):
                    if _TEMP_NAME.fullmatch(name) and self.disk.idle(path):
                        self.disk.unlink(path)
                        swept.append(path)
            return swept

    def remove(self, paths: Iterable[str]) -> None:
        """Unlink objects that no retained version names. For gc, inside `alone`."""
        for path in paths:
            with (
                faults(self.disk, os.path.dirname(path), "removing an object"),
                contextlib.suppress(FileNotFoundError),
            ):
                self.disk.unlink(path)

    # Reading.

    def open(self, path: str) -> int:
        """Return a descriptor for reading; the caller closes it. MissingError, or ChangedError for a link or device."""
        try:
            return self.disk.open(path)
        except FileNotFoundError as error:
            raise MissingError("is named but not there", where=self.at(path), next_step="restore it") from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EINVAL, errno.ENXIO):
                raise ChangedError("is not a regular file", where=self.at(path), next_step="restore it") from error
            raise self._unreadable(path, error) from error

    def read(self, path: str, most: int = 256 * 1024 * 1024) -> bytes:
        """Return a file's bytes, unverified. ChangedError when there are more than `most` of them."""
        with self._reading(path) as (handle, size):
            if size > most:
                raise ChangedError(f"has {size} bytes where {most} are the most allowed", where=self.at(path))
            return b"".join(_pieces(handle))

    def load(self, path: str, sha256: str, size: int | None = None) -> memoryview:
        """Return an object's bytes in memory of our own, proven by digest (and size). ChangedError, MissingError."""
        with self._reading(path) as (handle, found):
            if size not in (None, found):
                raise self.changed(path)
            size = found
            data, proof, at = memoryview(bytearray(size)), hashlib.sha256(), 0
            while at < size and (got := os.readv(handle, [data[at : at + CHUNK]])):
                proof.update(data[at : at + got])
                at += got
            if at != size or proof.hexdigest() != sha256:
                raise self.changed(path)
            return data.toreadonly()

    @contextlib.contextmanager
    def copied(self, path: str, sha256: str, size: int) -> Iterator[int]:
        """Lend a descriptor of a copy that is ours alone, proven as by `load`: for what is too large to hold.

        The copy has no name and is in the machine's folder for temporary files. CommitError when that is full.
        """
        with tempfile.TemporaryFile(buffering=0) as own:
            with self._reading(path) as (handle, found):
                if size != found:
                    raise self.changed(path)
                proof, at = hashlib.sha256(), 0
                for piece in _pieces(handle):
                    proof.update(piece)
                    at += len(piece)
                    _put_whole(own, piece, path)
            if at != size or proof.hexdigest() != sha256:
                raise self.changed(path)
            yield own.fileno()

    def digest(self, path: str) -> tuple[str, int]:
        """Return the SHA-256 and the size of a file, read in pieces."""
        with self._reading(path) as (handle, _):
            proof, size = hashlib.sha256(), 0
            for piece in _pieces(handle):
                proof.update(piece)
                size += len(piece)
            return proof.hexdigest(), size

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, ascending; none when there is no such folder."""
        try:
            return self.disk.names(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(folder, error) from error

    def numbers(self, folder: str) -> list[int]:
        """Return the numbers of the entries in a folder, ascending. Other names are passed over: see `verify`."""
        names = set(self.names(folder))
        found = (int(name[:-5]) for name in names if _ENTRY_NAME.fullmatch(name))
        return sorted(number for number in found if number and f"{number:06d}.json" in names)

    def changed(self, path: str) -> ChangedError:
        return ChangedError(
            "its bytes are not the ones that were signed",
            where=self.at(path),
            next_step="restore it from a mirror, then provenance verify",
        )

    def at(self, path: str) -> str:
        """Return where a path of the store is on this machine, for people."""
        return os.path.join(self.disk.where, path) if path else self.disk.where

    # Who else is here.

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep gc away while objects are put or read. Many may hold at once."""
        with self._locked(alone=False, busy="another process is removing objects from it"):
            yield

    @contextlib.contextmanager
    def alone(self, *, wait: bool = False) -> Iterator[None]:
        """Be the only one: for gc. CommitError while a build or a reader holds the dataset, unless told to wait."""
        with self._locked(alone=True, wait=wait, busy="a build or a reader is using it"):
            yield

    @contextlib.contextmanager
    def _locked(self, *, alone: bool, busy: str, wait: bool = False) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with faults(self.disk, "", "locking the folder"):
                self._anchor()
                try:
                    stack.enter_context(self.disk.locked(alone=alone, wait=wait))
                except BlockingIOError as error:
                    raise CommitError(
                        busy, where=self.at(""), next_step="wait for it to end, then run again"
                    ) from error
            yield

    # Below the line.

    def _anchor(self) -> None:
        if "" not in self._durable:
            self.disk.anchor()
            self._durable.add("")

    def _prepare(self, folder: str) -> None:
        """Make a folder and the temps' folder, and every entry that leads to the folder durable; once per store."""
        if folder in self._durable and self._temps in self._durable:
            return
        with faults(self.disk, folder, "making a folder"):
            self._anchor()
            if self._temps:
                with contextlib.suppress(FileExistsError):
                    self.disk.mkdir(self._temps)  # Not made durable: a lost temp is no loss.
            self._durable.add(self._temps)
            steps = folder.split("/") if folder else []
            for depth in range(len(steps)):
                outer, inner = "/".join(steps[:depth]), "/".join(steps[: depth + 1])
                if inner not in self._durable:
                    with contextlib.suppress(FileExistsError):
                        self.disk.mkdir(inner)
                    # Also when it was there: its maker may have been cut off before this line.
                    self.disk.fsync_folder(outer)
                    self._durable.add(inner)

    @contextlib.contextmanager
    def _temp(self, folder: str) -> Iterator[tuple[str, int]]:
        name = f"{secrets.token_hex(16)}.tmp"
        temp = f"{self._temps}/{name}" if self._temps else f".{name}"
        with faults(self.disk, folder, "making a new file"):
            handle = self.disk.create(temp)
        try:
            yield temp, handle
        finally:
            # Neither matters: what counts was synced before, and what remains is a stale temp for `sweep`.
            with contextlib.suppress(OSError):
                self.disk.unlink(temp)
            with contextlib.suppress(OSError):
                self.disk.close(handle)

    @contextlib.contextmanager
    def _reading(self, path: str) -> Iterator[tuple[int, int]]:
        """Give a descriptor and the size that the file had when it was opened."""
        handle = self.open(path)
        try:
            yield handle, os.fstat(handle).st_size
        except OSError as error:
            raise self._unreadable(path, error) from error
        finally:
            os.close(handle)

    def _holds(self, stored: Stored) -> bool:
        """Return whether the object is there already. ChangedError when its name is there with other bytes."""
        try:
            found = self.digest(stored.path)
        except MissingError:
            return False
        except InputError as error:
            raise CommitError(error.what, where=error.where, next_step="mend the disk, then run again") from error
        if found != (stored.sha256, stored.bytes):
            raise self.changed(stored.path)
        return True

    def _look(self, path: str, data: bytes, error: OSError) -> None:
        """After a failed link: return when the entry is ours all the same, and say what is the case otherwise."""
        try:
            found = self.read(path)
        except MissingError:
            raise fault(self.disk, path, "committing an entry", error) from error
        except (InputError, ChangedError) as unreadable:
            raise self._unknown(path, error) from unreadable
        if found != data:
            raise ConflictError(
                "somebody else committed this number first",
                where=self.at(path),
                next_step="run again: it starts from theirs",
            ) from error

    def _unreadable(self, path: str, error: OSError) -> InputError:
        return InputError(
            f"cannot be read ({say(error)})",
            where=self.at(path),
            next_step="check the disk, its mount and your permissions, then run again",
        )

    def _unknown(self, path: str, error: OSError) -> UnknownOutcome:
        return UnknownOutcome(
            f"it may or may not be committed ({say(error)})",
            where=self.at(path),
            next_step="delete nothing; once the disk is well, run the same command again and it will look first",
        )


def entry_path(folder: str, number: int) -> str:
    """Return where the entry of a number lies: `versions/000007.json`."""
    if number < 1:
        raise UsageError(f"entries are numbered from 1, not {number}", where=folder)
    return f"{folder}/{number:06d}.json"


def _put_whole(own: BinaryIO | io.RawIOBase, piece: bytes, path: str) -> None:
    left = memoryview(piece)
    try:
        while left:
            left = left[own.write(left) or 0 :]
    except OSError as error:
        raise CommitError(
            f"cannot be copied to be proven: {error.strerror}", where=path, next_step="set TMPDIR to a folder with room"
        ) from error


def _pieces(handle: int) -> Iterator[bytes]:
    while piece := os.read(handle, CHUNK):
        yield piece
