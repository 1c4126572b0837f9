"""Memory of the driver against the number of assets: walk's finds, units, answers, tables, index, commit.

Goal (PERFORMANCE.md): flat in the number of assets; 10⁶ small assets in at most 1 GB. The driver is the real one. What
is not is the disk and the workers: the walk is a stream of invented names, and an engine answers with prepared parts of
one item each. No shard is behind them, so the joining of near duplicates finds nothing to read; it has a benchmark of
its own. Each size runs in a fresh process, whose greatest resident size is printed.

    python tests/benchmarks/bench_memory.py [ASSETS ...]
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from _report import report

SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    peaks = {}
    for count in [int(each) for each in sys.argv[1:]] or SIZES:
        # In memory where there is room: not a shared disk's fsync is measured. It is no part of the resident size.
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
            command = [sys.executable, __file__, "--one", folder, str(count)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        peaks[count] = float(told[0])
        print(f"{count:,} assets: {peaks[count] / 1e6:.0f} MB at most, {float(told[1]):.0f} s")
    most = max(peaks)
    few = min(peaks)
    if most > few:
        print(f"for each asset more: {(peaks[most] - peaks[few]) / (most - few):.0f} bytes")
    report(f"driver at {most:,} assets", peaks[most] / 1e9, 1.0, at_least=False, unit=" GB")


def one(folder: Path, count: int) -> None:
    """Build `count` invented assets and print the greatest resident size in bytes, and the seconds it took."""
    import pyarrow as pa

    from provenance import build, engines
    from provenance.archive.sequences import Asset
    from provenance.archive.walk import Found
    from provenance.building import shards
    from provenance.building.extraction import Done
    from provenance.building.survey import Survey
    from provenance.building.units import Planned, Unit
    from provenance.dataset import schema
    from provenance.dataset.store import Store

    (folder / "archive").mkdir()
    os.environ["PROVENANCE_HOME"] = str(folder / "home")
    store = Store(folder / "dataset")

    def planned(*_: object) -> Iterator[Planned]:
        for number in range(count):
            path = b"art/%03d/%08d.png" % (number % 1000, number)
            yield Planned(Asset(path, (Found(path, 1000, (1, number, 1000, 0, 0)),)))

    def part(columns: pa.Schema, rows: list[dict[str, Any]]) -> str:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, columns) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=columns))
        return store.put_bytes(shards.WORK, ".arrow", sink.getvalue().to_pybytes()).path

    def answer(unit: Unit) -> Done:
        key = hashlib.sha256(b"%d" % unit.number).hexdigest()
        assets, index = [], []
        for at, each in enumerate(unit.assets):
            path, digest = each.asset.path, hashlib.sha256(each.asset.path)
            file = {"path": path, "sha256": digest.hexdigest(), "bytes": 1000, "number": None}
            told = {"asset": path.decode(), "asset_path": path, "type": "file", "sha256": digest.hexdigest()}
            told |= {"bytes": 1000, "files": [file], "sidecars": [], "missing_frames": [], "signals": "[]"}
            assets.append(told | {"unit": key, "outcome": "items", "items": 1, "extract": '{"art": 1}'})
            index.append(_filled(shards.INDEX_PART, digest.digest(), at))
        parts = {
            "index": part(shards.INDEX_PART, index),
            "assets": part(schema.ASSETS, assets),
            "quarantine": part(schema.QUARANTINE, []),
        }
        learned = tuple((one.asset.path, one.asset.files[0].identity, key) for one in unit.assets)
        record = {"shards": [], "parts": parts, "items": len(index)}
        return Done(unit.number, key, "finished", record, learned, len(assets))  # type: ignore[arg-type]

    class Prepared:
        @staticmethod
        def map_unordered(fn: Callable[[Any], Any], waiting: Iterable[Unit], workers: int) -> Iterator[Done]:
            return map(answer, waiting)

    build.survey = lambda *_: Survey(count, count * 1000, "f" * 32)  # type: ignore[assignment]
    build.planned = planned  # type: ignore[assignment]
    engines.find = lambda name: Prepared  # type: ignore[assignment,return-value]
    began = time.monotonic()
    done = build.build(build.Plan(str(folder / "archive"), str(folder / "dataset")))
    assert done.assets == count
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.monotonic() - began)


def _filled(columns: Any, digest: bytes, at: int) -> dict[str, Any]:
    """A row of the index with something in every column that must not be empty."""
    import pyarrow as pa

    row: dict[str, Any] = {}
    for field in columns:
        if pa.types.is_fixed_size_binary(field.type):
            row[field.name] = digest[: field.type.byte_width]
        elif pa.types.is_integer(field.type) and not field.nullable:
            row[field.name] = at if field.name in ("asset", "row") else 0
        elif not field.nullable:
            row[field.name] = "art"
    return row


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
