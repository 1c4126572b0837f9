"""What a build did, in numbers that add up, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.model.words import Outcome

SHOWN = 50  # assets in quarantine that a report names


@dataclass
class BuildReport:
    """The outcome of a build. Every file of the archive is in exactly one of `files`; members of containers beside."""

    dataset: str
    version: int | None = None
    changed: bool = True
    files: Counter[str] = field(default_factory=Counter)  # by outcome
    members: Counter[str] = field(default_factory=Counter)  # of containers, by outcome
    assets: int = 0
    items: Counter[str] = field(default_factory=Counter)  # by kind
    causes: Counter[str] = field(default_factory=Counter)
    quarantined: list[tuple[str, str, str]] = field(default_factory=list)  # asset, cause, message; the first of them
    near: Counter[str] = field(default_factory=Counter)  # of the search for near-duplicates: what took part, what not
    units: Counter[str] = field(default_factory=Counter)  # by status
    extracted: int = 0  # assets that a child read in this run
    payload_bytes: int = 0
    shards: int = 0
    findings: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    seconds: float = 0.0
    dry_run: bool = False

    def count(self, outcome: str, type: str, files: int) -> None:
        (self.members if type == "member" else self.files)[outcome] += files

    @property
    def exit_code(self) -> int:
        """10 when anything is in quarantine, else 0."""
        return 10 if self.causes else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "version": self.version,
            "changed": self.changed,
            "dry_run": self.dry_run,
            "files": {"total": sum(self.files.values()), **_known(self.files)},
            "members": {"total": sum(self.members.values()), **_known(self.members)},
            "assets": self.assets,
            "items": {"total": sum(self.items.values()), **dict(sorted(self.items.items()))},
            "quarantine": {"causes": dict(sorted(self.causes.items())), "assets": [list(q) for q in self.quarantined]},
            "near_duplicates": dict(sorted(self.near.items())),
            "units": dict(sorted(self.units.items())),
            "extracted": self.extracted,
            "payload_bytes": self.payload_bytes,
            "shards": self.shards,
            "findings": self.findings,
            "notices": self.notices,
            "seconds": round(self.seconds, 1),
        }

    def text(self) -> str:
        """Return the report for people. It ends with where to look next."""
        lines = [*self.notices, *self._head(), self._sum("files", self.files)]
        if self.members:
            lines.append(self._sum("members of containers", self.members))
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.items.items())) or "none"
        lines.append(f"items: {sum(self.items.values()):,} ({kinds})")
        if self.causes:
            causes = ", ".join(f"{count} {cause}" for cause, count in self.causes.most_common())
            lines.append(f"quarantine: {causes}")
            lines += [f"  {asset}: {cause}: {message}" for asset, cause, message in self.quarantined]
            more = sum(self.causes.values()) - len(self.quarantined)
            if more:
                lines.append(f"  and {more} more (--json lists them)")
        if self.near["oversized buckets"]:
            buckets, rows = self.near["oversized buckets"], self.near["capped"]
            lines.append(
                f"near-duplicates: {buckets:,} oversized buckets capped (black frames, slates, running heads);"
                f" {rows:,} times a picture had more neighbours than were compared"
            )
        lines += [f"custody: {finding}" for finding in self.findings]
        if not self.dry_run:
            lines.append(f"extracted {self.extracted:,} assets in {self.seconds:.1f} s")
            lines.append(f"next: provenance admit {self.dataset} --use ai_generative_training --purpose commercial")
        return "\n".join(lines)

    def _head(self) -> list[str]:
        if self.dry_run:
            return [f"dry run: nothing was written to {self.dataset}"]
        state = "committed" if self.changed else "unchanged: nothing to commit"
        return [f"{self.dataset}: version {self.version} {state}, {self.shards} shards, {_size(self.payload_bytes)}"]

    @staticmethod
    def _sum(what: str, counts: Mapping[str, int]) -> str:
        parts = " + ".join(f"{count:,} {outcome}" for outcome, count in _known(counts).items() if count)
        return f"{what}: {sum(counts.values()):,} = {parts or 'none'}"


def _known(counts: Mapping[str, int]) -> dict[str, int]:
    """All outcomes in their order, and the others (a dry run's) behind them."""
    order = [outcome.value for outcome in Outcome]
    names = [name for name in order if name in counts] + sorted(set(counts) - set(order))
    return {name: counts[name] for name in names}


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
