"""Loose files with a metadata.jsonl beside them, as `load_dataset("imagefolder", ...)` and many scripts read them.

Pictures are `<kind>/<item id>.<suffix>`. Scripts have no files of their own: each is a line of `scripts/metadata.jsonl`
with its text, since an image folder holds pictures. A caption is `text` beside `file_name`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pyarrow as pa

from provenance.dataset._sink import Stored
from provenance.dataset.store import Store
from provenance.exports._items import items
from provenance.model.words import Kind, sha256_hex

PATTERN = "{kind}/*"
LOADS = frozenset({Kind.FRAMES, Kind.ART})
HOW = 'Scripts: `load_dataset("json", data_files="RELEASE/scripts/metadata.jsonl")`.'


def features(kind: Kind, media_types: Iterable[str], captioned: bool) -> None:
    """The builder of image folders finds the columns in metadata.jsonl."""


def write(store: Store, release: str, kind: Kind, batches: Iterable[pa.RecordBatch]) -> list[Stored]:
    """Put each picture as a file and all metadata as one, and return them in order. CommitError."""
    stored: list[Stored] = []
    lines = io.StringIO()
    for item in items(kind, batches):
        told = {name: value for name, value in item.told.items() if not isinstance(value, (dict, list))}
        if kind is Kind.SCRIPTS:
            told = {"text": item.payload.decode()} | told
        else:
            # Two copies of one file in the archive are two items of one id.
            name = f"{item.name}-{len(stored)}.{item.suffix}"
            stored.append(_put(store, f"{kind.value}/{name}", item.payload))
            told = {"file_name": name} | ({"text": item.caption} if item.caption is not None else {}) | told
        lines.write(json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n")
    if lines.tell():
        stored.append(_put(store, f"{kind.value}/metadata.jsonl", lines.getvalue().encode()))
    return stored


def _put(store: Store, path: str, data: bytes) -> Stored:
    store.put_new(path, data)
    return Stored(path, sha256_hex(data), len(data))
