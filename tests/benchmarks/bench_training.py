"""What training gets: shuffled verified reads against other readers of the same bytes, and what gate and digests cost.

python tests/benchmarks/bench_training.py [--items N] [--open N]    --open 10000000 also opens an index of that size
"""

from __future__ import annotations

import argparse
import io
import os
import random
import struct
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "dataset")]

from _report import Cost, apart, best, report  # noqa: E402
from dataset_samples import AT, DATASET, row, write_shard  # noqa: E402

from provenance.dataset import receipt as receipts  # noqa: E402
from provenance.dataset.index import TableWriter, load_table  # noqa: E402
from provenance.dataset.receipt import Terms  # noqa: E402
from provenance.dataset.schema import INDEX  # noqa: E402
from provenance.dataset.shard import payload_places  # noqa: E402
from provenance.dataset.store import Store  # noqa: E402
from provenance.dedup.groups import representatives  # noqa: E402
from provenance.model.words import Kind, sha256_hex  # noqa: E402
from provenance.training.material import Material  # noqa: E402
from provenance.training.places import Places, load_places  # noqa: E402
from provenance.training.watch import Watch  # noqa: E402

SIZES = ((480, 270), (1280, 720), (1920, 1080))


def photograph(seed: int, size: tuple[int, int] = (1280, 720)) -> bytes:
    """A JPEG with more than a bit for each pixel, as photographs have; every seed another."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (36, 64, 3), np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    noisy = np.asarray(image, np.int16) + chance.integers(-7, 8, (size[1], size[0], 3))
    out = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=80)
    return out.getvalue()


def material_of(store: Store, payloads: list[bytes]) -> Material:
    """One shard of pictures, and the admitted items of it: all."""
    shard = write_shard(store, Kind.ART, [row(Kind.ART, seed, data) for seed, data in enumerate(payloads)])
    handle = store.open(shard.path)
    offsets, lengths = payload_places(handle, Kind.ART, DATASET)
    os.close(handle)
    count = len(payloads)
    digests = np.frombuffer(b"".join(bytes.fromhex(sha256_hex(data)) for data in payloads), np.uint8).reshape(-1, 32)
    rows, zeros = np.arange(count), np.zeros(count, np.int32)
    places = Places((shard,), rows, zeros, offsets, lengths, digests, digests)
    terms = Terms(DATASET, 1, "0" * 64, "0" * 64, count, count, receipts.GATE, AT)
    return Material(store, terms, places, Watch(AT, None))


# Readers of the same bytes. Each runs in a process of its own: the page faults of a shared one mislead tenfold.


def ours(place: Path, order: list[int], items: Any) -> int:
    return sum(len(items[at]["image"]) for at in order)


def row_groups(place: Path, order: list[int], items: Any) -> int:
    file = pq.ParquetFile(next((place / "ds").rglob("*.parquet")))
    starts = np.cumsum([0] + [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)])
    total = 0
    for at in order:
        group = int(np.searchsorted(starts, at, "right")) - 1
        row = file.read_row_group(group, columns=["image"]).column(0)[at - int(starts[group])]
        total += len(row.as_py()["bytes"])
    return total


def mds(place: Path, order: list[int], items: Any) -> int:
    """As MDS reads an item: two offsets, then the bytes; nothing is proven."""
    total = 0
    for at in order:
        with open(place / "shard.mds", "rb", 0) as file:
            file.seek(4 + 4 * at)
            start, end = struct.unpack("<2I", file.read(8))
            file.seek(start)
            total += len(file.read(end - start))
    return total


def webdataset(place: Path, order: list[int], items: Any) -> int:
    import webdataset as wds

    stream = wds.WebDataset(str(place / "shard.tar"), shardshuffle=False, empty_check=False)
    return sum(len(sample["jpg"]) for sample in stream)


def streaming(place: Path, order: list[int], items: Any) -> int:
    from datasets import Image as Undecoded
    from datasets import load_dataset

    shard = next((place / "ds").rglob("*.parquet"))
    stream = load_dataset("parquet", data_files=str(shard), split="train", streaming=True)
    stream = stream.select_columns(["image"]).cast_column("image", Undecoded(decode=False))
    return sum(len(each["image"]["bytes"]) for each in stream)


READERS = {
    "this, shuffled, every item proven": ours,
    "ParquetFile.read_row_group, shuffled": row_groups,
    "MDS-like pread, shuffled": mds,
    "WebDataset, in order": webdataset,
    "Hugging Face streaming, in order": streaming,
}


def timed(read: Callable[[Path, list[int], Any], int], place: Path, order: list[int], items: Any) -> tuple[Cost, int]:
    """Run in a fresh process: once to import and to warm the page cache, then the best of three."""
    read(place, order[:8], items)
    found: list[int] = []
    return best(lambda: found.append(read(place, order, items))), found[-1]


def lay_out(place: Path, payloads: list[bytes]) -> None:
    """The same bytes as a tar and as one MDS shard."""
    with tarfile.open(place / "shard.tar", "w") as tar:
        for number, data in enumerate(payloads):
            info = tarfile.TarInfo(f"{number:06d}.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    offsets = 4 * (len(payloads) + 2) + np.cumsum([0, *map(len, payloads)])
    head = struct.pack("<I", len(payloads)) + offsets.astype("<u4").tobytes()
    (place / "shard.mds").write_bytes(head + b"".join(payloads))


def compare(items: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        distinct = [photograph(seed) for seed in range(min(items, 256))]
        # Each picture ends in other bytes, so that every item has a digest of its own; decoders do not mind.
        payloads = [distinct[at % len(distinct)] + at.to_bytes(8, "big") for at in range(items)]
        material = material_of(Store(place / "ds"), payloads)
        lay_out(place, payloads)
        order = list(range(items))
        random.Random(1).shuffle(order)
        size, cost = sum(map(len, payloads)) / items, {}
        for name, read in READERS.items():
            # A row group for each item is slow: a twentieth of them tells.
            few = order[: max(20, items // 20)] if read is row_groups else order
            spent, total = apart(timed, read, place, few, material.torch(Kind.ART, decode="bytes"))
            assert total == sum(len(payloads[at]) for at in few), name
            cost[name] = spent.cpu / len(few)
            wall = spent.wall / len(few)
            print(f"  {name}: {1 / cost[name]:,.0f} items/CPU-s, {size / wall / 1e9:.2f} GB/s by the wall")
        mine, theirs = (cost[name] for name in list(READERS)[:2])
        detail = f"{1 / mine:,.0f} against {1 / theirs:,.0f} items/CPU-s of {size / 1000:.0f} kB"
        return report("shuffled verified reads against read_row_group", theirs / mine, 5, at_least=True, detail=detail)


def gate_shares(count: int) -> bool:
    """By size: hashing goes with the bytes, decoding with the pixels."""
    good = True
    for width, height in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            payloads = [photograph(seed, (width, height)) for seed in range(count)]
            material = material_of(Store(Path(folder) / "ds"), payloads)
            what = f"{width} x {height}, {sum(map(len, payloads)) // count // 1000} kB"
            good = gate_share(material, list(range(count)), what) and good
    return good


def gate_share(material: Material, order: list[int], what: str) -> bool:
    """The whole of what we add to a loader that reads and decodes, as a share of that loader.

    Each part is measured by itself, item by item, the best of several: the difference of two whole loaders would be
    small beside the noise of a shared machine.
    """
    import torch

    from provenance.training import torch_data

    torch.set_num_threads(1)  # as in a worker of a loader
    raw, places = material.torch(Kind.ART, decode="bytes"), material.places
    handle = material.store.open(places.shards[0].path)
    where = [(int(places.length[at]), int(places.offset[at])) for at in range(len(places))]
    gate = plain = 0.0
    for at in order:
        data = os.pread(handle, *where[at])
        read = min(_seconds(lambda at: os.pread(handle, *where[at]), at) for _ in range(5))
        proven = min(_seconds(raw.__getitem__, at) for _ in range(5))
        decode = min(_seconds(lambda _: torch_data.decoded(data, Kind.ART, "tensor"), at) for _ in range(5))  # noqa: B023
        gate, plain = gate + max(0.0, proven - read), plain + read + decode
    os.close(handle)
    share = 100 * gate / (gate + plain)
    detail = f"{1e6 * gate / len(order):.0f} microseconds beside {1e6 * plain / len(order):.0f} to read and decode"
    return report(f"gate and digests in a decoding loader, {what}", share, 5, at_least=False, unit=" %", detail=detail)


def _seconds(read: Callable[[int], object], at: int) -> float:
    began = time.thread_time()
    read(at)
    return time.thread_time() - began


def opening(items: int) -> bool:
    """From a signed index on disk to a dataset that can be asked for any item."""
    import torch  # noqa: F401 - a second of its own, once in a process

    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        payload = b"x" * 64
        shard = write_shard(store, Kind.ART, [row(Kind.ART, 0, payload)])
        chance = np.random.default_rng(2)
        with TableWriter(store, "index", DATASET) as writer:
            for start in range(0, items, 65_536):
                count = min(65_536, items - start)
                fixed = {
                    name: pa.FixedSizeBinaryArray.from_buffers(
                        pa.binary(32), count, [None, pa.py_buffer(chance.bytes(32 * count))]
                    )
                    for name in ("item_id", "payload_sha256", "content_sha256")
                }
                rising = np.arange(start, start + count)
                numbers = {"offset": rising * 50_000, "length": rising % 40_000 + 30_000, "row": rising % 100_000}
                columns = []
                for field in INDEX:
                    if field.name in fixed:
                        columns.append(fixed[field.name])
                    elif field.name == "kind":
                        columns.append(pa.array(["art"] * count))
                    elif field.name.endswith("_group"):
                        columns.append(pa.array(rising))
                    elif field.nullable:
                        columns.append(pa.nulls(count, field.type))
                    else:
                        columns.append(pa.array(numbers.get(field.name, np.zeros(count, np.int64))).cast(field.type))
                writer.write(pa.RecordBatch.from_arrays(columns, schema=INDEX))
            index = writer.finish()
        version = type("V", (), {"dataset": DATASET, "content": type("C", (), {
            "tables": {"index": index}, "shards": (shard,)})()})()  # fmt: skip
        # The gate has read these with all that it needs: its own pass over the index is in bench_gate.py.
        table = load_table(store, "index", index, DATASET, ["quality", "copy_group"])
        quality, group = (table.column(name).to_numpy() for name in ("quality", "copy_group"))
        began, spent = time.perf_counter(), time.process_time()
        # As an admission does once the gate has decided: one of each group of copies, then where these lie.
        chosen = representatives(np.arange(items), group, quality)
        places = load_places(store, version, chosen)  # type: ignore[arg-type]
        terms = Terms(DATASET, 1, "0" * 64, index.sha256, items, items, receipts.GATE, AT)
        data = Material(store, terms, places, Watch(AT, None)).torch(Kind.ART, decode="bytes")
        assert len(data) == items
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
        detail = f"{seconds:.2g} s by the wall; index of {index.bytes / 1e6:,.0f} MB, its digest included"
        goal = 5 * items / 10_000_000
        return report(f"opening {items:,} items", spent, goal, at_least=False, unit=" CPU-s", detail=detail)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--open", type=int, default=1_000_000)
    asked = parser.parse_args()
    compare(asked.items)
    gate_shares(min(asked.items, 60))
    opening(asked.open)


if __name__ == "__main__":
    main()
