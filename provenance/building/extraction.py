"""One unit of work, from descriptors to shards: what a worker does.

Hash every file of the unit beneath the root; name the unit by what was read; when no result of that name exists, let a
locked child extract each asset, write the items into one shard a kind, and hand back a small record. Nothing here
commits anything: a unit may run twice, or be thrown away, without harm.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.archive.hashing import hash_file, read_file
from provenance.archive.opening import opened
from provenance.archive.walk import Identity, open_root
from provenance.building import units
from provenance.building.assets import AssetReader
from provenance.building.memo import Memo
from provenance.building.outcome import Outcome, Readings
from provenance.building.rows import evidence_of
from provenance.building.shards import UnitShards
from provenance.building.toolset import toolset
from provenance.building.units import Planned, Unit
from provenance.dataset.store import TEMPS, Store
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause
from provenance.rights.matcher import Matcher
from provenance.rights.statement import RightsStatement
from provenance.sandbox import Child, Limits, Sandbox

_HELD_BYTES = 4 * 1024 * 1024  # a smaller file stays in memory from its hashing on: it may become an item as it is

Failed = tuple[tuple[bytes, str], ...]  # path and cause of each asset in quarantine


@dataclass(frozen=True)
class Job:
    """What every unit of one build shares. Small enough to be sent to a worker."""

    archive: str
    dataset: str
    dataset_id: str
    memo: str
    options: Options
    statements: tuple[RightsStatement, ...]
    evidence: str  # digest of the statements: what a finished unit's rows were written under
    known: frozenset[str] = frozenset()  # keys of units whose result is committed
    failed: Mapping[str, Failed] = field(default_factory=dict)  # of those, what is in quarantine
    unlocked: bool = False
    limits: Limits = field(default_factory=Limits)

    @functools.cached_property
    def toolset(self) -> list[str]:
        return toolset(self.options)


@dataclass(frozen=True)
class Done:
    """The answer of a worker. status: `known` (committed already), `kept` (failures failed again), `finished`.

    record: shards, digests of the table parts, counts. learned: path, identity and digest of each file that was read.
    """

    number: int
    key: str
    status: str
    record: dict[str, Any]
    learned: tuple[tuple[bytes, Identity, str], ...]
    extracted: int = 0


class _Changed(Exception):
    pass


def run_unit(job: Job, unit: Unit) -> Done:
    """Return the unit's result, extracting only what no committed or finished result holds."""
    try:
        return _attempt(job, unit, last=False)
    except _Changed:
        # A file was replaced between hashing and decoding: its digest named other bytes. Once more, from the start.
        return _attempt(job, unit, last=True)


def given_up(job: Job, unit: Unit, how: str) -> Done:
    """Return the result of a unit whose worker died on every try: all of its assets in quarantine."""
    hands = _hands(job)
    readings = [_read(hands.root, planned) for planned in unit.assets]
    key = units.key(job.toolset, job.dataset_id, unit, [reading.told() for reading in readings])
    for reading in readings:
        for found in reading.planned.asset.files:
            if found.path not in reading.problems:
                reading.refuse(found.path, Cause.CRASHED, f"the worker that read it died ({how})")
    record = _extract(hands, unit, readings, key, last=True)
    return Done(unit.number, key, "finished", record, (), len(unit.assets))


def finished_key(job: Job, unit_key: str) -> str:
    return f"{unit_key} {job.evidence}"


def _attempt(job: Job, unit: Unit, last: bool) -> Done:
    hands = _hands(job)
    readings = [_read(hands.root, planned) for planned in unit.assets]
    key = units.key(job.toolset, job.dataset_id, unit, [reading.told() for reading in readings])
    learned = tuple(entry for reading in readings for entry in reading.learned)
    if key in job.known:
        failed = dict(job.failed.get(key, ()))
        if not (failed and _mended(hands, unit, readings, failed)):
            return Done(unit.number, key, "kept" if failed else "known", {}, learned)
    else:
        with Memo.reading(job.memo) as memo:
            record = memo.finished(finished_key(job, key)) if memo is not None else None
        if record is not None and _whole(hands.store, record):
            return Done(unit.number, key, "finished", record, learned)
    return Done(unit.number, key, "finished", _extract(hands, unit, readings, key, last), learned, len(unit.assets))


