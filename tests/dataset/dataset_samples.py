"""A small dataset of drawn pictures and written scenes, for the tests of the store and all that stands on it."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from provenance.dataset import card, keyring, ledger, signing
from provenance.dataset.index import TableWriter, exact_groups
from provenance.dataset.opening import open_dataset
from provenance.dataset.schema import PAYLOAD
from provenance.dataset.shard import ShardInfo, ShardWriter, payload_places
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import FOLDER, Content, Version, commit_version
from provenance.model.words import Kind, sha256_hex

DATASET = "d" * 64
AT = dt.datetime(2026, 11, 23, 10, 0, 0, tzinfo=dt.UTC)


def picture(seed: int, size: int = 24) -> bytes:
    """A small PNG, different for every seed."""
    image = Image.new("RGB", (size, size), (seed * 37 % 256, seed * 91 % 256, seed * 13 % 256))
    image.putpixel((seed % size, seed // size % size), (255, 255, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def row(kind: Kind, seed: int, payload: bytes | None = None) -> dict[str, Any]:
    """A complete row of a kind; nullable columns are left out."""
    if payload is None:
        payload = (
            f"INT. ROOM {seed} - DAY\n\nÀ scene, {seed} times.".encode() if kind is Kind.SCRIPTS else picture(seed)
        )
    content = sha256_hex(payload)
    found: dict[str, Any] = {}
    for field in PAYLOAD[kind]:
        if field.nullable:
            continue
        if pa.types.is_list(field.type):
            found[field.name] = []
        elif pa.types.is_integer(field.type):
            found[field.name] = seed
        elif pa.types.is_binary(field.type):
            found[field.name] = b"film/%d" % seed
        else:
            found[field.name] = f"{field.name}-{seed}"
    found |= {"image": {"bytes": payload, "path": None}} if kind is not Kind.SCRIPTS else {"text": payload.decode()}
    found |= {
        "item_id": sha256_hex(b"%s-%d" % (kind.value.encode(), seed)),
        "payload_sha256": content,
        "payload_bytes": len(payload),
        "asset_sha256": sha256_hex(b"asset-%d" % seed),
        "rights_signals": "[]",
        "locator": "{}",
    }
    found["text_sha256" if kind is Kind.SCRIPTS else "pixel_sha256"] = content
    return found


def payload_of(row: Mapping[str, Any]) -> bytes:
    return row["text"].encode() if "text" in row else row["image"]["bytes"]


def asset(seed: int, **more: Any) -> dict[str, Any]:
    return {
        "asset": f"film/{seed}.png",
        "asset_path": b"film/%d.png" % seed,
        "type": "file",
        "bytes": 10,
        "files": [],
        "missing_frames": [],
        "sidecars": [],
        "signals": "[]",
        "unit": "u",
        "outcome": "items",
        "items": 1,
        "extract": "{}",
        **more,
    }


def write_shard(store: Store, kind: Kind, rows: list[dict[str, Any]], dataset: str = DATASET) -> ShardInfo:
    with ShardWriter(store, kind, dataset) as writer:
        writer.append_many(rows)
        return writer.finish()


def write_content(
    store: Store, kinds: Mapping[Kind, range], dataset: str = DATASET, archive: str = "lantern hill"
) -> Content:
    """Put one shard a kind and the tables, and return what a version would say of them."""
    shards, index, content = [], [], []
    for at, (kind, seeds) in enumerate(kinds.items()):
        rows = [row(kind, seed) for seed in seeds]
        shards.append(write_shard(store, kind, rows, dataset))
        with reading(store, shards[-1].path) as handle:
            offsets, lengths = payload_places(handle, kind, dataset)
        for number, found in enumerate(rows):
            content.append(bytes.fromhex(found["payload_sha256"]))
            index.append(
                {
                    "item_id": bytes.fromhex(found["item_id"]),
                    "kind": kind.value,
                    "shard": at,
                    "row": number,
                    "offset": int(offsets[number]),
                    "length": int(lengths[number]),
                    "payload_sha256": content[-1],
                    "content_sha256": content[-1],
                    "asset": 0,
                    "rights_id": 0,
                    "near_group": len(index),
                    "copy_group": len(index),
                    "quality": len(found["text"]) if kind is Kind.SCRIPTS else found["width"] * found["height"],
                }
            )
    groups = exact_groups(np.frombuffer(b"".join(content), np.uint8).reshape(-1, 32))
    for entry, group in zip(index, groups.tolist(), strict=True):
        entry["exact_group"] = group
    tables = {}
    for name, found in (("index", index), ("assets", [asset(1)]), ("quarantine", [])):
        with TableWriter(store, name, dataset) as writer:
            writer.write_rows(found)
            tables[name] = writer.finish()
    return Content(
        tool={"provenance": "0.1.0"},
        archive=archive,
        options={"frames": "1/s"},
        ledger=None,
        shards=tuple(shards),
        tables=tables,
        counts={"items": len(index)},
    )


@contextmanager
def reading(store: Store, path: str) -> Iterator[int]:
    handle = store.open(path)
    try:
        yield handle
    finally:
        os.close(handle)


def publish(
    place: Path, home: Path, kinds: Mapping[Kind, range], at: dt.datetime = AT, dataset: str = DATASET
) -> Version:
    """Commit the next version of the dataset at `place`, with the keys and trust of `home`, as a build does."""
    store, trust = Store(place), Trust(home)
    key = signing.own_key(Role.BUILD, home)
    keyring.publish(store, dataset, key, at)
    head = open_dataset(place, trust=trust).head if store.numbers(FOLDER) else None
    version = commit_version(store, dataset, write_content(store, kinds, dataset), key, head, at)
    trust.witness(place / FOLDER, [version.entry])
    card.write(store, version)
    return version


def flip(file: Path, at: int, mask: int = 1) -> None:
    """Change bits of one byte of a file."""
    data = bytearray(file.read_bytes())
    data[at] ^= mask
    file.write_bytes(data)


def tree(place: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by relative path."""
    return {
        str(file.relative_to(place)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }


def write_ledger(place: Path, home: Path, *bodies: Mapping[str, Any], at: dt.datetime = AT, days: int = 30) -> None:
    """Append entries to the dataset's ledger, each valid for so many days, and remember them as a rights desk does."""
    store, trust = Store(place), Trust(home)
    key = signing.own_key(Role.RIGHTS, home)
    keys = keyring.publish(store, DATASET, key, at)
    for body in bodies:
        entries = ledger.read_ledger(store, keys)
        until = at + dt.timedelta(days=days)
        ledger.append_entry(store, DATASET, body, key, entries[-1] if entries else None, at, until)
    trust.witness(place / ledger.FOLDER, ledger.read_ledger(store, keys))
