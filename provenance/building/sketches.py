"""The large fingerprints of pictures, read from their shards when they are asked for.

A picture's glances and corners are some ten kilobytes, and a version has many pictures. Who compares two pictures asks
for one value after the other, here and there: their row group is read once and kept in a temporary file. Who goes
through many gets them as they are read, and nothing is kept.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from provenance.dataset.shard import ShardColumns, ShardInfo
from provenance.dataset.store import Store
from provenance.dedup.corners import Packed
from provenance.dedup.likeness import SIDE
from provenance.model.errors import CommitError

Rows = npt.NDArray[np.int64]

COLUMNS = ("glance_64", "trimmed_glance_64", "local_features")
_OPEN = 32  # shards held open


class Sketches:
    """Values of COLUMNS of the pictures of some shards, numbered in the order that they are given in."""

    def __init__(self, store: Store, dataset: str, shards: Sequence[tuple[ShardInfo, Rows]]) -> None:
        """shards: each with the rows of its pictures, rising."""
        self._store, self._dataset, self._shards = store, dataset, shards
        self._first = np.cumsum([0, *(len(rows) for _, rows in shards)], dtype=np.int64)
        self._opened: OrderedDict[int, ShardColumns] = OrderedDict()
        self._groups: dict[int, Rows] = {}  # the first row of each row group, for each shard that was opened
        self._kept: dict[tuple[int, int], list[Rows]] = {}  # where a row group's values lie in the file, per column
        self._file: IO[bytes] | None = None
        self._end = 0

    def close(self) -> None:
        """Let go of the shards and of the temporary file."""
        for shard in self._opened.values():
            shard.close()
        self._opened.clear()
        if self._file is not None:
            with contextlib.suppress(OSError):  # of what could not be written; nobody asks for it any more
                self._file.close()

    def one(self, picture: int, column: str) -> bytes:
        """Return a value of one picture, empty for NULL. ChangedError; CommitError where there is no room."""
        number = int(np.searchsorted(self._first, picture, side="right")) - 1
        row = int(self._shards[number][1][picture - self._first[number]])
        groups = self._groups[number] if number in self._groups else self._shard(number).first
        group = int(np.searchsorted(groups, row, side="right")) - 1
        places = self._kept.get((number, group)) or self._keep(number, group)
        start, end = places[COLUMNS.index(column)][row - groups[group] :][:2].tolist()
        assert self._file is not None
        return os.pread(self._file.fileno(), end - start, start)

    def many(self, pictures: Rows, column: str) -> Packed:
        """Return a value of each picture (rising), empty for NULL. ChangedError."""
        data, lengths = [np.empty(0, np.uint8)], [np.empty(0, np.int64)]
        at = np.searchsorted(pictures, self._first)
        for number, (_, rows) in enumerate(self._shards):
            wanted = rows[pictures[at[number] : at[number + 1]] - self._first[number]]
            if not len(wanted):
                continue
            shard = self._shard(number)
            cut = np.searchsorted(wanted, shard.first)
            for group in np.flatnonzero(np.diff(cut)).tolist():
                inside = wanted[cut[group] : cut[group + 1]] - shard.first[group]
                values = shard.read(group, [column]).column(0).combine_chunks()
                if len(inside) < len(values):
                    values = values.take(inside)
                ends = np.frombuffer(values.buffers()[1], np.int32)[values.offset :][: len(values) + 1].astype(np.int64)
                data.append(np.frombuffer(values.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]])
                lengths.append(np.diff(ends))
        return Packed(np.concatenate(data), np.concatenate(lengths))

    def _shard(self, number: int) -> ShardColumns:
        if number not in self._opened:
            self._opened[number] = ShardColumns(self._store, self._shards[number][0], self._dataset)
            self._groups[number] = self._opened[number].first
            if len(self._opened) > _OPEN:
                self._opened.popitem(last=False)[1].close()
        self._opened.move_to_end(number)
        return self._opened[number]

    def _keep(self, number: int, group: int) -> list[Rows]:
        table = self._shard(number).read(group, COLUMNS)
        places = self._kept[number, group] = []
        for column in table.columns:
            values = [value or b"" for value in column.to_pylist()]
            places.append(self._end + np.cumsum([0, *map(len, values)], dtype=np.int64))
            self._append(b"".join(values))
        return places

    def _append(self, data: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="sketches-")  # noqa: SIM115  closed by `close`
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise CommitError(
                f"there is no room for the pictures to be compared ({error.strerror})",
                where=tempfile.tempdir,
                next_step="free some space there, or set TMPDIR to a larger disk, and run again",
            ) from error
        self._end += len(data)


@dataclass(frozen=True)
class Glances:
    """One of the columns of glances, by picture: uint8[64, 64]; noughts for NULL."""

    sketches: Sketches
    column: str

    def __getitem__(self, picture: int) -> npt.NDArray[np.uint8]:
        told = self.sketches.one(picture, self.column) or bytes(SIDE * SIDE)
        return np.frombuffer(told, np.uint8).reshape(SIDE, SIDE)


@dataclass(frozen=True)
class Corners:
    """The records of corners: of one picture, or of many (rising)."""

    sketches: Sketches

    def __getitem__(self, pictures: Any) -> Any:
        if isinstance(pictures, int):
            return self.sketches.one(pictures, "local_features")
        return self.sketches.many(pictures, "local_features")
