"""Parquet shards as a dataset has them: the release is then a dataset itself, which `provenance.admit` opens."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from provenance.dataset.shard import ShardInfo, ShardWriter
from provenance.dataset.store import Store
from provenance.model.words import Kind

PATTERN = "data/{kind}/*.parquet"
LOADS = frozenset(Kind)
HOW = ""

SHARD_BYTES = 256 * 1024 * 1024  # of payload


def features(kind: Kind, media_types: Iterable[str], captioned: bool) -> None:
    """The shards say themselves what they hold."""


def write(store: Store, release: str, kind: Kind, batches: Iterable[pa.RecordBatch]) -> list[ShardInfo]:
    """Put the rows into shards of about SHARD_BYTES and return them in order. CommitError."""
    shards: list[ShardInfo] = []
    writer: ShardWriter | None = None
    held = 0
    try:
        for batch in batches:
            writer = writer or ShardWriter(store, kind, release)
            writer.append_many(batch.to_pylist())
            held += int(sum(batch.column("payload_bytes").to_pylist()))
            if held >= SHARD_BYTES:
                shards.append(writer.finish())
                writer, held = None, 0
        if writer is not None:
            shards.append(writer.finish())
            writer = None
    finally:
        if writer is not None:
            writer.abandon()
    return shards