def _read(root: int, planned: Planned) -> Readings:
    """Hash an asset's files and sidecars, each opened beneath the root; what cannot be read is told, not raised."""
    readings = Readings(planned)
    for found in planned.asset.files:
        if found.problem is not None:
            readings.refuse(found.path, found.problem, found.sentence)
            continue
        expected = [entry for entry in planned.expected if entry.path == found.path]
        algorithms = {"sha256"} | {entry.algorithm for entry in expected}
        try:
            with opened(root, found.path) as file:
                if not planned.asset.numbers and os.fstat(file.descriptor).st_size <= _HELD_BYTES:
                    readings.data, digests = read_file(file.descriptor, algorithms)
                else:
                    digests = hash_file(file.descriptor, algorithms)
        except Quarantined as refusal:
            readings.refuse(found.path, refusal.cause, refusal.what)
            continue
        readings.hashed(found.path, file.identity, digests, expected)
    for sidecar in planned.sidecars:
        try:
            with opened(root, sidecar.path) as file:
                readings.sidecars[sidecar.path] = hash_file(file.descriptor)["sha256"]
        except Quarantined as refusal:
            readings.sidecars[sidecar.path] = f"!{refusal.cause.value}"
    return readings


def _whole(store: Store, record: dict[str, Any]) -> bool:
    paths = [shard["path"] for shard in record["shards"]] + list(record["parts"].values())
    return all((store.root / path).is_file() for path in paths)


def _mended(hands: _Hands, unit: Unit, readings: list[Readings], failed: dict[bytes, str]) -> bool:
    """Try the assets that failed before, and return whether any of them comes out otherwise now."""
    with hands.child() as child:
        for planned, reading in zip(unit.assets, readings, strict=True):
            if not _concerned(planned, failed):
                continue
            for outcome in hands.reader(child).outcomes(planned, reading):
                was = failed.get(outcome.path)
                now = outcome.cause.value if outcome.cause is not None else None
                if outcome.spool is not None:
                    outcome.spool.discard()
                if was != now:
                    return True
    return False


def _concerned(planned: Planned, failed: dict[bytes, str]) -> bool:
    """Whether this asset, or a member of it, is among those that failed."""
    own = {found.path for found in planned.asset.files}
    return any(path in own or any(path.startswith(one + b"/") for one in own) for path in failed)


def _extract(hands: _Hands, unit: Unit, readings: list[Readings], key: str, last: bool) -> dict[str, Any]:
    assets: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    with UnitShards(hands.store, hands.job.dataset_id, hands.evidence) as shards, hands.child() as child:
        reader = hands.reader(child)
        for planned, reading in zip(unit.assets, readings, strict=True):
            for outcome in reader.outcomes(planned, reading):
                if outcome.cause is Cause.CHANGED and not last:
                    raise _Changed
                row = outcome.row() | {"unit": key}
                if outcome.cause is not None:
                    refused.append(row | {"cause": outcome.cause.value, "message": outcome.message})
                    continue
                counts = shards.take(outcome.spool, outcome, len(assets)) if outcome.spool is not None else {}
                assets.append(row | outcome.tally(counts))
        return shards.finish(assets, refused)


class _Hands:
    """What a worker process holds on to between units: the root, the store, the warm sandbox, the matcher."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.root = open_root(job.archive)
        self.store = Store(job.dataset)
        self.matcher = Matcher(job.statements)
        self._sandbox: Sandbox | None = None

    def child(self) -> Any:
        if self._sandbox is None:
            self._sandbox = Sandbox("provenance.inside:run", limits=self.job.limits, unlocked=self.job.unlocked)
            self._sandbox.__enter__()
        return self._sandbox.child()

    def reader(self, child: Child) -> AssetReader:
        job, temps = self.job, os.fspath(self.store.root / TEMPS)
        return AssetReader(self.root, child, self.child, job.options, temps, job.limits.cpu_seconds)

    def evidence(self, outcome: Outcome, header: dict[str, Any]) -> dict[str, Any]:
        path, sha256 = outcome.place(header)
        return evidence_of(self.matcher.match(path, sha256, None))

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.__exit__(None, None, None)
        os.close(self.root)


_held: list[_Hands] = []


def _hands(job: Job) -> _Hands:
    """The hands of this process; the job is the same object for every unit that it is sent."""
    if not _held or _held[0].job is not job:
        release()
        _held.append(_Hands(job))
    return _held[0]


def release() -> None:
    """Let go of the archive and the sandbox that this process holds, if any."""
    while _held:
        _held.pop().close()
