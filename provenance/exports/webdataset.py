"""WebDataset: tar files of about SHARD_BYTES; an item is `<key>.<suffix>` and `<key>.json`, its caption `<key>.txt`."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from provenance.dataset._sink import Stored
from provenance.dataset.store import Store
from provenance.exports._items import items, suffix_of, told_fields
from provenance.model.words import Kind, sha256_hex

PATTERN = "{kind}/*.tar"
LOADS = frozenset(Kind)
HOW = "A picture stands in the column of its format (`jpg`, `png`, `webp`), what is known of it in `json`."

SHARD_BYTES = 256 * 1024 * 1024


def features(kind: Kind, media_types: Iterable[str], captioned: bool) -> list[dict[str, Any]]:
    """Told, because the builder guesses columns from five items and refuses when these are not alike."""
    if kind is Kind.SCRIPTS:
        columns: list[dict[str, Any]] = [{"name": "txt", "dtype": "string"}]
    else:
        columns = [{"name": suffix, "dtype": "image"} for suffix in sorted(map(suffix_of, media_types))]
        columns += [{"name": "txt", "dtype": "string"}] if captioned else []
    columns.append({"name": "json", "struct": [_feature(field) for field in told_fields(kind)]})
    return [*columns, {"name": "__key__", "dtype": "string"}, {"name": "__url__", "dtype": "string"}]


def _feature(field: pa.Field) -> dict[str, Any]:
    kind = field.type
    if pa.types.is_list(kind):
        inner = kind.value_type
        return {"name": field.name, "list": [*map(_feature, inner)] if pa.types.is_struct(inner) else _dtype(inner)}
    return {"name": field.name, "dtype": _dtype(kind)}


def _dtype(kind: pa.DataType) -> str:
    return {"double": "float64"}.get(str(kind), str(kind))


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
        if item.caption is not None:
            _add(tar, f"{key}.txt", item.caption.encode())
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
