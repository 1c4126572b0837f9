"""A receipt: what a training run has read, under which decision of the gate, signed.

A DSSE envelope of an in-toto Statement, as versions are, signed with the key of the role `train`. Its subject is the
model file that it stands beside, when there is one. Its predicate lists one part for each decision that the run read
under: dataset and version, ledger head, policy, moment, and which index rows were read, as a bitmap over all rows of
the version with a digest over the ids of the items. A run that goes on from an earlier checkpoint carries its parts.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.dataset import signing
from provenance.dataset.schema import FORMAT_VERSION
from provenance.dataset.signing import STATEMENT_TYPE, PrivateKey, PublicKey, Role
from provenance.dataset.store import Store
from provenance.model import clock
from provenance.model.errors import BadSignatureError, ProvenanceError, SchemaError
from provenance.model.words import sha256_hex

PREDICATE = "https://provenance.example/training-receipt/v1"
SUFFIX = ".receipt.json"  # behind the name of the model file

GATE = "provenance"
NO_GATE = "UnsafeNoGate"

MOST_ROWS = 1 << 33
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Terms:
    """One decision: what was asked, of which version, under which ledger head, when.

    gate: GATE, or NO_GATE when nobody was asked; ledger and policy are None only then. ledger: number and digest of its
    head. on: the day that counted. rows: of the version's index. admitted: how many of them were cleared.
    """

    dataset: str
    version: int
    version_digest: str
    index: str
    rows: int
    admitted: int
    gate: str
    decided: dt.datetime
    ledger: Mapping[str, Any] | None = None
    policy: Mapping[str, Any] | None = None
    policy_digest: str | None = None
    on: dt.date | None = None
    valid_until: dt.datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "version": self.version,
            "version_digest": self.version_digest,
            "index": self.index,
            "rows": self.rows,
            "admitted": self.admitted,
            "gate": self.gate,
            "decided": clock.stamp(self.decided),
            "ledger": dict(self.ledger) if self.ledger is not None else None,
            "policy": dict(self.policy) if self.policy is not None else None,
            "policy_digest": self.policy_digest,
            "on": self.on.isoformat() if self.on is not None else None,
            "valid_until": clock.stamp(self.valid_until) if self.valid_until is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """The items read under one decision. bits: uint8[ceil(rows / 8)], the first row the highest bit; items: SHA-256
    over the 32-byte ids of the items read, in the order of the index.
    """

    terms: Terms
    bits: bytes
    items: str

    @property
    def read(self) -> npt.NDArray[np.int64]:
        """The index rows that were read, rising."""
        return np.flatnonzero(np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.terms.rows))

    def as_json(self) -> dict[str, Any]:
        packed = base64.b64encode(zlib.compress(self.bits, 9)).decode()
        return self.terms.as_json() | {"read": {"count": len(self.read), "bitmap": packed, "items": self.items}}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was read. model: name and SHA-256 of the file it stands beside. code: of the training code, as told by it.

    captions: where captions came from that were given beside the dataset: name, digest and counts; None without such.
    digest: SHA-256 of the file that holds it, empty before it is written.
    """

    created: dt.datetime
    parts: tuple[Part, ...]
    model: tuple[str, str] | None = None
    code: str | None = None
    model_id: str | None = None
    continues: str | None = None
    tool: Mapping[str, str] = field(default_factory=dict)
    captions: Mapping[str, Any] | None = None
    signer: PublicKey | None = None
    digest: str = ""

    @property
    def gated(self) -> bool:
        """Whether every item in it came through the gate."""
        return all(part.terms.gate == GATE for part in self.parts)


def part_of(terms: Terms, read: npt.NDArray[np.bool_], item_ids: npt.NDArray[np.uint8]) -> Part:
    """Return the part that says what was read. read: bool[rows]. item_ids: uint8[n, 32], those of the rows read."""
    return Part(terms, np.packbits(read).tobytes(), items_digest(item_ids))


def items_digest(item_ids: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(item_ids).tobytes()).hexdigest()


def write(path: Path | str, receipt: Receipt, key: PrivateKey) -> Receipt:
    """Put a signed receipt in the place of any other at this path, at one stroke, and return it. CommitError."""
    place = Path(path)
    data = signing.seal(_payload(receipt, key.public), [key])
    Store(place.parent, temps="").replace(place.name, data)
    return load(data, [key.public], str(path))


