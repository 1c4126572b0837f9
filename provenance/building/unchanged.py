"""Whether a build would commit again what is committed already, told without reading or writing a table anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provenance.building.extraction import Done
from provenance.building.parts import Old
from provenance.building.report import SHOWN, BuildReport
from provenance.dataset.version import Version


def stands(
    head: Version,
    old: Old,
    done: Sequence[Done],
    ledger: Mapping[str, Any] | None,
    tool: Mapping[str, str],
    options: Mapping[str, Any],
    archive: str,
) -> bool:
    """Return whether everything that a version is made of is as it was when `head` was committed.

    The units and their order, the ledger, the tool, and the options, among them the rule of near groups. A version is
    a function of these, so the next one would be the same, byte for byte.
    """
    content = head.content
    if any(answer.status == "finished" for answer in done):
        return False
    at = {answer.key: number for number, answer in enumerate(done)}
    for rows in (old.assets, old.quarantine):
        places = [at.get(key, -1) for key in rows]
        if -1 in places or places != sorted(places):
            return False
    if len(at) != len(old.keys()):
        return False
    told = (content.ledger, content.tool, content.options, content.archive)
    return told == (ledger, tool, options, archive)


def tell(head: Version, old: Old, done: Sequence[Done], report: BuildReport) -> None:
    """Give the report the counts that the version carries."""
    content = head.content
    for counter, name in ((report.files, "files"), (report.members, "members"), (report.items, "items")):
        counter.update(content.counts[name])
    report.assets = sum(count for rows in (old.assets, old.quarantine) for _, count in rows.values())
    report.shards, report.payload_bytes = len(content.shards), sum(shard.bytes for shard in content.shards)
    for answer in done:
        report.units[answer.status] += 1
        report.extracted += answer.extracted
    for batch in old.stream("quarantine", ["asset", "cause", "message"]):
        rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        report.causes.update(cause for _, cause, _ in rows)
        report.quarantined += rows[: SHOWN - len(report.quarantined)]
