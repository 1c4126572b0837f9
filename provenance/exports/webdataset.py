"""WebDataset: tar files of about SHARD_BYTES, each item as `<key>.<suffix>` and `<key>.json`."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable

import pyarrow as pa

from provenance.dataset._sink import Stored
from provenance.dataset.store import Store
from provenance.exports._items import items
from provenance.model.words import Kind, sha256_hex

PATTERN = "{kind}/*.tar"

SHARD_BYTES = 256 * 1024 * 1024


def write(store: Store, release: str, kind: Kind, batches: Iterable[pa.RecordBatch]) -> list[Stored]:
    """Put the items into tar files and return them in order; the same items give the same bytes. CommitError."""
    stored: list[Stored] = []
    buffer = io.BytesIO()
    tar = tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed shard by shard
    count = held = 0

    def finish() -> None:
        nonlocal buffer, tar, held
        tar.close()
        data = buffer.getvalue()
        path = f"{kind.value}/{kind.value}-{len(stored):06d}.tar"
        store.put_new(path, data)
        stored.append(Stored(path, sha256_hex(data), len(data)))
        buffer, held = io.BytesIO(), 0
        tar = tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115

    for item in items(kind, batches):
        # A key must not repeat, and two copies of one file in the archive are two items of one id.
        key = f"{count:09d}-{item.name[:16]}"
        _add(tar, f"{key}.{item.suffix}", item.payload)
        told = json.dumps(item.told, ensure_ascii=False, sort_keys=True).encode()
        _add(tar, f"{key}.json", told)
        count, held = count + 1, held + len(item.payload) + len(told)
        if held >= SHARD_BYTES:
            finish()
    if held:
        finish()
    return stored


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)  # no time, no owner: nothing of this machine
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
