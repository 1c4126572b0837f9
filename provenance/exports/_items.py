"""What forms share: an item as payload, file name and metadata."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from provenance.dataset.schema import PAYLOAD
from provenance.model.words import Kind

_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Item:
    """One item. name: its id. suffix: of a file that holds the payload. told: every other column that is not empty."""

    name: str
    suffix: str
    payload: bytes
    told: dict[str, Any]


def items(kind: Kind, batches: Iterable[pa.RecordBatch]) -> Iterator[Item]:
    """Yield the rows of batches as items, one after the other."""
    payload = PAYLOAD[kind].names[0]
    for batch in batches:
        for row in batch.to_pylist():
            held = row.pop(payload)
            data = held.encode() if kind is Kind.SCRIPTS else held["bytes"]
            suffix = "txt" if kind is Kind.SCRIPTS else _SUFFIX.get(row["media_type"], "bin")
            told = {name: _plain(value) for name, value in row.items() if value is not None and value != []}
            yield Item(row["item_id"], suffix, data, told)


def _plain(value: Any) -> Any:
    """A value as JSON has it: bytes in hex, days in ISO 8601."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
