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

from provenance.building.memo import Memo

Arrays = dict[str, npt.NDArray[Any]]

_FORMAT = 1  # of what is kept: another one begins anew, as told in _ANEW
_AT_ONCE = 64 << 20  # bytes added before they are committed
# A power cut may lose all of it: it costs work, not truth.
_LARGE_PAGES, _LOG, _QUICK = "pragma page_size = 65536", "pragma journal_mode = wal", "pragma synchronous = off"
_WHICH = "pragma user_version"
_ANEW = "drop table if exists kept; pragma user_version = 1"
_TABLE = """
create table if not exists kept (key text, name text, sha256 blob, data blob);
create unique index if not exists place on kept (key, name);
create temp table used (key text primary key) without rowid;
"""
_GET = "select name, sha256, data from kept where key = ?"
_PUT = "insert or replace into kept values (?, ?, ?, ?)"
_USE = "insert or ignore into used values (?)"
_DROP = "delete from kept where key not in (select key from used)"
_UNUSE = "delete from used"


class Kept:
    """The arrays of one dataset. One user, the driver; closing commits.

    Where it cannot be opened, or there is no room, nothing is kept, and what is asked for is made each time.
    """

    def __init__(self, file: Path | None, *, reads_only: bool = False) -> None:
        """file: None keeps nothing. reads_only: what a build has kept is read, and nothing is added."""
        self._file, self._added, self._reads_only = file, 0, reads_only
        self._base: sqlite3.Connection | None = None
        if file is not None:
            self._base = _read(file) if reads_only else _opened(file)

    @staticmethod
    def place(out: str | Path) -> Path:
        """Return where this machine keeps what it read of the dataset at a path."""
        return Memo.place(out).with_suffix(".kept.sqlite")

    def arrays(self, key: str, kinds: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a key, read only, of one dimension each; `make` gives them where they are not here.

        kinds: the type of each, by its name.
        """
        found = self._found(key, kinds)
        if found is not None:
            return found
        made = make()
        if self._reads_only or self._base is None:
            return made
        data = {name: np.ascontiguousarray(made[name], kind).view(np.uint8).data for name, kind in kinds.items()}
        rows = [(key, name, hashlib.sha256(each).digest(), each) for name, each in data.items()]
        self._try(lambda base: base.executemany(_PUT, rows))
        self._added += sum(each.nbytes for each in data.values())
        if self._added >= _AT_ONCE:
            self._try(sqlite3.Connection.commit)
            self._added = 0
        return made

    def _found(self, key: str, kinds: Mapping[str, Any]) -> Arrays | None:
        told = {}
        for name, sha256, data in self._try(lambda base: base.execute(_GET, (key,)).fetchall()) or ():
            if name in kinds and hashlib.sha256(data).digest() == sha256:
                told[name] = np.frombuffer(data, kinds[name])
        return told if len(told) == len(kinds) else None

    def keep_only(self, keys: Collection[str]) -> None:
        """Forget all but these keys. The room that they took is used again."""

        def drop(base: sqlite3.Connection) -> None:
            base.execute(_UNUSE)
            base.executemany(_USE, ((key,) for key in keys))
            base.execute(_DROP)

        self._try(drop)

    def close(self) -> None:
        self._try(sqlite3.Connection.commit)
        if self._base is not None:
            self._base.close()
            self._base = None

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _try(self, act: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return what comes of an act; None, and keep nothing any more, once one fails."""
        if self._base is None:
            return None
        try:
            return act(self._base)
        except (sqlite3.Error, OverflowError) as error:
            self._base.close()
            self._base = None
            if self._file is not None and not self._reads_only and _broken(error):
                _remove(self._file)
            return None


def _opened(file: Path) -> sqlite3.Connection | None:
    for _ in (1, 2):
        base = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            base = sqlite3.connect(file)
            base.execute(_LARGE_PAGES)
            base.execute(_LOG)
            base.execute(_QUICK)
            if base.execute(_WHICH).fetchone() != (_FORMAT,):
                base.executescript(_ANEW)
            base.executescript(_TABLE)
            return base
        except (sqlite3.Error, OSError) as error:
            if base is not None:
                base.close()
            if not _broken(error):
                return None
            _remove(file)
    return None


def _read(file: Path) -> sqlite3.Connection | None:
    if not file.exists():
        return None
    base = None
    try:
        base = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        if base.execute(_WHICH).fetchone() == (_FORMAT,):
            return base
    except sqlite3.Error:
        pass
    if base is not None:
        base.close()
    return None


def _broken(error: Exception) -> bool:
    """Return whether the file is at fault, not the place where it lies."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            os.unlink(f"{file}{suffix}")
