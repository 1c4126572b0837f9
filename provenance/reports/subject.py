"""What the machine-readable documents are about: one version's numbers. There is no name in it that is not public."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NOT_STATED = "Not stated: the dataset does not record it."

TAG = "tag:provenance.example,2026:"  # RFC 4151: names that nobody can look up, and that say so


@dataclass(frozen=True, slots=True)
class Object:
    """A file of the version: path below the dataset, SHA-256, bytes, what it holds (a kind, or a table), rows."""

    path: str
    sha256: str
    bytes: int
    holds: str
    rows: int
    columns: tuple[tuple[str, str], ...] = ()  # name and type (text, integer, float, boolean, date, image) of each


@dataclass(frozen=True, slots=True)
class Counts:
    """Items, hours of footage and payload bytes."""

    items: int
    hours: float
    bytes: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of the archive as the build read it. path: raw bytes, or a digest of them in public.

    sha256: as recorded then. hashes: by the names of ASC MHL in order, of a file that was read again and is the same.
    """

    path: bytes
    sha256: str
    bytes: int
    hashes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of the archive. private: paths are told as they are.

    files: in the order of their paths. left_out: how many more were read that the document does not list.
    """

    private: bool
    files: tuple[File, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Release:
    """What a release says of its own making: from which dataset and version, when, under which ledger entry.

    files: path, SHA-256 and bytes of what lies beside its objects, such as the credits that licences ask for.
    """

    source: str
    source_version: int
    decided: str
    ledger: int
    policy_digest: str
    valid_until: str | None
    files: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Where something may happen: ISO 3166 codes or `worldwide`, less the excluded ones."""

    places: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One rights statement that touches items, in words of closed lists; whatever else it names is a salted digest.

    start, end: first and last valid day; revoked: the first day without it. after, before: the events that set them and
    have not happened, digested, each with its lag in days. duties: kind, and whether it is done. items: how many it
    touches.
    """

    record: str
    interest: str
    basis: str
    status: str
    items: int
    license: str | None
    agreement: str | None
    licensor: str | None
    licensee: str | None
    person: str | None
    consent: str | None
    survival: str | None
    allowed: tuple[str, ...]
    refused: tuple[str, ...]
    constrained: tuple[str, ...]
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    models: tuple[str, ...]
    media: tuple[str, ...]
    territory: Limit
    processing: Limit | None
    storage: Limit | None
    start: dt.date | None
    end: dt.date | None
    revoked: dt.date | None
    after: tuple[str, int] | None
    before: tuple[str, int] | None
    duties: tuple[tuple[str, bool], ...]
    alterations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A version judged by a policy on a day.

    cleared, all: by kind. bases, licences: cleared items by basis and licence of the deciding records; a licence of the
    desk's own is a digest. unlicensed: cleared items of whose licence no record speaks. interests: cleared items by
    what their records declare besides copyright. generated: cleared items declared as made with generative AI.
    conditions: cleared items by duty and limit on alteration. opted_out: items that a file, a sidecar or a copy opts
    out. valid_until: the first moment at which the numbers could differ. grants: by digest. read: the archive's files,
    gathered when a document asks.
    """

    dataset: str
    version: int
    created: dt.datetime
    previous: dt.datetime | None
    root: str
    build_key: str
    ledger: tuple[int, str]
    on: dt.date
    valid_until: dt.datetime | None
    policy: Mapping[str, Any]
    policy_digest: str
    tool: Mapping[str, str]
    rules: str
    objects: tuple[Object, ...]
    all: Mapping[str, Counts]
    cleared: Mapping[str, Counts]
    bases: Mapping[str, int]
    licences: Mapping[str, int]
    unlicensed: int
    interests: Mapping[str, int]
    generated: int
    conditions: Mapping[str, int]
    reasons: Mapping[str, int]
    opted_out: int
    quarantined: int
    grants: tuple[Grant, ...]
    release: Release | None
    read: Callable[[], Reading]

    @property
    def name(self) -> str:
        return f"provenance-{self.what}-{self.dataset[:12]}"

    @property
    def what(self) -> str:
        """`release` or `dataset`."""
        return "dataset" if self.release is None else "release"

    @property
    def iri(self) -> str:
        return f"{TAG}{self.what}/{self.dataset}/{self.version}"

    @property
    def total_items(self) -> int:
        return sum(counts.items for counts in self.all.values())

    @property
    def cleared_items(self) -> int:
        return sum(counts.items for counts in self.cleared.values())

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.objects)

    @property
    def expression(self) -> str | None:
        """All licences of the cleared items as one SPDX expression, since each item needs its own; None without any."""
        parts = [license_ref(name) for name in sorted(self.licences)]
        return " AND ".join(f"({part})" if " OR " in part and len(parts) > 1 else part for part in parts) or None

    @property
    def judged(self) -> str:
        """What the numbers of cleared items mean, in one sentence."""
        others = "" if self.cleared_items == self.total_items else "; the others are not licensed for it"
        return (
            f"{self.cleared_items} of {self.total_items} items were cleared for {self.policy['use']}, "
            f"{self.policy['purpose']} purposes, in {', '.join(self.policy['territories'])}, on {self.on}{others}. "
            "What is licensed today is asked of the rights ledger, never of this document."
        )

    @property
    def people(self) -> str:
        """What is known of persons and other interests in the cleared items, in sentences."""
        named = ", ".join(f"{name} {count}" for name, count in self.interests.items())
        known = f"Cleared items whose records name another interest than copyright: {named}." if named else NOT_STATED
        return f"{known} Nobody looked for persons in the pictures."

    @property
    def made_from(self) -> str | None:
        """Of a release: where it comes from, until when it is good, and where its credits stand, in sentences."""
        if self.release is None:
            return None
        told = self.release
        credits = self.conditions.get("credit", 0)
        beside = ", ".join(f"{path} (SHA-256 {sha256})" for path, sha256, _ in told.files) or "no file"
        return (
            f"A release: the items of dataset {told.source}, version {told.source_version}, that policy "
            f"{told.policy_digest} cleared under entry {told.ledger} of its rights ledger, decided {told.decided}. "
            f"Good until {told.valid_until or 'something changes in the ledger'}. "
            f"{credits} items ask for a credit; credits stand in {beside}."
        )


def iri_of(digest: str) -> str:
    """Return an IRI for a public name such as `holder 0123456789abcdef`."""
    return TAG + digest.replace(" ", "/")


def is_private(licence: str) -> bool:
    """Whether a licence is one of the desk's own, which is told by a digest."""
    return licence.startswith("licence ")


def license_ref(licence: str) -> str:
    """Return a licence as an SPDX expression: a digest becomes a LicenseRef."""
    return f"LicenseRef-provenance-{licence.removeprefix('licence ')}" if is_private(licence) else licence


def json_bytes(told: Any) -> bytes:
    """Return JSON for people and machines, UTF-8: sorted keys, one value a line; equal facts give equal bytes."""
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"
