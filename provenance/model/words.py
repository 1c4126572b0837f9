"""The words of the field, as frozen dataclasses and closed vocabularies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Kind(StrEnum):
    """What an item is; one payload schema each."""

    FRAMES = "frames"
    ART = "art"
    SCRIPTS = "scripts"


class Outcome(StrEnum):
    """What became of an asset: exactly one of these."""

    ITEMS = "items"
    CONTEXT = "context"
    QUARANTINE = "quarantine"


class Cause(StrEnum):
    """Why an asset is in quarantine. A closed list; each is explained in manifests/FORMAT.md."""

    DAMAGED = "damaged"  # the decoder says that the bytes are not what they claim to be
    TRUNCATED = "truncated"  # the file ends before its content does
    EMPTY = "empty"  # no bytes, or no content in them
    UNSUPPORTED = "unsupported"  # no extractor knows this content
    MISLABELLED = "mislabelled"  # the content is of a medium that the name contradicts
    ENCRYPTED = "encrypted"
    BOMB = "bomb"  # more pixels, pages, bytes, members, depth or ratio than the caps allow
    UNSAFE = "unsafe"  # reaches outside itself: entities, links, scripts, traversal
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"  # the locked child died
    CHANGED = "changed"  # the file changed while it was read, twice
    UNREADABLE = "unreadable"  # the file system refused: permission, I/O error, vanished
    NOT_REGULAR = "not-regular"  # link, device, pipe, socket
    EXTRA_MISSING = "extra-missing"  # an optional package is needed; the message names the extra
    CUSTODY_MISMATCH = "custody-mismatch"  # differs from the hash in an ASC MHL or BagIt list


class Use(StrEnum):
    """CAWG training-and-data-mining names, `evaluation`, and licensing out for others' training."""

    DATA_MINING = "data_mining"
    AI_INFERENCE = "ai_inference"
    AI_TRAINING = "ai_training"
    AI_GENERATIVE_TRAINING = "ai_generative_training"
    EVALUATION = "evaluation"
    LICENSE_OUT_TRAINING = "license_out_training"


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in the asset an item lies. Only what is known is set.

    time: seconds from the start of presentation, a rational. frame: presentation index from 0, or the number in the
    file name for a sequence. page, scene: from 1. region: x, y, width, height in pixels.
    """

    track: int | None = None
    time: Fraction | None = None
    timecode: str | None = None
    frame: int | None = None
    page: int | None = None
    scene: int | None = None
    layer: str | None = None
    region: tuple[int, int, int, int] | None = None

    def canonical(self) -> str:
        """Return JSON with sorted keys and no spaces, the form that enters an item's id; times as "num/den"."""
        out: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if value is None:
                continue
            out[part.name] = f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else value
        return json.dumps(out, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


ORIGINAL = "original"  # the rendition of a payload that is its file, byte for byte
MOST_ORIGINAL = 256 << 20  # bytes of such a file: an item is read whole into memory, here and later


@dataclass(frozen=True, slots=True)
class Extract:
    """One item as an extractor yields it: payload, locator, and the columns of its kind that only a decoder knows.

    `fields` uses the column names of `dataset.schema`; a column that is left out is NULL.
    """

    kind: Kind
    locator: Locator
    payload: bytes
    media_type: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """A rights signal found inside a file, kept verbatim as evidence. What it means is decided in `rights`.

    standard: `plus:DataMining`, `cc:license`, `c2pa.training-mining`, ... where: `xmp`, `iptc-iim`, `c2pa`, `text:3`.
    """

    standard: str
    value: str
    where: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"standard": self.standard, "value": self.value, "where": self.where}
        return out | {"detail": dict(self.detail)} if self.detail else out


def canonical_json(value: Any) -> bytes:
    """Return the one UTF-8 encoding of a JSON value that digests are taken over: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def item_id(asset_sha256: str, extractor: str, locator: str) -> str:
    """Return an item's id: SHA-256 over the asset's digest, the extractor's key and the canonical locator, no more.

    Two copies of one file hence give the same ids; the index tells their places apart.
    """
    text = f"provenance-item-v1\0{asset_sha256}\0{extractor}\0{locator}"
    return sha256_hex(text.encode())
