"""A report over 10⁶ items in 10⁵ assets of a signed dataset: judged, counted, drawn as a page, and as Parquet.

The dataset is made here: a small one is built, and a version with a large synthetic index committed onto it.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
from _report import measure, report
from studio import Studio, picture

from provenance import audit as verb
from provenance.dataset import signing
from provenance.dataset.index import TableInfo, TableWriter
from provenance.dataset.opening import open_dataset
from provenance.dataset.schema import ASSETS, INDEX
from provenance.dataset.signing import Role
from provenance.dataset.version import commit_version
from provenance.model import clock
from provenance.reports import forms

ITEMS = 1_000_000
ASSETS_COUNT = 100_000
RECORDS = 400


def main() -> bool:
    with tempfile.TemporaryDirectory() as place:
        os.environ["PROVENANCE_HOME"] = str(Path(place) / "home")
        studio = _studio(Path(place))
        policy = studio.policy(on=None)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        made: dict[str, object] = {}

        def run() -> None:
            found = verb.audit(studio.dataset, policy)
            made["report"] = told = verb.report(found, thumbnails=0)
            forms.write(told, "html", Path(place) / "report.html")

        cost = measure(run)
        size = (Path(place) / "report.html").stat().st_size
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        detail = f"({cost.cpu:.1f} CPU-s, page of {size / 1e6:.1f} MB)"
        quick = report("audit of 10^6 items as a page", cost.wall, 30, at_least=False, unit=" s", detail=detail)
        tables = measure(lambda: forms.write(made["report"], "parquet", Path(place) / "tables"))  # type: ignore[arg-type]
        report("the same as Parquet tables", tables.wall, 30, at_least=False, unit=" s")
        flat = report("memory added", memory, 1024, at_least=False, unit=" MB")
        return quick and flat


def _studio(place: Path) -> Studio:
    """A dataset whose newest version has a large index: half frames of films, half art, under records by folder."""
    studio = Studio(place)
    studio.add("0000/seed.png", picture(1))
    for number in range(RECORDS):
        term = {"end": f"{2026 + number % 3}-{1 + number % 12:02}-28"} if number % 4 == 0 else {}
        license = {"basis": "license", "license": "LicenseRef-L", "agreement": f"A-{number}"} if number % 3 == 0 else {}
        studio.record(
            f"{number:04}/**", work=f"Work {number % 90}", rights_holder=f"Holder {number % 40}", **term, **license
        )
    studio.build()
    opened = open_dataset(studio.dataset)
    store, head = opened.store, opened.head
    tables = dict(head.content.tables) | {"assets": _assets(store, opened.id), "index": _index(store, opened.id)}
    shards = (replace(head.content.shards[0], rows=ITEMS),)
    content = replace(head.content, tables=tables, shards=shards)
    commit_version(store, opened.id, content, signing.own_key(Role.BUILD), head, clock.now())
    return studio


def _assets(store: object, dataset: str) -> TableInfo:
    names = [f"{number * (RECORDS + 40) // ASSETS_COUNT:04}/{number:06}.mov" for number in range(ASSETS_COUNT)]
    plain = {
        "type": "file",
        "bytes": 1,
        "files": [],
        "missing_frames": [],
        "sidecars": [],
        "signals": "[]",
        "unit": "u",
    }
    with TableWriter(store, "assets", dataset) as writer:  # type: ignore[arg-type]
        for start in range(0, ASSETS_COUNT, 10_000):
            rows = [
                {"asset": name, "asset_path": name.encode(), "outcome": "items", "items": 10, "extract": "{}"} | plain
                for name in names[start : start + 10_000]
            ]
            writer.write(pa.RecordBatch.from_pylist(rows, ASSETS))
        return writer.finish()


def _index(store: object, dataset: str) -> TableInfo:
    draw = np.random.default_rng(7)
    rows = np.arange(ITEMS)
    per = ITEMS // ASSETS_COUNT
    group = np.where(rows % 50 == 1, rows - 1, rows)
    # Some copies lie in other folders, so that rights meet.
    far = (rows % 997 == 0) & (rows > ITEMS // 2)
    group[far] = rows[far] - ITEMS // 2
    frames = rows % (2 * per) < per
    columns = {
        "item_id": _digests(draw),
        "kind": pa.array(np.where(frames, "frames", "art")),
        "shard": pa.array(np.zeros(ITEMS, np.int32)),
        "row": pa.array(rows.astype(np.int32)),
        "offset": pa.array(rows * 1000),
        "length": pa.array(np.full(ITEMS, 900, np.int64)),
        "payload_sha256": _digests(draw),
        "asset": pa.array((rows // per).astype(np.int32)),
        "time_numerator": pa.array(rows % per, mask=~frames),
        "time_denominator": pa.array(np.ones(ITEMS, np.int64), mask=~frames),
        "rights_id": pa.array(np.zeros(ITEMS, np.int32)),
        "content_sha256": _digests(draw),
        "exact_group": pa.array(group),
        "near_group": pa.array(group),
        "copy_group": pa.array(group),
        "quality": pa.array(np.full(ITEMS, 1 << 20, np.int64)),
    }
    arrays = [columns.get(field.name, pa.nulls(ITEMS, field.type)) for field in INDEX]
    arrays = [array.cast(field.type) for array, field in zip(arrays, INDEX, strict=True)]
    with TableWriter(store, "index", dataset) as writer:  # type: ignore[arg-type]
        writer.write(pa.RecordBatch.from_arrays(arrays, schema=INDEX))
        return writer.finish()


def _digests(draw: np.random.Generator) -> pa.Array:
    data = pa.py_buffer(draw.bytes(32 * ITEMS))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), ITEMS, [None, data])


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
