"""From the answers of the workers to the content of a version: tables in order, groups, counts.

Two passes over the same rows. The first sees every asset and every content digest, so that equal evidence gets one
rights id and equal content one group; the second writes the index. Rows come as streams: what is held for all items at
once is their digests and a few numbers each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.carried import Carried, Groups, carried, nothing
from provenance.building.extraction import Done
from provenance.building.kept import Kept
from provenance.building.neargroups import Items, near_groups
from provenance.building.parts import Old, read_part, replaced
from provenance.building.report import SHOWN, BuildReport
from provenance.building.shards import INDEX_PART
from provenance.dataset import schema
from provenance.dataset.index import TableWriter, digests, exact_groups
from provenance.dataset.shard import ShardInfo
from provenance.dataset.store import Store
from provenance.dataset.version import Content
from provenance.model.words import Outcome
from provenance.rights.matcher import Matcher
from provenance.rights.statement import RightsStatement

_PARTS = {"index": INDEX_PART, "assets": schema.ASSETS, "quarantine": schema.QUARANTINE}


class Assembly:
    """Puts one version together. Use it once."""

    def __init__(
        self, store: Store, dataset: str, old: Old | None, matcher: Matcher[RightsStatement], kept: Kept
    ) -> None:
        """kept: what earlier builds kept of fingerprints."""
        self._kept = kept
        self._store, self._dataset, self._old, self._matcher = store, dataset, old, matcher
        self._rights: dict[tuple[tuple[str, ...], str], int] = {}

    def content(
        self,
        done: Sequence[Done],
        report: BuildReport,
        ledger: Mapping[str, Any] | None,
        tool: Mapping[str, str],
        options: Mapping[str, Any],
        archive: str,
    ) -> Content:
        """Write the tables and return the version's content; `report` gets its counts."""
        shards = [shard for answer in done for shard in self._shards(answer)]
        assets, first_asset, rights = self._assets(done, report)
        items, before = self._items(done, first_asset, options["near_duplicates"])
        groups, near_counts = near_groups(self._store, self._dataset, shards, items, before, self._kept)
        report.near.update(near_counts)
        if self._old is not None:
            self._old.rewind()
        index = self._index(done, first_asset, rights, items.exact, groups)
        quarantine = self._quarantine(done, report)
        for answer in done:
            report.units[answer.status] += 1
            report.extracted += answer.extracted
        for shard in shards:
            report.items[shard.kind.value] += shard.rows
        report.shards, report.payload_bytes = len(shards), sum(shard.bytes for shard in shards)
        counts = {
            "files": dict(sorted(report.files.items())),
            "members": dict(sorted(report.members.items())),
            "items": dict(sorted(report.items.items())),
            "quarantine": dict(sorted(report.causes.items())),
        }
        tables = {"index": index, "assets": assets, "quarantine": quarantine}
        return Content(tool, archive, options, ledger, tuple(shards), tables, counts)

    def _shards(self, answer: Done) -> Iterator[ShardInfo]:
        if answer.status == "finished":
            for told in answer.record["shards"]:
                yield ShardInfo.from_json(told)
        elif self._old is not None:
            for at in self._old.shards.get(answer.key, []):
                yield self._old.shard(at)

    def _rows(self, done: Sequence[Done], table: str) -> Iterator[pa.RecordBatch]:
        for answer in done:
            yield from self._unit(answer, table)

    def _unit(self, answer: Done, table: str) -> Iterator[pa.RecordBatch]:
        if answer.status == "finished":
            yield from read_part(self._store, answer.record["parts"][table], _PARTS[table])
        elif self._old is not None:
            yield from self._old.take(table, answer.key)

    def _assets(self, done: Sequence[Done], report: BuildReport) -> tuple[Any, list[int], npt.NDArray[np.int32]]:
        """Write the assets table; return it, each unit's first row in it, and the rights id of every row."""
        first: list[int] = []
        rights: list[npt.NDArray[np.int32]] = []
        with TableWriter(self._store, "assets", self._dataset) as writer:
            for answer in done:
                first.append(writer.rows)
                for batch in self._unit(answer, "assets"):
                    writer.write(batch)
                    rights.append(self._rights_ids(batch))
                    columns = (batch.column(name).to_pylist() for name in ("outcome", "type", "files"))
                    for outcome, type_, files in zip(*columns, strict=True):
                        report.count(outcome, type_, len(files))
                        report.assets += 1
            info = writer.finish()
        return info, first, np.concatenate(rights) if rights else np.empty(0, np.int32)

    def _rights_ids(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
        ids = np.empty(batch.num_rows, np.int32)
        columns = (batch.column(name).to_pylist() for name in ("asset_path", "sha256", "signals"))
        for row, (path, sha256, signals) in enumerate(zip(*columns, strict=True)):
            statements = tuple(sorted({entry.statement.id for entry in self._matcher.match(path, sha256)}))
            ids[row] = self._rights.setdefault((statements, _plain(signals)), len(self._rights))
        return ids

    def _index(
        self,
        done: Sequence[Done],
        first_asset: Sequence[int],
        rights: npt.NDArray[np.int32],
        exact: npt.NDArray[np.int64],
        groups: Groups,
    ) -> Any:
        """Write the index: parts number shards and assets within their unit, an old version within itself."""
        first_shard = 0
        with TableWriter(self._store, "index", self._dataset) as writer:
            for at, answer in enumerate(done):
                shift = self._shifts(answer, first_shard, first_asset[at])
                for batch in self._unit(answer, "index"):
                    shard = batch.column("shard").to_numpy() + shift[0]
                    asset = batch.column("asset").to_numpy() + shift[1]
                    rows = slice(writer.rows, writer.rows + batch.num_rows)
                    changed = {
                        "shard": shard,
                        "asset": asset,
                        "rights_id": rights[asset],
                        "exact_group": exact[rows],
                        "near_group": groups.near[rows],
                        "copy_group": groups.copies[rows],
                    }
                    writer.write(replaced(batch, changed, schema.INDEX))
                first_shard += sum(1 for _ in self._shards(answer))
            return writer.finish()

    def _items(self, done: Sequence[Done], first_asset: Sequence[int], rule: str) -> tuple[Items, Carried]:
        """Return what is known of every index row, and what the version before says of their groups."""
        # Groups that were made by another rule, or of other fingerprints, say nothing.
        old = self._old if self._old is not None and self._old.near_rule == rule else None
        ids, content = [np.empty((0, 32), np.uint8)], [np.empty((0, 32), np.uint8)]
        asset, quality = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for at, answer in enumerate(done):
            _, shift = self._shifts(answer, 0, first_asset[at])
            for batch in self._unit(answer, "index"):
                if old is not None:
                    ids.append(digests(batch.column("item_id")))
                content.append(digests(batch.column("content_sha256")))
                asset.append(batch.column("asset").to_numpy().astype(np.int64) + shift)
                quality.append(batch.column("quality").to_numpy())
        items = Items(exact_groups(np.concatenate(content)), np.concatenate(asset), np.concatenate(quality))
        if old is None:
            return items, nothing(len(items.exact))
        return items, carried(np.concatenate(ids), *old.groups())

    def _shifts(self, answer: Done, first_shard: int, first_asset: int) -> tuple[int, int]:
        if answer.status == "finished" or self._old is None:
            return first_shard, first_asset
        shards = self._old.shards.get(answer.key, [0])
        assets, _ = self._old.assets.get(answer.key, (0, 0))
        return first_shard - shards[0], first_asset - assets

    def _quarantine(self, done: Sequence[Done], report: BuildReport) -> Any:
        with TableWriter(self._store, "quarantine", self._dataset) as writer:
            for batch in self._rows(done, "quarantine"):
                writer.write(batch)
                columns = (batch.column(name).to_pylist() for name in ("asset", "type", "files", "cause", "message"))
                for asset, type_, files, cause, message in zip(*columns, strict=True):
                    report.count(Outcome.QUARANTINE.value, type_, len(files))
                    report.assets += 1
                    report.causes[cause] += 1
                    if len(report.quarantined) < SHOWN:
                        report.quarantined.append((asset, cause, message))
            return writer.finish()


def _plain(signals: str) -> str:
    """Signals without where they were read: two files that say the same share a rights id."""
    told = [{name: value for name, value in each.items() if name != "from"} for each in json.loads(signals)]
    return json.dumps(told, sort_keys=True)
