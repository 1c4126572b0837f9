"""What a unit leaves behind: its items in shards, and its rows of the tables, kept for the commit to come."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from provenance.building.outcome import Outcome
from provenance.building.rows import index_row, row_of
from provenance.building.spool import Spool
from provenance.dataset import schema
from provenance.dataset.shard import ShardInfo, ShardWriter, payload_places
from provenance.dataset.store import Store
from provenance.model.words import Kind

SHARD_BYTES = 512 * 1024 * 1024  # a shard is closed once its payloads reach this
WORK = "work"
_WAITING_ROWS, _WAITING_BYTES = 256, 32 * 1024 * 1024  # written together

_ORDINALS = ("rights_id", "exact_group", "near_group", "copy_group")
INDEX_PART = pa.schema([part for part in schema.INDEX if part.name not in _ORDINALS])


@dataclass
class _Open:
    """A shard that is being written, and its rows of the index. A few rows wait: one by one they cost far more."""

    writer: ShardWriter
    entries: list[dict[str, Any]] = field(default_factory=list)
    bytes: int = 0  # of payloads
    waiting: list[dict[str, Any]] = field(default_factory=list)
    waiting_bytes: int = 0

    def take(self, row: dict[str, Any], size: int) -> None:
        self.waiting.append(row)
        self.waiting_bytes += size
        self.bytes += size
        if len(self.waiting) >= _WAITING_ROWS or self.waiting_bytes >= _WAITING_BYTES:
            self.write()

    def write(self) -> None:
        self.writer.append_many(self.waiting)
        self.waiting, self.waiting_bytes = [], 0


class UnitShards:
    """The shards of one unit, a writer per kind, closed and begun anew when they grow fat. Left early, none stays.

    evidence: what the rights columns of an item say, by the asset's outcome and the item's header.
    """

    def __init__(
        self, store: Store, dataset_id: str, evidence: Callable[[Outcome, dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._store, self._dataset_id, self._evidence = store, dataset_id, evidence
        self._open: dict[Kind, _Open] = {}
        self._done: list[tuple[ShardInfo, list[dict[str, Any]]]] = []

    def __enter__(self) -> UnitShards:
        return self

    def __exit__(self, *error: object) -> None:
        for held in self._open.values():
            held.writer.abandon()

    def take(self, spool: Spool, outcome: Outcome, asset: int) -> dict[str, int]:
        """Append the items of one asset, which is row `asset` of the unit's assets; return how many of each kind."""
        counts: dict[str, int] = {}
        for header, payload in spool.drain():
            kind = Kind(header["kind"])
            row = row_of(header, payload, outcome, self._evidence(outcome, header))
            if kind not in self._open:
                self._open[kind] = _Open(ShardWriter(self._store, kind, self._dataset_id))
            shard = self._open[kind]
            shard.entries.append(index_row(kind, row, asset))
            shard.take(row, len(payload))
            counts[kind.value] = counts.get(kind.value, 0) + 1
            if shard.bytes >= SHARD_BYTES:
                self._close(kind)
        return counts

    def _close(self, kind: Kind) -> None:
        shard = self._open.pop(kind)
        shard.write()
        self._done.append((shard.writer.finish(), shard.entries))

    def _places(self, info: ShardInfo) -> tuple[list[int], list[int]]:
        handle = self._store.open(info.path)
        try:
            offsets, lengths = payload_places(handle, info.kind, self._dataset_id, info.path)
        finally:
            os.close(handle)
        return offsets.tolist(), lengths.tolist()

    def finish(self, assets: list[dict[str, Any]], refused: list[dict[str, Any]]) -> dict[str, Any]:
        """Make shards and table parts durable and return the unit's record."""
        for kind in list(self._open):
            self._close(kind)
        self._done.sort(key=lambda done: (done[0].kind, done[0].sha256))
        store, index = self._store, list[dict[str, Any]]()
        for ordinal, (info, entries) in enumerate(self._done):
            offsets, lengths = self._places(info)
            for at, entry in enumerate(entries):
                place = {"shard": ordinal, "row": at, "offset": offsets[at], "length": lengths[at]}
                index.append(entry | place)
        parts = {
            "index": _part(store, INDEX_PART, index),
            "assets": _part(store, schema.ASSETS, assets),
            "quarantine": _part(store, schema.QUARANTINE, refused),
        }
        shards = [info.as_json() for info, _ in self._done]
        return {"shards": shards, "parts": parts, "items": len(index)}


def _part(store: Store, columns: pa.Schema, rows: list[dict[str, Any]]) -> str:
    """Keep rows of a table for the commit to come, and return where."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, columns) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=columns))
    return store.put_bytes(WORK, ".arrow", sink.getvalue().to_pybytes()).path


def clear_work(store: Store) -> None:
    """Remove the parts that workers left: they are in the version's tables now."""
    store.remove([f"{WORK}/{name}" for name in store.names(WORK)])
