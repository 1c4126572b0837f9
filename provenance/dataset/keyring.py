"""The public keys that a dataset carries: one chain for each role, in `keys/<role>/`.

A dataset carries its keys for convenience; trust in the first of them comes from outside (see `trust`). Every later key
is signed by the one before it and by itself, and says from which entry on it signs: an old key that was stolen signs
nothing after that (T12).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.dataset import chain
from provenance.dataset.chain import Entry
from provenance.dataset.signing import PrivateKey, PublicKey, Role
from provenance.dataset.store import Store
from provenance.model.errors import BadSignatureError, ConflictError, MissingError, SchemaError, UsageError

PREDICATE = "https://provenance.example/key/v1"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one role, oldest first, each with the number of the first entry that it signs."""

    role: Role
    chain: str
    entries: tuple[Entry, ...]
    periods: tuple[tuple[int, PublicKey], ...]

    @property
    def first(self) -> PublicKey:
        """The key that has to be trusted from outside; the others follow from it."""
        return self.periods[0][1]

    @property
    def current(self) -> PublicKey:
        return self.periods[-1][1]

    def signers(self, number: int, _: Mapping[str, Any]) -> Sequence[PublicKey]:
        """Return who must have signed the entry of this number: exactly one key. For `chain.read_all`."""
        return [[key for first, key in self.periods if first <= number][-1]]


def key_folder(role: Role) -> str:
    return f"keys/{role.value}"


def load(store: Store, role: Role, dataset: str | None = None) -> Keyring:
    """Return a role's keys, each proven by the one before. MissingError when there is none; TamperError kinds."""
    known: list[PublicKey] = []

    def signers(number: int, body: Mapping[str, Any]) -> Sequence[PublicKey]:
        new = PublicKey.parse(body.get("public_key", ""))
        del known[number - 1 :]
        known.append(new)
        return known[-2:]

    entries = chain.read_all(store, key_folder(role), PREDICATE, signers, dataset)
    if not entries:
        raise MissingError(
            f"holds no public key for {role.value}",
            where=store.at(key_folder(role)),
            next_step="restore the dataset from a mirror",
        )
    periods: list[tuple[int, PublicKey]] = []
    for entry in entries:
        body, first = entry.body, entry.body.get("first")
        after = periods[-1][0] if periods else 0
        if set(body) != {"role", "public_key", "first"} or body["role"] != role.value or entry.subjects:
            raise SchemaError("is no key of this role", where=entry.path)
        if type(first) is not int or first <= after or (not periods and first != 1):
            raise SchemaError("does not say from which entry on its key signs", where=entry.path)
        periods.append((first, PublicKey.parse(body["public_key"])))
    return Keyring(role, entries[0].chain, entries, tuple(periods))


def publish(store: Store, dataset: str, key: PrivateKey, at: dt.datetime) -> Keyring:
    """Return the dataset's keys of this key's role, once the key is the current one: the first is put at first use.

    BadSignatureError when the dataset is signed by somebody else's key.
    """
    if not store.numbers(key_folder(key.role)):
        try:
            _add(store, dataset, key, [key], 1, None, at)
        except ConflictError:
            pass  # Somebody was faster; whether it is our key is seen below.
    keyring = load(store, key.role, dataset)
    if keyring.current != key.public:
        raise BadSignatureError(
            f"is signed by key {keyring.current.fingerprint}, yours is {key.public.fingerprint}",
            where=store.at(key_folder(key.role)),
            next_step=f"use the right PROVENANCE_HOME or another folder, or provenance init --rotate {key.role.value}",
        )
    return keyring


def rotate(store: Store, old: PrivateKey, new: PrivateKey, first: int, at: dt.datetime) -> Keyring:
    """Make `new` the key of its role from entry `first` on, signed by both keys, and return the keys."""
    keyring = load(store, old.role)
    if old.public != keyring.current or old.role != new.role or old.public == new.public:
        raise UsageError("a key is replaced by another of its role, signed by the current one", where=old.role.value)
    if first <= keyring.periods[-1][0]:
        raise UsageError(f"the new key cannot sign from entry {first} on", where=old.role.value)
    _add(store, keyring.chain, new, [old, new], first, keyring.entries[-1], at)
    return load(store, old.role, keyring.chain)


def _add(
    store: Store,
    dataset: str,
    key: PrivateKey,
    signers: Sequence[PrivateKey],
    first: int,
    parent: Entry | None,
    at: dt.datetime,
) -> None:
    body = {"role": key.role.value, "public_key": key.public.text, "first": first}
    chain.append(store, key_folder(key.role), PREDICATE, dataset, body, (), signers, parent, at)
