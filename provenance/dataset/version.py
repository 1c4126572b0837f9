"""Versions of a dataset: signed lists of every object by digest, one after the other.

A version is an entry of the chain in `versions/`; its subjects are its objects. `root` is the Merkle tree hash of
RFC 6962, with SHA-256, over one leaf for each object: `path NUL sha256`, shards in the order listed and then the tables
by name. Two datasets with equal roots hold the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenance.dataset import chain
from provenance.dataset.chain import Entry
from provenance.dataset.index import ALWAYS, TABLES, TableInfo
from provenance.dataset.keyring import Keyring
from provenance.dataset.shard import ShardInfo, shard_folder
from provenance.dataset.signing import PrivateKey
from provenance.dataset.store import Store
from provenance.model.errors import SchemaError
from provenance.model.words import Kind, canonical_json

FOLDER = "versions"
PREDICATE = "https://provenance.example/dataset-version/v1"

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Content:
    """What a version says, apart from who, when and after what.

    tool: names and versions of what built it. archive: its name, for people. options: those of the build. ledger:
    number and digest of the ledger head at build time, None without one. shards: in index order. tables: by name.
    counts: whole numbers by name, nested as the build likes.
    """

    tool: Mapping[str, str]
    archive: str
    options: Mapping[str, Any]
    ledger: Mapping[str, Any] | None
    shards: tuple[ShardInfo, ...]
    tables: Mapping[str, TableInfo]
    counts: Mapping[str, Any]

    @property
    def proofs(self) -> dict[str, tuple[str, int]]:
        """SHA-256 and size of every object by its path: shards in order, then tables by name."""
        found = {shard.path: (shard.sha256, shard.bytes) for shard in self.shards}
        return found | {table.path: (table.sha256, table.bytes) for _, table in sorted(self.tables.items())}

    @property
    def objects(self) -> tuple[tuple[str, str], ...]:
        """Path and SHA-256 of every object: shards in order, then tables by name."""
        return tuple((path, sha256) for path, (sha256, _) in self.proofs.items())

    @property
    def root(self) -> str:
        return merkle_root([f"{path}\0{sha256}".encode() for path, sha256 in self.objects])

    def as_json(self) -> dict[str, Any]:
        return {
            "tool": dict(self.tool),
            "archive": self.archive,
            "options": dict(self.options),
            "ledger": dict(self.ledger) if self.ledger is not None else None,
            "shards": [shard.as_json() for shard in self.shards],
            "tables": {name: table.as_json() for name, table in self.tables.items()},
            "counts": dict(self.counts),
            "root": self.root,
        }


@dataclass(frozen=True, slots=True)
class Version:
    """One verified version: its place in the chain, and its content."""

    entry: Entry
    content: Content

    @property
    def dataset(self) -> str:
        return self.entry.chain

    @property
    def number(self) -> int:
        return self.entry.number

    @property
    def digest(self) -> str:
        return self.entry.digest

    @property
    def created(self) -> dt.datetime:
        return self.entry.created

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.content.shards)


def commit_version(
    store: Store, dataset: str, content: Content, key: PrivateKey, parent: Version | None, at: dt.datetime
) -> Version:
    """Commit the version after `parent` and return it; when `parent` says the same already, return that.

    So the rerun of a build whose commit landed but was reported failed commits nothing twice. Every object must be in
    the store already. ConflictError: read the chain again; UnknownOutcome: run again, it looks first.
    """
    body = content.as_json()
    if parent is not None and canonical_json(parent.content.as_json()) == canonical_json(body):
        return parent
    entry = chain.append(
        store, FOLDER, PREDICATE, dataset, body, content.objects, [key], parent.entry if parent else None, at
    )
    return parse(entry)


def read_versions(store: Store, keys: Keyring) -> tuple[Entry, ...]:
    """Return every version's verified entry, by number, all but the last bare. The kinds of TamperError."""
    found: list[Entry] = []
    for entry in chain.walk(store, FOLDER, PREDICATE, keys.signers, keys.chain):
        found[-1:] = [found[-1].bare(), entry] if found else [entry]
    return tuple(found)


def load_version(store: Store, entry: Entry) -> Version:
    """Return the version of an entry that `read_versions` gave. ChangedError, SchemaError."""
    return parse(chain.reread(store, entry, PREDICATE))


def parse(entry: Entry) -> Version:
    """Return what a verified entry says as a version. SchemaError when it says anything else, more or less."""
    body = entry.body
    try:
        content = Content(
            tool={str(name): _text(value) for name, value in body["tool"].items()},
            archive=_text(body["archive"]),
            options=dict(body["options"]),
            ledger=dict(body["ledger"]) if body["ledger"] is not None else None,
            shards=tuple(map(_shard, body["shards"])),
            tables={name: _table(name, table) for name, table in body["tables"].items()},
            counts=dict(body["counts"]),
        )
        if content.as_json() != dict(body):
            raise ValueError("more or other fields than a version has")
        if content.objects != entry.subjects:
            raise ValueError("its subjects are not its objects")
        if len(content.objects) != len(content.shards) + len(content.tables) or not (
            ALWAYS <= content.tables.keys() <= TABLES.keys()
        ):
            raise ValueError("an object twice, or other tables than the format's")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SchemaError(f"is no version of a dataset ({error})", where=entry.path) from error
    return Version(entry, content)


def live_objects(versions: Iterable[Version]) -> frozenset[str]:
    """Return the paths of all objects that any of these versions names: what gc spares."""
    return frozenset(path for version in versions for path, _ in version.content.objects)


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the Merkle tree hash of RFC 6962 §2.1 over the leaves, in hex."""
    # A stack of subtrees, as when a binary number counts up: equal neighbours join, the rest joins at the end.
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, digest = 0, hashlib.sha256(b"\0" + leaf).digest()
        while stack and stack[-1][0] == height:
            digest = hashlib.sha256(b"\1" + stack.pop()[1] + digest).digest()
            height += 1
        stack.append((height, digest))
    if not stack:
        return hashlib.sha256(b"").hexdigest()
    digest = stack.pop()[1]
    while stack:
        digest = hashlib.sha256(b"\1" + stack.pop()[1] + digest).digest()
    return digest.hex()


def _shard(told: Mapping[str, Any]) -> ShardInfo:
    kind = Kind(told["kind"])
    found = _table(shard_folder(kind), told)
    return ShardInfo(kind, found.sha256, found.path, found.rows, found.bytes)


def _table(folder: str, told: Mapping[str, Any]) -> TableInfo:
    """Return an object's place. The path follows from folder and digest: a version cannot point anywhere else."""
    sha256 = _text(told["sha256"])
    if not _SHA256.fullmatch(sha256) or told["path"] != f"{folder}/{sha256}.parquet":
        raise ValueError(f"an object of {folder} lies elsewhere")
    return TableInfo(told["path"], sha256, _count(told["rows"]), _count(told["bytes"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a whole number expected")
    return value
