"""The large fingerprints of pictures, read from their shards when they are asked for.

A picture's glances and corners are some ten kilobytes, and a version has many pictures. Who compares two pictures asks
for one value after the other, here and there: their row group is read once, into a temporary file. Who goes through
many asks for their corners, shard after shard: these are `kept` for the next build, like what is held of every picture.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.kept import Arrays, Kept
from provenance.dataset.shard import ShardColumns, ShardInfo, read_shard
from provenance.dataset.store import Store
from provenance.dedup.corners import Packed
from provenance.dedup.likeness import SIDE
from provenance.model.errors import CommitError

Rows = npt.NDArray[np.int64]

COLUMNS = ("glance_64", "trimmed_glance_64", "local_features")
_OPEN = 32  # shards held open

# What is held of every picture. row: in its shard. whole, inside: PDQ, nought where there are no bars. size: pixels.
SMALL = np.dtype([("row", "<i4"), ("whole", "u1", 32), ("quality", "<i4"), ("inside", "u1", 32), ("size", "<f4", 2)])
_CORNERS = {"ends": np.dtype("<i8"), "data": np.dtype("u1")}  # of each row of a shard, end to end


class Sketches:
    """Values of COLUMNS of the pictures of some shards, numbered in the order that they are given in."""

    def __init__(self, store: Store, dataset: str, shards: Sequence[tuple[ShardInfo, Rows]], kept: Kept) -> None:
        """shards: each with the rows of its pictures, rising."""
        self._store, self._dataset, self._shards, self._kept = store, dataset, shards, kept
        self._first = np.cumsum([0, *(len(rows) for _, rows in shards)], dtype=np.int64)
        self._opened: OrderedDict[int, ShardColumns] = OrderedDict()
        self._groups: dict[int, Rows] = {}  # the first row of each row group, for each shard that was opened
        self._places: dict[tuple[int, int], list[Rows]] = {}  # where a row group's values lie in the file, per column
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
        places = self._places.get((number, group)) or self._keep(number, group)
        start, end = places[COLUMNS.index(column)][row - groups[group] :][:2].tolist()
        assert self._file is not None
        return os.pread(self._file.fileno(), end - start, start)

    def corners(self, pictures: Rows) -> Packed:
        """Return the records of corners of each picture (rising), none for NULL. ChangedError."""
        data, lengths = [np.empty(0, np.uint8)], [np.empty(0, np.int64)]
        at = np.searchsorted(pictures, self._first)
        for number, (shard, rows) in enumerate(self._shards):
            wanted = rows[pictures[at[number] : at[number + 1]] - self._first[number]]
            if not len(wanted):
                continue
            read = partial(_corners, self._store, self._dataset, shard)
            told = self._kept.arrays(corners_key(shard), _CORNERS, read)
            start, end = told["ends"][wanted], told["ends"][wanted + 1]
            if len(wanted) == shard.rows:
                data.append(told["data"])
            else:
                data += [told["data"][low:high] for low, high in zip(start.tolist(), end.tolist(), strict=True)]
            lengths.append(end - start)
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
        places = self._places[number, group] = []
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


def small(store: Store, dataset: str, shard: ShardInfo, kept: Kept) -> npt.NDArray[np.void]:
    """Return the small fingerprints of the pictures of a shard that have any: SMALL[n]. ChangedError."""
    return kept.arrays(small_key(shard), {"small": SMALL}, partial(_small, store, dataset, shard))["small"]


def small_key(shard: ShardInfo) -> str:
    return f"pictures/{shard.sha256}"


def corners_key(shard: ShardInfo) -> str:
    return f"corners/{shard.sha256}"


def _small(store: Store, dataset: str, shard: ShardInfo) -> Arrays:
    table = read_shard(store, shard, dataset, ["width", "height", "pdq_256", "pdq_quality", "trimmed_pdq_256"])
    have = np.flatnonzero(table.column("pdq_256").is_valid().to_numpy())
    table = table.take(pa.array(have))
    told = np.empty(len(have), SMALL)
    told["row"] = have
    told["whole"], told["inside"] = (as_bytes(table, name, 32) for name in ("pdq_256", "trimmed_pdq_256"))
    told["quality"] = table.column("pdq_quality").to_numpy()
    told["size"] = np.stack([table.column(name).to_numpy() for name in ("width", "height")], axis=1)
    return {"small": told}


def _corners(store: Store, dataset: str, shard: ShardInfo) -> Arrays:
    records = read_shard(store, shard, dataset, ["local_features"]).column(0).combine_chunks()
    ends = np.frombuffer(records.buffers()[1], np.int32)[records.offset :][: len(records) + 1].astype(np.int64)
    data = np.frombuffer(records.buffers()[2] or b"", np.uint8)[ends[0] : ends[-1]]
    return {"ends": ends - ends[0], "data": data}


def as_bytes(table: pa.Table, name: str, width: int) -> npt.NDArray[np.uint8]:
    """Return a column as uint8[rows, width], noughts for NULL."""
    column = table.column(name).combine_chunks()
    fixed = column.fill_null(bytes(width)).cast(pa.binary(width))
    return np.frombuffer(fixed.buffers()[1], np.uint8)[width * fixed.offset :][: width * len(fixed)].reshape(-1, width)


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
        return self.sketches.corners(pictures)
