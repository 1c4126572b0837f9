"""What forms share: an item as payload, file name and metadata."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from provenance.dataset.schema import PAYLOAD
from provenance.model.words import Kind

_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "text/plain": "txt"}

# Of use to the near-twin join only, and larger than all the rest.
_LEFT_OUT = frozenset({"glance_64", "trimmed_glance_64", "local_features", "minhash_128"})


@dataclass(frozen=True, slots=True)
class Item:
    """One item. name: its id. suffix: of a file that holds the payload. told: every other column that is not empty, but
    for fingerprints that are long.

    caption: of a picture in a release with captions, empty for one without; None in a release that has none.
    """

    name: str
    suffix: str
    payload: bytes
    told: dict[str, Any]
    caption: str | None = None


def items(kind: Kind, batches: Iterable[pa.RecordBatch]) -> Iterator[Item]:
    """Yield the rows of batches as items, one after the other."""
    payload = PAYLOAD[kind].names[0]
    wide = {field.name for field in PAYLOAD[kind] if pa.types.is_uint64(field.type)}
    for batch in batches:
        for row in batch.to_pylist():
            held = row.pop(payload)
            data = held.encode() if kind is Kind.SCRIPTS else held["bytes"]
            suffix = "txt" if kind is Kind.SCRIPTS else suffix_of(row["media_type"])
            caption = (row.pop("text") or "") if "text" in row else None
            told = {
                name: _plain(value, name in wide)
                for name, value in row.items()
                if value is not None and value != [] and name not in _LEFT_OUT
            }
            yield Item(row["item_id"], suffix, data, told, caption)


def suffix_of(media_type: str) -> str:
    return _SUFFIX.get(media_type, "bin")


def told_fields(kind: Kind) -> list[pa.Field]:
    """The columns that may be in `told`, with the type that they have there."""
    names = PAYLOAD[kind].names[1:]
    fields = [PAYLOAD[kind].field(name) for name in names if name not in _LEFT_OUT and name != "text"]
    return [pa.field(field.name, _told_type(field.type)) for field in fields]


def _told_type(kind: pa.DataType) -> pa.DataType:
    words = pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_date(kind)
    return pa.string() if words or pa.types.is_uint64(kind) else kind


def _plain(value: Any, wide: bool) -> Any:
    """A value as JSON has it: bytes in hex, days in ISO 8601, 64 bits without a sign as 16 hex digits."""
    if isinstance(value, bytes):
        return value.hex()
    if wide:
        return f"{value:016x}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