def load(data: bytes, trusted: Sequence[PublicKey], where: str) -> Receipt:
    """Return a receipt that one of these keys has signed. BadSignatureError, SchemaError."""
    try:
        signer = PublicKey.parse(json.loads(signing.read_payload(data, where))["predicate"]["signer"])
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError("is no training receipt", where=where) from error
    if signer not in trusted:
        raise BadSignatureError(
            f"is signed by key {signer.fingerprint}, which is not trusted for training",
            where=where,
            next_step=f"compare it with its owner's, then name it: --trusted-key {Role.TRAIN.value}:{signer.text}",
        )
    payload = signing.unseal(data, [signer], where)
    try:
        found = _parse(json.loads(payload), signer, sha256_hex(data))
        if _payload(found, signer) != payload:
            raise ValueError("more, less, or in another encoding")
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        if isinstance(error, ProvenanceError):
            raise
        raise SchemaError(f"is no training receipt ({error})", where=where) from error


def read(path: Path | str, trusted: Sequence[PublicKey]) -> Receipt:
    """Return the receipt in a file. MissingError, BadSignatureError, SchemaError."""
    place = Path(path)
    return load(Store(place.parent).read(place.name, _MOST_BYTES), trusted, str(path))


def _payload(receipt: Receipt, signer: PublicKey) -> bytes:
    predicate = {
        "format": FORMAT_VERSION,
        "created": clock.stamp(receipt.created),
        "signer": signer.text,
        "tool": dict(receipt.tool),
        "code": receipt.code,
        "model_id": receipt.model_id,
        "continues": receipt.continues,
        "parts": [part.as_json() for part in receipt.parts],
    } | ({"captions": dict(receipt.captions)} if receipt.captions is not None else {})
    return signing.statement(PREDICATE, predicate, [receipt.model] if receipt.model is not None else [])


def _parse(told: Mapping[str, Any], signer: PublicKey, digest: str) -> Receipt:
    said = told["predicate"]
    if told["_type"] != STATEMENT_TYPE or told["predicateType"] != PREDICATE or said["format"] != FORMAT_VERSION:
        raise ValueError("another type or format")
    subjects = [(each["name"], each["digest"]["sha256"]) for each in told["subject"]]
    if len(subjects) > 1:
        raise ValueError("more than one model")
    return Receipt(
        created=clock.parse(said["created"]),
        parts=tuple(_part(each) for each in said["parts"]),
        model=subjects[0] if subjects else None,
        code=said["code"],
        model_id=said["model_id"],
        continues=said["continues"],
        tool=dict(said["tool"]),
        captions=dict(said["captions"]) if "captions" in said else None,
        signer=signer,
        digest=digest,
    )


def _part(said: Mapping[str, Any]) -> Part:
    rows = said["rows"]
    if type(rows) is not int or not 0 <= rows <= MOST_ROWS or said["gate"] not in (GATE, NO_GATE):
        raise ValueError("rows or gate out of range")
    if not all(_SHA256.fullmatch(text) for text in (said["version_digest"], said["index"], said["read"]["items"])):
        raise ValueError("a digest is none")
    terms = Terms(
        dataset=said["dataset"],
        version=said["version"],
        version_digest=said["version_digest"],
        index=said["index"],
        rows=rows,
        admitted=said["admitted"],
        gate=said["gate"],
        decided=clock.parse(said["decided"]),
        ledger=said["ledger"],
        policy=said["policy"],
        policy_digest=said["policy_digest"],
        on=dt.date.fromisoformat(said["on"]) if said["on"] is not None else None,
        valid_until=clock.parse(said["valid_until"]) if said["valid_until"] is not None else None,
    )
    return Part(terms, _bits(said["read"]["bitmap"], rows), said["read"]["items"])


def _bits(text: str, rows: int) -> bytes:
    """Return a bitmap of exactly as many bytes as the rows need: a small file must not become a large one."""
    size = (rows + 7) // 8
    inflater = zlib.decompressobj()
    try:
        bits = inflater.decompress(base64.b64decode(text, validate=True), size + 1)
    except binascii.Error as error:
        raise ValueError("the bitmap is not base64") from error
    if len(bits) != size or not inflater.eof or inflater.unused_data:
        raise ValueError("the bitmap is not of this many rows")
    return bits
