"""MosaicML Streaming shards (MDS, format version 2): `<kind>/shard.00000.mds` and `<kind>/index.json`.

A shard is the number of samples and their offsets as little-endian uint32, the column configuration as JSON, and the
samples. A sample is the sizes of its columns, uint32, and their bytes; columns stand in the order of their names. In a
release with captions a picture has the column `text`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.dataset._sink import Stored
from provenance.dataset.store import Store
from provenance.exports._items import items
from provenance.model.words import Kind, sha256_hex

PATTERN = "{kind}/*"
LOADS = frozenset[Kind]()  # `datasets` has no reader for this format
HOW = 'Read it with `streaming.StreamingDataset(local="RELEASE/KIND")`; `load_dataset` has no reader for MDS.'

SHARD_BYTES = 64 * 1024 * 1024


def features(kind: Kind, media_types: Iterable[str], captioned: bool) -> None:
    """Nothing for `datasets`: index.json names the columns."""


def write(store: Store, release: str, kind: Kind, batches: Iterable[pa.RecordBatch]) -> list[Stored]:
    """Put the items into MDS shards, then the index that lists them, and return all in order. CommitError."""
    payload = "text" if kind is Kind.SCRIPTS else "image"
    encodings = {"item_id": "str", "metadata": "str", payload: "str" if kind is Kind.SCRIPTS else "bytes"}
    found = items(kind, batches)
    first = next(found, None)
    if first is not None and first.caption is not None:
        encodings["text"] = "str"
    names = sorted(encodings)
    config: dict[str, Any] = {
        "version": 2,
        "format": "mds",
        "compression": None,
        "hashes": ["sha256"],
        "size_limit": SHARD_BYTES,
        "column_names": names,
        "column_encodings": [encodings[name] for name in names],
        "column_sizes": [None] * len(names),
    }
    stored: list[Stored] = []
    shards: list[dict[str, Any]] = []
    samples: list[bytes] = []
    held = 0

    def finish() -> None:
        nonlocal samples, held
        data = _shard(samples, json.dumps(config, sort_keys=True).encode())
        name = f"shard.{len(shards):05d}.mds"
        store.put_new(f"{kind.value}/{name}", data)
        raw = {"basename": name, "bytes": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
        stored.append(Stored(f"{kind.value}/{name}", raw["hashes"]["sha256"], len(data)))  # type: ignore[index]
        shards.append(config | {"raw_data": raw, "zip_data": None, "samples": len(samples)})
        samples, held = [], 0

    for item in itertools.chain([first] if first is not None else [], found):
        told = json.dumps(item.told, ensure_ascii=False, sort_keys=True).encode()
        columns = {"item_id": item.name.encode(), "metadata": told, "text": (item.caption or "").encode()}
        columns[payload] = item.payload
        parts = [columns[name] for name in names]
        samples.append(np.array([len(part) for part in parts], "<u4").tobytes() + b"".join(parts))
        held += len(samples[-1])
        if held >= SHARD_BYTES:
            finish()
    if samples:
        finish()
    if shards:
        index = json.dumps({"version": 2, "shards": shards}, sort_keys=True).encode()
        store.put_new(f"{kind.value}/index.json", index)
        stored.append(Stored(f"{kind.value}/index.json", sha256_hex(index), len(index)))
    return stored


def _shard(samples: list[bytes], config: bytes) -> bytes:
    head = 4 + 4 * (len(samples) + 1) + len(config)
    offsets = head + np.cumsum([0, *map(len, samples)])
    return np.uint32(len(samples)).tobytes() + offsets.astype("<u4").tobytes() + config + b"".join(samples)
