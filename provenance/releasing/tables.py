"""The tables of a release that is a dataset: the index anew for its own shards, and the assets its items came from.

Whatever the gate needs of an asset goes along, so that a release can be asked about again under a newer ledger.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.dataset.index import TableInfo, TableWriter, load_table
from provenance.dataset.schema import INDEX
from provenance.dataset.shard import ShardInfo, payload_places
from provenance.dataset.store import Store
from provenance.handoff import TrainingAdmission
from provenance.model.words import Kind
from provenance.training.captions import Captions


def tables_of(
    admission: TrainingAdmission, store: Store, release: str, shards: Sequence[ShardInfo]
) -> dict[str, TableInfo]:
    """Write the tables of a release and return them by name. shards: of the admitted items, kind by kind, in order."""
    tables, source, name = admission.version.content.tables, admission.dataset.store, admission.dataset.id
    places = admission.material.places
    rows = np.concatenate([places.of_kind(kind).row for kind in Kind])
    index = load_table(source, "index", tables["index"], name).take(pa.array(rows))
    assets = load_table(source, "assets", tables["assets"], name)
    captions = admission.captions
    used = index.column("asset").to_numpy()
    texts = captions.asset[captions.asset >= 0] if captions is not None else np.empty(0, np.int64)
    kept = np.union1d(used, texts)
    asset = np.searchsorted(kept, used)
    offsets, lengths = zip(*(_places(store, shard, release) for shard in shards), strict=True)
    changed = {
        "shard": np.repeat(np.arange(len(shards), dtype=np.int32), [shard.rows for shard in shards]),
        "row": np.concatenate([np.arange(shard.rows, dtype=np.int32) for shard in shards]),
        "offset": np.concatenate(offsets),
        "length": np.concatenate(lengths),
        "asset": asset.astype(np.int32),
        **{name: _regrouped(index.column(name).to_numpy()) for name in ("exact_group", "near_group", "copy_group")},
    }
    columns = [pa.array(changed[at.name]) if at.name in changed else index.column(at.name) for at in INDEX]
    with TableWriter(store, "index", release) as writer:
        for batch in pa.table(columns, schema=INDEX).to_batches():
            writer.write(batch)
        written = {"index": writer.finish()}
    counts: dict[int, Counter[str]] = {}
    for at, kind in zip(asset.tolist(), index.column("kind").to_pylist(), strict=True):
        counts.setdefault(at, Counter())[kind] += 1
    with TableWriter(store, "assets", release) as writer:
        for at, row in enumerate(assets.take(pa.array(kept)).to_pylist()):
            # How much of the asset is in here, not how much there was.
            mine = counts.get(at, Counter())
            told = {"items": mine.total(), "extract": json.dumps(dict(sorted(mine.items())))}
            writer.write_rows([row | told])
        written["assets"] = writer.finish()
    with TableWriter(store, "quarantine", release) as writer:
        written["quarantine"] = writer.finish()
    if captions is not None:
        with TableWriter(store, "captions", release) as writer:
            for batch in _moved(captions, rows, kept).table().to_batches():
                writer.write(batch)
            written["captions"] = writer.finish()
    return written


def _moved(captions: Captions, rows: npt.NDArray[np.int64], assets: npt.NDArray[np.int64]) -> Captions:
    """Return captions that name rows of the release. rows, assets: those of the source that are in it, in its order."""
    place = np.argsort(rows)

    def of(found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        moved = np.full(len(found), -1, np.int64)
        moved[found >= 0] = place[np.searchsorted(rows[place], found[found >= 0])]
        return moved

    asset = np.where(captions.asset < 0, -1, np.searchsorted(assets, captions.asset))
    moved = Captions(of(captions.row), captions.text, of(captions.script), asset)
    return moved.take(np.argsort(moved.row))


def _places(store: Store, shard: ShardInfo, release: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    handle = store.open(shard.path)
    try:
        return payload_places(handle, shard.kind, release, shard.path)
    finally:
        os.close(handle)


def _regrouped(group: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return groups that name their first member among these rows, int64[rows]."""
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    found: npt.NDArray[np.int64] = first[inverse.reshape(-1)].astype(np.int64)
    return found
