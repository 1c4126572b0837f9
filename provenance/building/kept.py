"""What a search for duplicates asks of shards, kept from build to build: a new item is compared with all that is old,
and need not open a shard of it.

Arrays by a key that names their content: the digest of a shard, and what was made of it. A convenience, never evidence:
lose it and the shards are read again. What is read back is proven by its digest, so that rot costs work and not truth.
It lies beside the memory of the build (`memo`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

_FORMAT = 1  # of what is kept: another one begins anew
_PAGE = 1 << 16
_AT_ONCE = 64 << 20  # bytes added before they are committed
_TABLE = """
create table if not exists kept (key text, name text, sha256 blob, data blob);
create unique index if not exists place on kept (key, name);
"""


class Kept:
    """The arrays of one dataset. One user, the driver; closing commits.

    Where it cannot be opened, or there is no room, nothing is kept, and what is asked for is made each time.
    """

    def __init__(self, file: Path | None) -> None:
        """file: None keeps nothing."""
        self._file, self._added = file, 0
        self._base: sqlite3.Connection | None = None
        if file is not None:
            self._base = _opened(file)

    def arrays(self, key: str, kinds: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a key, read only, of one dimension each; `make` gives them where they are not here.

        kinds: the type of each, by its name.
        """
        found = self._found(key, kinds)
        if found is not None:
            return found
        made = make()
        for name, array in made.items():
            data = np.ascontiguousarray(array, kinds[name]).view(np.uint8).data
            row = key, name, hashlib.sha256(data).digest(), data
            self._run("insert or replace into kept values (?, ?, ?, ?)", row)
            self._added += data.nbytes
        if self._added >= _AT_ONCE:
            self._run("commit")
            self._added = 0
        return made

    def _found(self, key: str, kinds: Mapping[str, Any]) -> Arrays | None:
        told = {}
        for name, sha256, data in self._run("select name, sha256, data from kept where key = ?", (key,)):
            if name in kinds and hashlib.sha256(data).digest() == sha256:
                told[name] = np.frombuffer(data, kinds[name])
        return told if len(told) == len(kinds) else None

    def keep_only(self, keys: Collection[str]) -> None:
        """Forget all but these keys. The room that they took is used again."""
        self._run("create temp table if not exists used (key text primary key) without rowid")
        for key in keys:
            self._run("insert or ignore into used values (?)", (key,))
        self._run("delete from kept where key not in (select key from used)")
        self._run("drop table used")

    def close(self) -> None:
        self._run("commit")
        if self._base is not None:
            self._base.close()
            self._base = None

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self, statement: str, given: tuple[object, ...] = ()) -> list[Any]:
        """Return what the base answers; nothing, and keep nothing any more, once it fails."""
        if self._base is None:
            return []
        try:
            if statement == "commit":
                self._base.commit()
                return []
            return self._base.execute(statement, given).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            self._base.close()
            self._base = None
            if self._file is not None and _broken(error):
                _remove(self._file)
            return []


def _opened(file: Path) -> sqlite3.Connection | None:
    for _ in (1, 2):
        base = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            base = sqlite3.connect(file)
            base.execute(f"pragma page_size = {_PAGE}")
            # A power cut may lose it: it costs work, not truth.
            base.execute("pragma journal_mode = wal")
            base.execute("pragma synchronous = off")
            if base.execute("pragma user_version").fetchone() != (_FORMAT,):
                base.executescript(f"drop table if exists kept; pragma user_version = {_FORMAT}")
            base.executescript(_TABLE)
            return base
        except (sqlite3.Error, OSError) as error:
            if base is not None:
                base.close()
            if not _broken(error):
                return None
            _remove(file)
    return None


def _broken(error: Exception) -> bool:
    """Return whether the file is at fault, not the place where it lies."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.unlink(f"{file}{suffix}")
