"""Signed chains: numbered entries, each naming the digest of the one before. Versions, the ledger and keys are chains.

An entry is a DSSE envelope in `<folder>/<number>.json`, of an in-toto Statement whose predicate holds

    chain     the id that every entry of the chain repeats, so that none of another chain fits (T10)
    number    previous + 1, from 1; the file's name says the same (T11)
    parent    SHA-256 of the previous entry's file; null for the first
    nonce     16 random bytes: two chains begun alike, in the same second, are two chains
    created   when it was signed, for people: order is by number, never by time
    format    the format version, which fixes the algorithm

and whatever its kind adds. A chain is read whole or refused whole.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provenance.dataset import signing
from provenance.dataset.schema import FORMAT_VERSION
from provenance.dataset.signing import STATEMENT_TYPE, PrivateKey, PublicKey
from provenance.dataset.store import Store, entry_path
from provenance.model import clock
from provenance.model.errors import ForeignError, MissingError, SchemaError, TamperError
from provenance.model.words import sha256_hex

_COMMON = ("chain", "created", "format", "nonce", "number", "parent")
_RESTORE = "restore it from a mirror, then provenance verify"

# Given an entry's number and its body, still unverified, return who must have signed it, in order.
Signers = Callable[[int, Mapping[str, Any]], Sequence[PublicKey]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified entry. digest: SHA-256 of its file. body: the predicate without the fields common to all chains."""

    folder: str
    chain: str
    number: int
    digest: str
    parent: str | None
    created: dt.datetime
    body: Mapping[str, Any]
    subjects: tuple[tuple[str, str], ...]  # name and SHA-256
    signers: tuple[str, ...]  # key ids

    @property
    def path(self) -> str:
        return entry_path(self.folder, self.number)

    def bare(self) -> Entry:
        """Return the entry without body and subjects, which may be large: `reread` brings them back."""
        return replace(self, body={}, subjects=())


def append(
    store: Store,
    folder: str,
    predicate_type: str,
    chain: str,
    body: Mapping[str, Any],
    subjects: Sequence[tuple[str, str]],
    keys: Sequence[PrivateKey],
    parent: Entry | None,
    at: dt.datetime,
) -> Entry:
    """Commit the entry after `parent` (the first, when None) and return it. See `Store.commit` for the outcomes.

    The caller has read the chain up to `parent`; when somebody else was faster it is ConflictError: read again.
    """
    if parent is not None and parent.chain != chain:
        raise ForeignError(f"belongs to chain {parent.chain}, not {chain}", where=parent.path)
    number = parent.number + 1 if parent else 1
    common = {
        "chain": chain,
        "created": clock.stamp(at),
        "format": FORMAT_VERSION,
        "nonce": secrets.token_hex(16),
        "number": number,
        "parent": parent.digest if parent else None,
    }
    payload = signing.statement(predicate_type, {**body, **common}, subjects)
    data = signing.seal(payload, keys)
    store.commit(folder, number, data)
    signers = tuple(key.public for key in keys)
    return _entry(data, folder, predicate_type, number, parent, lambda *_: signers, chain)


def read_all(
    store: Store, folder: str, predicate_type: str, signers: Signers, chain: str | None = None
) -> tuple[Entry, ...]:
    """Return every entry of a chain, verified, by number; none when the folder holds none. See `walk`."""
    return tuple(walk(store, folder, predicate_type, signers, chain))


def walk(store: Store, folder: str, predicate_type: str, signers: Signers, chain: str | None = None) -> Iterator[Entry]:
    """Yield every entry of a chain, verified, by number, holding one at a time.

    1 the numbers run from 1 without a gap (MissingError)   2 each is signed by exactly whom `signers` says
    3 each says its own number and its parent's digest      4 all say one chain: `chain`, where it is given
    BadSignatureError, TamperError, ForeignError, SchemaError.
    """
    numbers = store.numbers(folder)
    parent: Entry | None = None
    for number in range(1, (numbers[-1] if numbers else 0) + 1):
        path = entry_path(folder, number)
        if numbers[number - 1] != number:  # 1
            raise MissingError(f"is not there, though {numbers[-1]} is", where=path, next_step=_RESTORE)
        parent = _entry(store.read(path), folder, predicate_type, number, parent, signers, chain)
        yield parent


def reread(store: Store, entry: Entry, predicate_type: str) -> Entry:
    """Return a `bare` entry with its body again, proven by its digest. ChangedError."""
    data = store.read(entry.path)
    if sha256_hex(data) != entry.digest:
        raise store.changed(entry.path)
    predicate, subjects = _parse(signing.read_payload(data, entry.path), predicate_type, entry.path)
    return replace(entry, body=_body(predicate), subjects=subjects)


def _entry(
    data: bytes,
    folder: str,
    predicate_type: str,
    number: int,
    parent: Entry | None,
    signers: Signers,
    chain: str | None,
) -> Entry:
    path = entry_path(folder, number)
    claimed, _ = _parse(signing.read_payload(data, path), predicate_type, path)
    predicate, subjects = _parse(signing.unseal(data, signers(number, claimed), path), predicate_type, path)  # 2
    if predicate["number"] != number:  # 3
        raise TamperError(f"says that it is number {predicate['number']}", where=path, next_step=_RESTORE)
    if predicate["parent"] != (parent.digest if parent else None):
        raise TamperError("does not follow from the entry before it", where=path, next_step=_RESTORE)
    wanted = parent.chain if parent else chain  # 4
    if wanted is not None and predicate["chain"] != wanted:
        raise ForeignError(f"belongs to {predicate['chain']}, not {wanted}", where=path, next_step=_RESTORE)
    return Entry(
        folder=folder,
        chain=predicate["chain"],
        number=number,
        digest=sha256_hex(data),
        parent=predicate["parent"],
        created=clock.parse(predicate["created"]),
        body=_body(predicate),
        subjects=subjects,
        signers=tuple(key.id for key in signers(number, claimed)),
    )


def _body(predicate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in predicate.items() if name not in _COMMON}


def _parse(payload: bytes, predicate_type: str, path: str) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Return a statement's predicate and subjects. SchemaError unless it is one, of this type, in its one encoding."""
    try:
        told = json.loads(payload)
        predicate = told["predicate"]
        subjects = tuple((found["name"], found["digest"]["sha256"]) for found in told["subject"])
        if signing.statement(predicate_type, predicate, subjects) != payload or told["_type"] != STATEMENT_TYPE:
            raise ValueError("not a statement of this type in its one encoding")
        if not all(isinstance(part, str) for pair in subjects for part in pair):
            raise ValueError("a subject is not a name and a digest")
        clock.parse(predicate["created"])
        if type(predicate["number"]) is not int or not isinstance(predicate["chain"], str):
            raise ValueError("number or chain of another type")
        if not isinstance(predicate["nonce"], str):
            raise ValueError("nonce of another type")
        if not isinstance(predicate["parent"], str | None):
            raise ValueError("parent of another type")
        found_format = predicate["format"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SchemaError(f"is no {predicate_type} ({error})", where=path, next_step=_RESTORE) from error
    if found_format != FORMAT_VERSION or type(found_format) is not int:
        raise SchemaError(
            f"is of format {found_format!r}, not {FORMAT_VERSION}",
            where=path,
            next_step="use the provenance that wrote it, or build the archive again into a new folder",
        )
    return predicate, subjects
