"""What keeping costs: payload Parquet against a raw write, placing and reading items, opening an index of 10⁷ rows.

Everything is drawn here from a fixed seed. Shards are written to memory (/dev/shm) where there is room, so that the
program is measured and not a shared disk. `--rows N` sets the size of the index (default 10⁷).
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from _report import best, measure, report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "dataset"))

from dataset_samples import DATASET, row

from provenance.dataset.index import TableWriter, digests, exact_groups, load_table
from provenance.dataset.schema import INDEX
from provenance.dataset.shard import ShardWriter, load_item, payload_places
from provenance.dataset.store import Store
from provenance.model.words import Kind

LARGE = (1_000, 300_000)  # pictures and bytes each: frames of 1080p
SMALL = (5_000, 53_000)
BATCH = 65_536


def pictures(count: int, size: int) -> list[bytes]:
    chance = np.random.default_rng(1)
    return [chance.bytes(size) for _ in range(count)]


def write_raw(place: Path, payloads: list[bytes], hashed: bool) -> None:
    """The least there is: every payload to one file, and one fsync."""
    digest = hashlib.sha256()
    with open(place / "raw", "wb", buffering=2 * 1024 * 1024) as file:
        for payload in payloads:
            if hashed:
                digest.update(payload)
            file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def shards(place: Path, count: int, each: int) -> bool:
    payloads = pictures(count, each)
    rows = [row(Kind.ART, at, payload) for at, payload in enumerate(payloads)]
    store = Store(place / "ds")

    def write() -> None:
        with ShardWriter(store, Kind.ART, DATASET) as writer:
            for start in range(0, len(rows), 50):
                writer.append_many(rows[start : start + 50])
            found.append(writer.finish())
        os.unlink(place / "ds" / found[-1].path)

    found: list = []
    plain = best(lambda: write_raw(place, payloads, False))
    least = best(lambda: write_raw(place, payloads, True))
    ours = best(write)
    size = count * each / 1e9
    reached = report(
        f"payload Parquet of {each / 1000:.0f} kB pictures / raw write with the same SHA-256, per CPU-second",
        least.cpu / ours.cpu,
        0.8,
        at_least=True,
        detail=f"GB per CPU-second: shard {size / ours.cpu:.2f}, raw with SHA-256 {size / least.cpu:.2f}, "
        f"raw {size / plain.cpu:.2f}; wall {ours.wall / least.wall:.2f} of raw with SHA-256",
    )

    return reached


def items(place: Path, count: int, each: int) -> bool:
    payloads = pictures(count, each)
    rows = [row(Kind.ART, at, payload) for at, payload in enumerate(payloads)]
    store = Store(place / "ds")
    with ShardWriter(store, Kind.ART, DATASET) as writer:
        writer.append_many(rows)
        info = writer.finish()
    handle = store.open(info.path)
    placed = best(lambda: payload_places(handle, Kind.ART, DATASET))
    offsets, lengths = payload_places(handle, Kind.ART, DATASET)
    order = np.random.default_rng(2).permutation(count).tolist()
    proofs = [bytes.fromhex(each["payload_sha256"]) for each in rows]

    def read() -> None:
        for at in order:
            load_item(handle, int(offsets[at]), int(lengths[at]), proofs[at])

    proven = best(read)
    hashed = best(lambda: [hashlib.sha256(payload).digest() for payload in payloads])
    report("placing every payload of a shard", placed.cpu * 1e6 / count, 20, at_least=False, unit=" µs/item")
    reached = report(
        "one proven random read / its SHA-256 alone",
        hashed.cpu / proven.cpu,
        0.7,
        at_least=True,
        detail=f"{count / proven.cpu:.0f} items/CPU-s of {each / 1000:.0f} kB",
    )
    os.close(handle)
    return reached


def index(place: Path, rows: int) -> bool:
    store = Store(place / "ds")
    chance = np.random.default_rng(3)

    def batches() -> None:
        with TableWriter(store, "index", DATASET) as writer:
            for start in range(0, rows, BATCH):
                count = min(BATCH, rows - start)
                writer.write(batch(chance, start, count))
            found.append(writer.finish())

    found: list = []
    written = measure(batches)
    info = found[0]
    wanted = ["rights_id", "exact_group", "near_group", "time_numerator", "time_denominator", "page", "scene"]
    opened = min(
        (measure(lambda: load_table(store, "index", info, DATASET, wanted)) for _ in range(2)), key=lambda c: c.wall
    )
    reached = report(
        f"open an index of {rows:,} rows, proven",
        opened.cpu,
        5.0 * rows / 1e7,
        at_least=False,
        unit=" CPU-s",
        detail=f"{info.bytes / 1e6:.0f} MB, written in {written.cpu:.1f} CPU-s; opened in {opened.wall:.1f} s",
    )
    content = digests(load_table(store, "index", info, DATASET, ["content_sha256"]).column(0))
    grouped = measure(lambda: exact_groups(content))
    report(f"exact groups of {rows:,} digests", grouped.cpu, 10.0 * rows / 1e7, at_least=False, unit=" CPU-s")
    return reached


def batch(chance: np.random.Generator, start: int, count: int) -> pa.RecordBatch:
    """Index rows as a build makes them: random digests, shards of 1,000 rows, one item in ten a twin."""

    def fixed(data: np.ndarray) -> pa.Array:
        return pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(32), count, [None, pa.py_buffer(np.ascontiguousarray(data))]
        )

    at = np.arange(start, start + count)
    content = chance.integers(0, 256, (count, 32), np.uint8)
    content[at % 10 == 9] = content[0]
    columns = {
        "item_id": fixed(chance.integers(0, 256, (count, 32), np.uint8)),
        "kind": pa.array(["frames"] * count),
        "shard": pa.array(at // 1000, pa.int32()),
        "row": pa.array(at % 1000, pa.int32()),
        "offset": pa.array(at % 1000 * 200_000, pa.int64()),
        "length": pa.array(chance.integers(100_000, 300_000, count), pa.int64()),
        "payload_sha256": fixed(chance.integers(0, 256, (count, 32), np.uint8)),
        "asset": pa.array(at // 60, pa.int32()),
        "time_numerator": pa.array(at % 60, pa.int64()),
        "time_denominator": pa.array(np.ones(count, np.int64)),
        "rights_id": pa.array(at // 600 % 10_000, pa.int32()),
        "content_sha256": fixed(content),
        "phash_64": pa.array(chance.integers(0, 2**64, count, np.uint64)),
        "exact_group": pa.array(at),
        "near_group": pa.array(at),
        "copy_group": pa.array(at),
        "quality": pa.array(np.full(count, 1 << 20, np.int64)),
    }
    return pa.RecordBatch.from_arrays(
        [columns.get(field.name, pa.nulls(count, field.type)) for field in INDEX], schema=INDEX
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    chosen = options.parse_args()
    memory = os.access("/dev/shm", os.W_OK) and os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize > 4e9
    with tempfile.TemporaryDirectory(dir="/dev/shm" if memory else None) as place:
        print(f"{dt.date.today()} writing to {'memory' if memory else 'disk'}")
        reached = shards(Path(place), *LARGE)
        shards(Path(place), *SMALL)
        reached &= items(Path(place), *SMALL)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if memory else None) as place:
        reached &= index(Path(place), chosen.rows)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
