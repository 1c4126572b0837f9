"""What the machine-readable documents are about: one version's numbers. There is no name in it that is not public."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOT_STATED = "Not stated: the dataset does not record it."


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
class Subject:
    """A version judged by a policy on a day.

    cleared, all: by kind. bases, licences: cleared items by basis and licence of the deciding records; a licence of the
    desk's own is a digest. opted_out: items that a file, a sidecar or a copy opts out.
    """

    dataset: str
    version: int
    created: dt.datetime
    root: str
    build_key: str
    ledger: tuple[int, str]
    on: dt.date
    policy: Mapping[str, Any]
    policy_digest: str
    tool: Mapping[str, str]
    rules: str
    objects: tuple[Object, ...]
    all: Mapping[str, Counts]
    cleared: Mapping[str, Counts]
    bases: Mapping[str, int]
    licences: Mapping[str, int]
    reasons: Mapping[str, int]
    opted_out: int
    quarantined: int

    @property
    def name(self) -> str:
        return f"provenance-dataset-{self.dataset[:12]}"
