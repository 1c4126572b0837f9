"""Does a content credential still fit? Claim signature, assertion hashes and hard binding, checked by ourselves.

The steps of C2PA 2.x "Validation", as far as they tell an untouched credential from a broken one:
    1. the claim is there and names its hash algorithm
    2. the claim signature (COSE_Sign1, detached) verifies against the certificate that comes with it
    3. each assertion that the claim names is there with that hash, and no other stands beside them
    4. ingredients: steps 1 to 3 hold for each manifest in the store, save what a later claim redacts
    5. the hard binding of the active manifest matches the file
Whether anybody trusts the signer is another question, which is asked where trust is known; revocation is not asked,
because that would need the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend  # noqa: F401  else imported at first use, inside the lock
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from provenance.rights.sources import _c2pa_binding
from provenance.rights.sources._cbor import CborError, decode, signature1
from provenance.rights.sources._jumbf import Superbox
from provenance.rights.sources._text import clean

HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_DIGESTS: dict[int, Callable[[], hashes.HashAlgorithm]] = {256: hashes.SHA256, 384: hashes.SHA384, 512: hashes.SHA512}
_ECDSA = {-7: 256, -35: 384, -36: 512}
_PSS = {-37: 256, -38: 384, -39: 512}
_EDDSA = (-8, -19)
_MAX_PROBLEMS = 12
_UPDATE = b"c2um"


@dataclass(frozen=True, slots=True)
class Proof:
    """problems: what does not fit; unchecked: what this house does not know how to check; signer: end certificate."""

    problems: tuple[str, ...]
    unchecked: tuple[str, ...]
    signer_sha256: str | None


class _Problem(Exception):
    """One thing that does not fit, in a few words."""


def prove(manifests: Sequence[Superbox], file: BinaryIO, size: int) -> Proof:
    """Return what fits of a store, oldest manifest first. Never raises for what the store holds."""
    problems: list[str] = []
    unchecked: list[str] = []
    signer = None
    redacted = _redactions(manifests)
    for manifest in manifests:
        active = manifest is manifests[-1]
        try:
            claim, raw = _claim(manifest)
            certificate = _signature(manifest, raw)
            signer = certificate if active else signer
            _assertions(manifest, claim, redacted)
            if active and manifest.kind.startswith(_UPDATE):
                unchecked.append("an update manifest binds through its parent, which is not followed")
            elif active:
                unchecked.extend(_c2pa_binding.check(manifest, claim, file, size))
        except (_Problem, _c2pa_binding.Mismatch) as problem:
            prefix = "" if active else "ingredient: "
            problems.append(prefix + str(problem))
        except (CborError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
            problems.append("malformed" if active else "ingredient: malformed")
    return Proof(tuple(dict.fromkeys(problems))[:_MAX_PROBLEMS], tuple(unchecked), signer)


def _claim(manifest: Superbox) -> tuple[dict[str, Any], bytes]:
    box = manifest.child("c2pa.claim.v2", "c2pa.claim")
    raw = box.box(b"cbor") if box else None
    if raw is None:
        raise _Problem("no claim")
    claim = decode(raw)
    if not isinstance(claim, dict):
        raise _Problem("the claim is no map")
    return claim, bytes(raw)


def _signature(manifest: Superbox, claim: bytes) -> str:
    """Return the SHA-256 of the signer's certificate, once its signature over the claim has been verified."""
    box = manifest.child("c2pa.signature")
    raw = box.box(b"cbor") if box else None
    if raw is None:
        raise _Problem("no claim signature")
    protected, unprotected, payload, signature = decode(raw)
    header = decode(protected)
    if payload:
        raise _Problem("the claim signature carries its own payload")
    chain = next((h[name] for h in (header, unprotected) for name in (33, "x5chain") if name in h), None)
    certificate = chain[0] if isinstance(chain, list) and chain else chain
    if not isinstance(certificate, bytes):
        raise _Problem("the claim signature brings no certificate")
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        _verify(key, header.get(1), signature, signature1(protected, claim))
    except InvalidSignature:
        raise _Problem("the claim signature does not match") from None
    except (UnsupportedAlgorithm, ValueError, TypeError):
        raise _Problem("the claim signature cannot be read") from None
    return hashlib.sha256(certificate).hexdigest()


def _verify(key: Any, algorithm: Any, signature: bytes, signed: bytes) -> None:
    if algorithm in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        key.verify(der, signed, ec.ECDSA(_DIGESTS[_ECDSA[algorithm]]()))
    elif algorithm in _PSS and isinstance(key, rsa.RSAPublicKey):
        digest = _DIGESTS[_PSS[algorithm]]()
        key.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif algorithm in _EDDSA and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    else:
        raise ValueError("an algorithm that C2PA does not allow for this key")


def _named(claim: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        entry for part in ("assertions", "created_assertions", "gathered_assertions") for entry in claim.get(part) or []
    ]


def _assertions(manifest: Superbox, claim: dict[str, Any], redacted: frozenset[str]) -> None:
    store = manifest.child("c2pa.assertions")
    present = {box.label: box for box in store.children} if store else {}
    if store and len(present) != len(store.children):
        raise _Problem("two assertions of one name")
    named = set()
    for entry in _named(claim):
        label = entry["url"].rsplit("/", 1)[-1]
        named.add(label)
        shown = clean(label, 100)
        if label not in present:
            if f"{manifest.label}/{label}" in redacted:
                continue
            raise _Problem(f"assertion {shown} is missing")
        algorithm = entry.get("alg") or claim.get("alg")
        if algorithm not in HASHES:
            raise _Problem("no known hash algorithm is named")
        if HASHES[algorithm](present[label].content).digest() != entry["hash"]:
            raise _Problem(f"assertion {shown} was altered")
    if stray := sorted(set(present) - named):
        raise _Problem(f"assertion {clean(stray[0], 100)} is not in the claim")


def _redactions(manifests: Sequence[Superbox]) -> frozenset[str]:
    """Assertions that some claim of the store says it took out of an ingredient, as `manifest/assertion`."""
    found = set()
    for manifest in manifests:
        try:
            claim, _ = _claim(manifest)
            for url in claim.get("redacted_assertions") or []:
                parts = url.split("/")
                found.add(f"{parts[-3]}/{parts[-1]}")
        except (_Problem, CborError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            continue  # told of when the manifest itself is checked
    return frozenset(found)
