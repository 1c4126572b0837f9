"""Shard rows and index rows, made of what the child extracted, what the worker read, and what the rights desk says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from provenance.dataset import schema
from provenance.fingerprint.glance import near_blank
from provenance.model.errors import Quarantined
from provenance.model.names import display
from provenance.model.words import ORIGINAL, Cause, Kind, item_id, sha256_hex
from provenance.rights.closest import deciding
from provenance.rights.matcher import Bound
from provenance.rights.statement import Interest, RightsStatement

if TYPE_CHECKING:
    from provenance.building.outcome import Outcome

# The worker's own columns: a child that fills one of these is not believed.
_OURS = {field.name for field in schema.CORE + schema.RIGHTS} | {"image", "text"}
_CHILD = {
    kind: {field.name: field for field in columns if field.name not in _OURS}
    for kind, columns in schema.PAYLOAD.items()
}

_SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


def checked(header: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
    """Return an item's header once its columns are known and of the right type. Quarantined(CRASHED) otherwise.

    KeyError, TypeError or ValueError for a header that is no item at all.
    """
    if header["kind"] == Kind.SCRIPTS.value:
        payload.decode("utf-8")
    columns, fields = _CHILD[Kind(header["kind"])], dict[str, Any]()
    for name, value in header["fields"].items():
        if name not in columns:
            raise Quarantined(Cause.CRASHED, f"the locked child filled a column that is not its own: {name!r}")
        fields[name] = value
    for name, column in columns.items():
        if not _fits(fields.get(name), column):
            raise Quarantined(Cause.CRASHED, f"the locked child gave column {name} a value of another type")
    if not isinstance(header["locator"], str) or not isinstance(header["media_type"], str):
        raise TypeError
    return {"kind": header["kind"], "locator": header["locator"], "media_type": header["media_type"], "fields": fields}


def _fits(value: Any, column: pa.Field) -> bool:
    kind = column.type
    if value is None:
        return bool(column.nullable)
    if pa.types.is_boolean(kind):
        return isinstance(value, bool)
    if pa.types.is_integer(kind):
        bits, signed = kind.bit_width, pa.types.is_signed_integer(kind)
        low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
        return isinstance(value, int) and not isinstance(value, bool) and low <= value < high
    if pa.types.is_floating(kind):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if pa.types.is_string(kind):
        return isinstance(value, str)
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        if not (isinstance(value, dict) and set(value) == {"hex"} and isinstance(value["hex"], str)):
            return False
        return not pa.types.is_fixed_size_binary(kind) or len(value["hex"]) == 2 * kind.byte_width
    if pa.types.is_list(kind):
        return isinstance(value, list) and all(_fits(part, pa.field("", kind.value_type)) for part in value)
    if pa.types.is_struct(kind):
        return isinstance(value, dict) and all(_fits(value.get(part.name), part) for part in kind)
    return False


def row_of(header: Mapping[str, Any], payload: bytes, outcome: Outcome, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shard row of an item."""
    kind = Kind(header["kind"])
    path, sha256 = outcome.place(dict(header))
    extractor = outcome.extractor or ""
    identity = item_id(sha256, extractor, header["locator"])
    row = {name: bytes.fromhex(value["hex"]) if isinstance(value, dict) and "hex" in value else value
           for name, value in header["fields"].items()}  # fmt: skip
    row |= {
        "item_id": identity,
        "asset": display(path),
        "asset_path": path,
        "asset_sha256": sha256,
        "asset_media_type": outcome.media_type or "",
        "extractor": extractor,
        "locator": header["locator"],
        "media_type": header["media_type"],
        # Of an original the worker has the digest already, for it read the file itself.
        "payload_sha256": sha256 if row.get("rendition") == ORIGINAL else sha256_hex(payload),
        "payload_bytes": len(payload),
        "rights_signals": json.dumps(outcome.signals, ensure_ascii=False, sort_keys=True),
    }
    if kind is Kind.SCRIPTS:
        row["text"] = payload.decode("utf-8")
    else:
        suffix = _SUFFIX.get(header["media_type"], "")
        row["image"] = {"bytes": payload, "path": f"{identity[:32]}{suffix}"}
    return row | dict(evidence)


def evidence_of(bound: Sequence[Bound[RightsStatement]]) -> dict[str, Any]:
    """Return the rights columns: what the closest copyright records say at build time. Evidence, never a verdict."""
    groups, _ = deciding(bound)
    nearest = [entry for (interest, _), group in groups.items() if interest is Interest.COPYRIGHT for entry in group]
    empty: dict[str, Any] = {"rights_statements": sorted(entry.statement.id for entry in nearest)}
    if not nearest:
        return empty
    first = min(nearest, key=lambda entry: entry.statement.id).statement
    return empty | {
        "rights_source": first.source,
        "rights_work": first.work.title if first.work is not None else None,
        "rights_holder": first.holder,
        "rights_basis": first.basis.value,
        "rights_license": first.license,
        "rights_start": first.start,
        "rights_end": first.end,
        "rights_credit": first.credit,
    }


def index_row(kind: Kind, row: Mapping[str, Any], asset: int) -> dict[str, Any]:
    """Return the index row of a shard row, but for its place and its groups. asset: row in the unit's assets."""
    content = row["text_sha256"] if kind is Kind.SCRIPTS else row["pixel_sha256"]
    locator = json.loads(row["locator"])
    return {
        "item_id": bytes.fromhex(row["item_id"]),
        "kind": kind.value,
        "payload_sha256": bytes.fromhex(row["payload_sha256"]),
        "asset": asset,
        "time_numerator": row.get("time_numerator"),
        "time_denominator": row.get("time_denominator"),
        "frame": locator.get("frame"),
        "page": row.get("page") or row.get("page_start"),
        "scene": row.get("scene"),
        "content_sha256": bytes.fromhex(content),
        "phash_64": row.get("phash_64"),
        "quality": _quality(kind, row),
        "near_blank": kind is Kind.ART and row.get("glance_64") is not None and near_blank(row["glance_64"]),
    }


def _quality(kind: Kind, row: Mapping[str, Any]) -> int:
    """Return by what the better of two copies is known: more pixels inside its bars, or more characters.

    Bars cost an eighth: of two copies of one size the one without them is the better.
    """
    if kind is Kind.SCRIPTS:
        return len(row["text"])
    box = row.get("trim_box")
    if box is None:
        return int(row["width"] * row["height"])
    left, top, right, bottom = box
    return int((right - left) * (bottom - top) * 7 // 8)
