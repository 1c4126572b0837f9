"""Keys by role, and signed statements: Ed25519 over the DSSE v1 encoding of an in-toto Statement v1.

A key may do one thing: `build` signs versions, `rights` signs the ledger, `head` signs what says how fresh it is. The
format version fixes the algorithm, so a statement cannot choose a weaker one (T12). An envelope has one encoding only:
a change of any byte of the file is refused, also one that would not touch the signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provenance.dataset.disk import PosixDisk
from provenance.dataset.store import Store
from provenance.model.errors import BadSignatureError, ConflictError, UsageError
from provenance.model.words import canonical_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


class Role(StrEnum):
    """What a key may sign."""

    BUILD = "build"
    RIGHTS = "rights"
    HEAD = "head"
    TRAIN = "train"  # receipts of what a training run has read


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key: 32 bytes. `id` is the SHA-256 of them, in hex."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise BadSignatureError(f"an Ed25519 key has 32 bytes, not {len(self.raw)}")

    @property
    def id(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The form that people compare: `SHA256:` and the id's first 32 digits in groups of four."""
        return "SHA256:" + "-".join(self.id[start : start + 4] for start in range(0, 32, 4))

    @property
    def text(self) -> str:
        return base64.b64encode(self.raw).decode()

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Return the key that `text` wrote; BadSignatureError for anything else."""
        return cls(_unbase64(text))

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return when the signature is this key's. BadSignatureError."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise BadSignatureError(f"the signature is not that of key {self.fingerprint}") from error


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs, of one role. `made`: this call made it, so its fingerprint is to be shown."""

    role: Role
    made: bool
    _seed: bytes

    @property
    def public(self) -> PublicKey:
        private = Ed25519PrivateKey.from_private_bytes(self._seed)
        return PublicKey(private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self._seed).sign(message)

    def __repr__(self) -> str:  # A key must not reach a log.
        return f"PrivateKey(role={self.role.value!r}, {self.public.fingerprint})"


def home() -> Path:
    """Return where this person's keys and trust file are: PROVENANCE_HOME, or ~/.config/provenance."""
    return Path(os.environ.get("PROVENANCE_HOME") or Path.home() / ".config" / "provenance")


def own_key(role: Role, place: Path | None = None, suffix: str = "") -> PrivateKey:
    """Return this person's key of a role, making it at first use: `keys/<role><suffix>.pem`, mode 0600.

    UsageError for a key file that others can read, that is another's, or that holds no Ed25519 key.
    """
    place = place or home()
    file = place / "keys" / f"{role.value}{suffix}.pem"
    if not os.path.lexists(file):
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            Store(place, PosixDisk(place, mode=0o600)).put_new(f"keys/{file.name}", pem)
            return PrivateKey(role, True, made.private_bytes_raw())
        except ConflictError:
            pass  # Another process made it in this moment: that one counts.
    return PrivateKey(role, False, _read_key(file))


def parse_trusted(texts: Iterable[str]) -> dict[Role, tuple[PublicKey, ...]]:
    """Return public keys by role from texts such as `build:<base64>`. UsageError for anything else."""
    found: dict[Role, tuple[PublicKey, ...]] = {}
    for text in texts:
        role, _, key = text.partition(":")
        try:
            found[Role(role)] = (*found.get(Role(role), ()), PublicKey.parse(key))
        except (ValueError, BadSignatureError) as error:
            raise UsageError(
                "a trusted key is written ROLE:KEY, such as build:" + "A" * 43 + "=", where=text[:80]
            ) from error
    return found


def _read_key(file: Path) -> bytes:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o077 or state.st_uid != os.geteuid():
                raise UsageError(
                    "a private key must be a file of yours that nobody else can read",
                    where=str(file),
                    next_step=f"chmod 600 {file}, and make a new key if others may have read it",
                )
            key = serialization.load_pem_private_key(opened.read(16_384), None)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            "the private key cannot be read", where=str(file), next_step="restore the file from a backup"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("the private key is not an Ed25519 key", where=str(file), next_step="restore the right file")
    return key.private_bytes_raw()


# The encoding.


def pae(payload: bytes) -> bytes:
    """Return what a DSSE signature is taken over: the type and the payload, each with its length."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def statement(predicate_type: str, predicate: Mapping[str, Any], subjects: Sequence[tuple[str, str]]) -> bytes:
    """Return an in-toto Statement as canonical JSON. subjects: name and SHA-256 (hex) of each, in order."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in subjects],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )


def seal(payload: bytes, keys: Sequence[PrivateKey]) -> bytes:
    """Return the DSSE envelope of a payload, signed by each key in turn; one line of canonical JSON."""
    signatures = [{"keyid": key.public.id, "sig": base64.b64encode(key.sign(pae(payload))).decode()} for key in keys]
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": signatures,
    }
    return canonical_json(envelope) + b"\n"


def unseal(data: bytes, keys: Sequence[PublicKey], where: str) -> bytes:
    """Return the payload of an envelope that exactly these keys have signed, in this order. BadSignatureError."""
    payload, signatures = _envelope(data, where)
    try:
        if [keyid for keyid, _ in signatures] != [key.id for key in keys]:
            signers = ", ".join(keyid[:16] for keyid, _ in signatures) or "nobody"
            wanted = ", ".join(key.id[:16] for key in keys)
            raise BadSignatureError(f"signed by {signers} where {wanted} must sign")
        for key, (_, signature) in zip(keys, signatures, strict=True):
            key.verify(signature, pae(payload))
    except BadSignatureError as error:
        raise BadSignatureError(
            error.what, where=where, next_step="restore the dataset from a mirror, or ask its owner which key is right"
        ) from error
    return payload


def read_payload(data: bytes, where: str) -> bytes:
    """Return the payload of an envelope, unverified: to learn which key it asks for, and nothing else."""
    return _envelope(data, where)[0]


def _envelope(data: bytes, where: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    try:
        envelope = json.loads(data)
        if canonical_json(envelope) + b"\n" != data:
            raise ValueError("not in its one encoding")
        if set(envelope) != {"payload", "payloadType", "signatures"} or envelope["payloadType"] != PAYLOAD_TYPE:
            raise ValueError("other fields or another type")
        signatures = []
        for found in envelope["signatures"]:
            if set(found) != {"keyid", "sig"} or not isinstance(found["keyid"], str):
                raise ValueError("a signature has other fields")
            signatures.append((found["keyid"], _unbase64(found["sig"])))
        return _unbase64(envelope["payload"]), signatures
    except (ValueError, TypeError, KeyError, RecursionError, BadSignatureError) as error:
        raise BadSignatureError("is no signed statement", where=where, next_step="restore it from a mirror") from error


def _unbase64(text: str) -> bytes:
    """Return the bytes of canonical base64; BadSignatureError for any other spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadSignatureError("is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise BadSignatureError("is not base64 in its one spelling")
    return data
