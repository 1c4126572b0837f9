"""The gate asked for a whole dataset: what each file is and says of itself, what the ledger says of it, and its twins.

This side reads tables and turns them into the columns of `rights.verdicts`, which decides once per distinct evidence.
A frame sequence is one asset, but each frame is a file of its own to the rights desk: it is judged by its own path.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.dataset.index import load_arrays, load_table
from provenance.dataset.opening import Opened
from provenance.dataset.version import Version
from provenance.model.words import Signal
from provenance.rights.closest import deciding
from provenance.rights.gate import Verdict, judge
from provenance.rights.law import Law
from provenance.rights.ledger import LedgerState
from provenance.rights.matcher import Bound
from provenance.rights.policy import Policy
from provenance.rights.reasons import Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import Selector
from provenance.rights.sources import signals
from provenance.rights.statement import Interest, RightsStatement
from provenance.rights.verdicts import Classes, Items, Verdicts, classify, decide_all

_PLACES = ("time_numerator", "time_denominator", "page", "scene")
_GROUPS = ("exact_group", "near_group", "copy_group", "quality")
_ASSET = ["asset_path", "type", "sha256", "files", "signals"]


@dataclass(frozen=True)
class Case:
    """All that a version brings before the gate, under one law: decide it for as many policies and days as you like.

    exact_group, near_group: int64[items], the row of the first item that is a twin. copy_group: of those, the first of
    which it is a copy; quality: more is better. Read here, in the one pass over the index, for whoever trains.
    """

    classes: Classes
    exact_group: npt.NDArray[np.int64]
    near_group: npt.NDArray[np.int64]
    copy_group: npt.NDArray[np.int64]
    quality: npt.NDArray[np.int64]

    def decide(self, policy: Policy, at: dt.date) -> Verdicts:
        """Return the verdict on every item, in the order of the index."""
        return decide_all(self.classes, policy, at, exact_group=self.exact_group, near_group=self.near_group)


def prepare(dataset: Opened, version: Version, state: LedgerState, policy: Policy | None = None) -> Case:
    """Return the case of a version under the law of a ledger's state. TamperError kinds for a table not as signed.

    policy: where it trusts permissions inside files, those are brought in too, as statements that only such a policy
    hears; the case then holds for policies that trust no more than it.
    """
    tables = version.content.tables
    assets = load_table(dataset.store, "assets", tables["assets"], dataset.id, _ASSET)
    files = _Files.of(assets)
    if policy is not None and (policy.in_file_permissions or policy.trusted_signers):
        state = replace(state, statements=(*state.statements, *_permissions(files)))
    law = Law(state)
    places = _PLACES if law.ranged else ()
    wanted = ("asset", "near_blank", *_GROUPS, *places, *(("frame",) if files.frames else ()))
    index = load_arrays(dataset.store, tables["index"], dataset.id, wanted)
    of_item, blank = files.apart(files.of_item(index["asset"], index.get("frame")), index["near_blank"])
    restrictions, restricted = _restrictions(law, files, blank)
    items = Items(asset=of_item, **{name: index[name] for name in places})
    classes = classify(law, files.paths, items, digests=files.digests, restrictions=restrictions, restricted=restricted)
    return Case(classes, *(index[name] for name in _GROUPS))


def decide_assets(
    dataset: Opened, version: Version, state: LedgerState, policy: Policy, at: dt.date, rows: Collection[int]
) -> dict[int, Verdict]:
    """Return the verdict on whole files, by row of the assets table, items in them or not: whatever is claimed of any
    part of a file counts. What they permit of themselves is not heard. TamperError kinds.
    """
    if not rows:
        return {}
    assets = load_table(dataset.store, "assets", version.content.tables["assets"], dataset.id, _ASSET)
    law, found = Law(state), dict[int, Verdict]()
    for row in sorted(rows):
        path, sha256, told = (assets.column(name)[row].as_py() for name in ("asset_path", "sha256", "signals"))
        said = in_file(list(read_signals(told)), law.statements.match(path, sha256))
        found[row] = judge(law.evidence(path, sha256, said), policy, at)
    return found


@dataclass(frozen=True)
class _Files:
    """Assets, with each frame of a sequence as a file of its own behind them.

    signals: the signals column, one entry per file. frames: (asset, frame number) -> file, for sequences.
    """

    paths: list[bytes]
    digests: list[str | None]
    signals: list[str]
    frames: dict[tuple[int, int], int]

    @classmethod
    def of(cls, assets: pa.Table) -> _Files:
        paths, digests, told = (assets.column(name).to_pylist() for name in ("asset_path", "sha256", "signals"))
        frames: dict[tuple[int, int], int] = {}
        sequences = np.flatnonzero(pc.equal(assets.column("type"), "sequence").to_numpy(zero_copy_only=False))
        for row in sequences.tolist():
            for file in assets.column("files")[row].as_py():
                frames[row, file["number"]] = len(paths)
                paths.append(file["path"])
                digests.append(file["sha256"])
                told.append(told[row])
        return cls(paths, digests, told, frames)

    def of_item(self, asset: npt.NDArray[np.int32], frame: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int32]:
        """The file of each item: int32[items]. frame: its number; asked for where there are sequences."""
        if self.frames and frame is not None:
            asset = asset.copy()
            for row in np.flatnonzero(np.isin(asset, [row for row, _ in self.frames])).tolist():
                asset[row] = self.frames.get((int(asset[row]), int(frame[row])), int(asset[row]))
        return asset

    def apart(
        self, of_item: npt.NDArray[np.int32], blank: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.int32], set[int]]:
        """Give the near-blank items of each file a file of their own, for they alone are restricted.

        Return the file of each item, and which files are near-blank.
        """
        first = len(self.paths)
        whose, number = np.unique(of_item[blank], return_inverse=True)
        for file in whose.tolist():
            self.paths.append(self.paths[file])
            self.digests.append(self.digests[file])
            self.signals.append(self.signals[file])
        of_item = of_item.copy()
        of_item[blank] = first + number
        return of_item, set(range(first, len(self.paths)))


def _permissions(files: _Files) -> list[RightsStatement]:
    """Return what files permit of themselves, bound to their own bytes."""
    found: dict[str, RightsStatement] = {}
    for sha256, told in zip(files.digests, files.signals, strict=True):
        if told != "[]" and sha256 is not None:
            for one in read_signals(told):
                for statement in signals.permissions(one.signals, one.source, Selector(sha256=sha256)):
                    found.setdefault(statement.id, statement)
    return list(found.values())


def _restrictions(
    law: Law, files: _Files, blank: Collection[int]
) -> tuple[list[tuple[Restriction, ...]], npt.NDArray[np.int64]]:
    """Return the distinct sets of restrictions from outside the ledger, and which of them holds of each file.

    blank: files with too little in them for their copies to be found; a person has to look at those.
    """
    sets: dict[tuple[Restriction, ...], int] = {(): 0}
    known: dict[str, list[Said]] = {"[]": []}
    number = np.zeros(len(files.paths), np.int64)
    for at, told in enumerate(files.signals):
        if told not in known:
            known[told] = list(read_signals(told))
        found: tuple[Restriction, ...] = ()
        if known[told]:
            found = in_file(known[told], law.statements.match(files.paths[at], files.digests[at]))
        if at in blank:
            found += (Restriction(Reason.NEAR_BLANK, "fingerprint"),)
        number[at] = sets.setdefault(found, len(sets))
    return list(sets), number


@dataclass(frozen=True)
class Said:
    """What one file says of an asset: the asset's own file, or a sidecar of it."""

    source: str
    sidecar: bool
    signals: tuple[Signal, ...]


def read_signals(told: str) -> Iterator[Said]:
    """Yield what each file said, from the `signals` column of the assets table."""
    by_file: dict[tuple[str, bool], list[Signal]] = {}
    for each in json.loads(told):
        signal = Signal(each["standard"], each["value"], each["where"], each.get("detail", {}))
        by_file.setdefault((each["from"], bool(each.get("sidecar"))), []).append(signal)
    for (source, sidecar), found in by_file.items():
        yield Said(source, sidecar, tuple(found))


def in_file(said: Sequence[Said], bound: Sequence[Bound[RightsStatement]]) -> tuple[Restriction, ...]:
    """Return what an asset's own file and sidecars restrict, and where its own file contradicts its closest record."""
    found = [each for one in said for each in signals.restrictions(one.signals, one.source, sidecar=one.sidecar)]
    groups, _ = deciding(bound)
    for (interest, _), records in groups.items():
        if interest is not Interest.COPYRIGHT:
            continue
        for statement in (record.statement for record in records):
            for one in said:
                if not one.sidecar:
                    basis, license_ = statement.basis.value, statement.license or ""
                    found += signals.conflicts(one.signals, one.source, basis, license_)
    return tuple(dict.fromkeys(found))
