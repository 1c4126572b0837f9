"""A report over 10⁶ and 3·10⁶ items of a signed dataset: judged, counted, and written in each form by a fresh process.

The dataset is made here: a small one is built, and a version with a large synthetic index committed onto it. Memory is
the peak of a process that does nothing else, beside that of one that only asks the gate (`admit`).
"""

from __future__ import annotations

import json
import os
import subprocess
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
from provenance.admit import admit
from provenance.dataset import signing
from provenance.dataset.index import TableInfo, TableWriter
from provenance.dataset.opening import open_dataset
from provenance.dataset.schema import ASSETS, INDEX
from provenance.dataset.signing import Role
from provenance.dataset.version import commit_version
from provenance.model import clock
from provenance.model.words import Use
from provenance.reports import forms
from provenance.rights.policy import Policy

ITEMS = 1_000_000
PER_ASSET = 10
RECORDS = 400


def main() -> bool:
    if len(sys.argv) == 5:  # a measured child: place, dataset, form, items
        return _child(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    sizes = [int(word) for word in sys.argv[1:]] or [ITEMS, 3 * ITEMS]
    reached, peaks = True, dict[tuple[str, int], float]()
    for items in sizes:
        with tempfile.TemporaryDirectory() as place:
            os.environ["PROVENANCE_HOME"] = str(Path(place) / "home")
            dataset = _studio(Path(place), items).dataset
            for form in FORMS:
                told = _measured(Path(place), dataset, form, items)
                peaks[form, items] = told["peak"]
                detail = f"({told['cpu']:.1f} CPU-s, {told['bytes'] / 1e6:.1f} MB written)"
                what = f"{form} of {items:,} items in a fresh process"
                # The goal is set for 10^6 items; larger ones are measured for their growth.
                goal = 30 * max(1, items / ITEMS)
                reached &= report(what, told["wall"], goal, at_least=False, unit=" s", detail=detail)
    for form in FORMS:
        told = ", ".join(f"{items:,} items {peaks[form, items]:.0f} MB" for items in sizes)
        grown = (peaks[form, sizes[-1]] - peaks[form, sizes[0]]) / max(sizes[-1] - sizes[0], 1) * 1e6
        # Not flat: the gate holds an answer for each item, and the index is held whole while its digest is proven.
        detail = f"({told}; {grown:.0f} bytes more for each item more)"
        what = f"peak memory of {form} at {sizes[0]:,} items"
        reached &= report(what, peaks[form, sizes[0]], 1024, at_least=False, unit=" MB", detail=detail)
    return reached


FORMS = ("admit", "html", "json", "csv", "parquet")  # the verdicts alone first: what the forms are measured against


def _measured(place: Path, dataset: Path, form: str, items: int) -> dict[str, float]:
    """Wall, CPU and peak memory of one form, written by a process of its own."""
    command = [sys.executable, __file__, str(place), str(dataset), form, str(items)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _child(place: Path, dataset: Path, form: str) -> bool:
    policy = Policy("bench", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}))
    out = place / ("tables" if form in ("csv", "parquet") else f"report.{form}")

    def run() -> None:
        if form == "admit":
            admit(dataset, policy)
        else:
            forms.write(verb.report(verb.audit(dataset, policy), thumbnails=0), form, out)

    cost = measure(run)
    written = sum(file.stat().st_size for file in ([out] if out.is_file() else out.glob("*")))
    # Not ru_maxrss: a process takes over what its parent was when it was begun.
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"wall": cost.wall, "cpu": cost.cpu, "peak": peak, "bytes": written}))
    return True


def _studio(place: Path, items: int) -> Studio:
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
    tables = dict(head.content.tables) | {
        "assets": _assets(store, opened.id, items // PER_ASSET),
        "index": _index(store, opened.id, items),
    }
    shards = (replace(head.content.shards[0], rows=items),)
    content = replace(head.content, tables=tables, shards=shards)
    commit_version(store, opened.id, content, signing.own_key(Role.BUILD), head, clock.now())
    return studio


def _assets(store: object, dataset: str, count: int) -> TableInfo:
    names = [f"{number * (RECORDS + 40) // count:04}/{number:06}.mov" for number in range(count)]
    plain = {
        "type": "file",
        "bytes": 1,
        "extract": "{}",
        "files": [],
        "missing_frames": [],
        "sidecars": [],
        "signals": "[]",
        "unit": "u",
    }
    with TableWriter(store, "assets", dataset) as writer:  # type: ignore[arg-type]
        for start in range(0, count, 10_000):
            rows = [
                {"asset": name, "asset_path": name.encode(), "outcome": "items", "items": PER_ASSET, "extract": "{}"}
                | plain
                for name in names[start : start + 10_000]
            ]
            writer.write(pa.RecordBatch.from_pylist(rows, ASSETS))
        return writer.finish()


def _index(store: object, dataset: str, count: int) -> TableInfo:
    draw = np.random.default_rng(7)
    rows = np.arange(count)
    per = PER_ASSET
    group = np.where(rows % 50 == 1, rows - 1, rows)
    # Some copies lie in other folders, so that rights meet.
    far = (rows % 997 == 0) & (rows > count // 2)
    group[far] = rows[far] - count // 2
    frames = rows % (2 * per) < per
    columns = {
        "item_id": _digests(draw, count),
        "kind": pa.array(np.where(frames, "frames", "art")),
        "shard": pa.array(np.zeros(count, np.int32)),
        "row": pa.array(rows.astype(np.int32)),
        "offset": pa.array(rows * 1000),
        "length": pa.array(np.full(count, 900, np.int64)),
        "payload_sha256": _digests(draw, count),
        "asset": pa.array((rows // per).astype(np.int32)),
        "time_numerator": pa.array(rows % per, mask=~frames),
        "time_denominator": pa.array(np.ones(count, np.int64), mask=~frames),
        "rights_id": pa.array(np.zeros(count, np.int32)),
        "content_sha256": _digests(draw, count),
        "exact_group": pa.array(group),
        "near_group": pa.array(group),
        "copy_group": pa.array(group),
        "quality": pa.array(np.full(count, 1 << 20, np.int64)),
    }
    arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in INDEX]
    arrays = [array.cast(field.type) for array, field in zip(arrays, INDEX, strict=True)]
    with TableWriter(store, "index", dataset) as writer:  # type: ignore[arg-type]
        writer.write(pa.RecordBatch.from_arrays(arrays, schema=INDEX))
        return writer.finish()


def _digests(draw: np.random.Generator, count: int) -> pa.Array:
    data = pa.py_buffer(draw.bytes(32 * count))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), count, [None, data])


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
