"""What this machine remembers of a build, outside the dataset: digests by file identity, and finished units.

It is a convenience, never evidence. Lose it and the next build reads the archive again; it lies under PROVENANCE_HOME,
with the keys, because a forged memory could pass old bytes off as read.

A file's digest is believed only while device, inode, size, mtime **and ctime** are what they were: a forged mtime moves
the ctime. Files younger than two seconds when they were read are not remembered, since a later write could share their
time stamp.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from provenance.dataset.signing import home
from provenance.model.errors import CommitError
from provenance.model.words import sha256_hex

Identity = tuple[int, int, int, int, int]  # device, inode, size, mtime_ns, ctime_ns

YOUNG_NS = 2_000_000_000

_TABLES = """
create table if not exists digest (path blob primary key, identity text not null, sha256 text not null) without rowid;
create table if not exists finished (key text primary key, record text not null) without rowid;
"""


class Memo:
    """The memory of one dataset's builds. One writer, the driver; closing commits."""

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = _open(file)
        except (sqlite3.Error, OSError) as error:
            raise CommitError(
                f"the build memory cannot be opened ({error})", where=str(file), next_step="delete it and run again"
            ) from error

    @classmethod
    def reading(cls, file: str) -> contextlib.AbstractContextManager[Memo | None]:
        """Give the memory to a worker that only looks things up, or None when there is none."""
        return cls(Path(file)) if os.path.exists(file) else contextlib.nullcontext()

    @staticmethod
    def place(out: str | Path) -> Path:
        """Return where this machine remembers the builds of the dataset at a path."""
        return home() / "builds" / f"{sha256_hex(os.fsencode(os.path.realpath(out)))[:32]}.sqlite"

    @staticmethod
    @contextlib.contextmanager
    def alone(file: Path) -> Iterator[None]:
        """Be the only build of a dataset on this machine. CommitError while another one runs."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(f"{file}.lock", "ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommitError(
                    "another build of this dataset is running here", next_step="wait for it, then run again"
                ) from None
            yield

    def digest(self, path: bytes, identity: Identity) -> str | None:
        """Return the SHA-256 that a file of this very identity had, or None."""
        row = self._base.execute("select identity, sha256 from digest where path = ?", (path,)).fetchone()
        return row[1] if row is not None and row[0] == _text(identity) else None

    def learn(self, found: Iterable[tuple[bytes, Identity, str]], now_ns: int) -> None:
        """Remember digests, but of no file so young that a later write could look the same."""
        rows = [
            (path, _text(identity), sha256)
            for path, identity, sha256 in found
            if now_ns - max(identity[3], identity[4]) > YOUNG_NS
        ]
        self._base.executemany("insert or replace into digest values (?, ?, ?)", rows)
        self._base.commit()

    def finished(self, key: str) -> dict[str, Any] | None:
        """Return the record of a unit that was finished but perhaps never committed, or None."""
        row = self._base.execute("select record from finished where key = ?", (key,)).fetchone()
        record: dict[str, Any] | None = json.loads(row[0]) if row is not None else None
        return record

    def finish(self, key: str, record: dict[str, Any]) -> None:
        self._base.execute("insert or replace into finished values (?, ?)", (key, json.dumps(record)))
        self._base.commit()

    def forget_finished(self) -> None:
        """Forget finished units: they are committed now."""
        self._base.execute("delete from finished")
        self._base.commit()

    def close(self) -> None:
        self._base.close()

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(file: Path) -> sqlite3.Connection:
    for attempt in (1, 2):
        base = sqlite3.connect(file)
        try:
            # A power cut may lose the last moments of the memory; it then costs work, not truth.
            base.execute("pragma journal_mode = wal")
            base.execute("pragma synchronous = off")
            base.executescript(_TABLES)
            return base
        except sqlite3.DatabaseError:
            base.close()
            if attempt == 2:
                raise
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{file}{suffix}")
    raise AssertionError("unreachable")


def _text(identity: Identity) -> str:
    return ",".join(map(str, identity))
