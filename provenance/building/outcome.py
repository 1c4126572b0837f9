"""What was read of an asset before it was decoded, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from provenance.archive.walk import Identity
from provenance.building.spool import Spool
from provenance.building.units import Expected, Planned
from provenance.model.words import Cause


@dataclass
class Readings:
    """What was read of an asset before any of it was decoded: digests, identities, and what could not be read."""

    planned: Planned
    digests: dict[bytes, str] = field(default_factory=dict)
    identities: dict[bytes, Identity] = field(default_factory=dict)
    problems: dict[bytes, tuple[Cause, str]] = field(default_factory=dict)
    custody: list[str] = field(default_factory=list)
    sidecars: dict[bytes, str] = field(default_factory=dict)
    data: bytes | None = None  # all of a small asset of one file, as it was hashed

    def refuse(self, path: bytes, cause: Cause, sentence: str) -> None:
        self.problems[path] = (cause, sentence)

    def hashed(self, path: bytes, identity: Identity, digests: dict[str, str], expected: list[Expected]) -> None:
        self.digests[path], self.identities[path] = digests["sha256"], identity
        for entry in expected:
            if digests[entry.algorithm] != entry.digest:
                read = f"{entry.algorithm} {entry.digest}, and was read as {digests[entry.algorithm]}"
                self.refuse(path, Cause.CUSTODY_MISMATCH, f"{entry.source} sealed it with {read}")
            else:
                self.custody.append(f"{entry.source}: {entry.algorithm} verified")

    @property
    def learned(self) -> Iterator[tuple[bytes, Identity, str]]:
        for path, identity in self.identities.items():
            yield path, identity, self.digests[path]

    def told(self) -> list[str]:
        """What enters the unit's key: a digest for each file and sidecar, or the cause for which there is none."""
        files = [
            f"!{self.problems[file.path][0].value}" if file.path not in self.digests else self.digests[file.path]
            for file in self.planned.asset.files
        ]
        return files + [self.sidecars.get(sidecar.path, "!") for sidecar in self.planned.sidecars]


@dataclass
class Outcome:
    """What became of one asset, container member, or frame that had to be left out of its sequence."""

    path: bytes
    shown: str
    type: str
    files: list[tuple[bytes, str | None, int, int | None]]  # path, sha256, bytes, frame number
    sha256: str | None = None
    media_type: str | None = None
    extractor: str | None = None
    note: str | None = None
    missing: tuple[int, ...] = ()
    custody: str | None = None
    sidecars: list[str] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    spool: Spool | None = None
    contained: int = 0  # items of a container's members
    cause: Cause | None = None
    message: str = ""

    def fail(self, cause: Cause, message: str) -> Outcome:
        if self.spool is not None:
            self.spool.discard()
        self.spool, self.cause, self.message = None, cause, message
        return self

    def row(self) -> dict[str, Any]:
        """The columns that assets and quarantine share, but for the unit."""
        return {
            "asset": self.shown,
            "asset_path": self.path,
            "type": self.type,
            "sha256": self.sha256,
            "bytes": sum(size for _, _, size, _ in self.files),
            "files": [
                {"path": path, "sha256": sha256, "bytes": size, "number": number}
                for path, sha256, size, number in self.files
            ],
            "media_type": self.media_type,
            "extractor": self.extractor,
            "note": self.note,
            "missing_frames": list(self.missing),
            "custody": self.custody,
            "sidecars": self.sidecars,
            "signals": json.dumps(self.signals, ensure_ascii=False, sort_keys=True),
        }

    def tally(self, counts: dict[str, int]) -> dict[str, Any]:
        items = sum(counts.values())
        outcome = "items" if items or self.contained else "context"
        return {"outcome": outcome, "items": items, "extract": json.dumps(counts, sort_keys=True)}

    def place(self, header: dict[str, Any]) -> tuple[bytes, str]:
        """The path and digest of the very file that an item came from."""
        path, sha256, _, _ = self.files[header.get("file", 0)]
        return path, sha256 or ""
