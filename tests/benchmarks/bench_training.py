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

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "dataset")]

from _report import best, measure, report  # noqa: E402
from dataset_samples import AT, DATASET, row, write_shard  # noqa: E402

from provenance.dataset import receipt as receipts  # noqa: E402
from provenance.dataset.index import TableWriter  # noqa: E402
from provenance.dataset.receipt import Terms  # noqa: E402
from provenance.dataset.schema import INDEX  # noqa: E402
from provenance.dataset.shard import payload_places  # noqa: E402
from provenance.dataset.store import Store  # noqa: E402
from provenance.dedup.groups import representatives  # noqa: E402
from provenance.model.words import Kind, sha256_hex  # noqa: E402
from provenance.training.material import Material  # noqa: E402
from provenance.training.places import Places, load_places  # noqa: E402
from provenance.training.watch import Watch  # noqa: E402


def photograph(seed: int) -> bytes:
    """A JPEG of 1280 x 720 with about a bit for each pixel, as photographs have; every seed another."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (36, 64, 3), np.uint8)
    image = Image.fromarray(coarse).resize((1280, 720), Image.Resampling.BICUBIC)
    noisy = np.asarray(image, np.int16) + chance.integers(-7, 8, (720, 1280, 3))
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


def webdataset(place: Path, payloads: list[bytes]) -> Callable[[], int]:
    with tarfile.open(place / "shard.tar", "w") as tar:
        for number, data in enumerate(payloads):
            info = tarfile.TarInfo(f"{number:06d}.jpg")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

    def read() -> int:
        with tarfile.open(place / "shard.tar", "r|") as tar:
            return sum(len(tar.extractfile(member).read()) for member in tar)  # type: ignore[union-attr]

    return read


def mds(place: Path, payloads: list[bytes], order: list[int]) -> Callable[[], int]:
    """As MDS reads an item: two offsets, then the bytes; nothing is proven."""
    offsets = 4 * (len(payloads) + 2) + np.cumsum([0, *map(len, payloads)])
    head = struct.pack("<I", len(payloads)) + offsets.astype("<u4").tobytes()
    (place / "shard.mds").write_bytes(head + b"".join(payloads))

    def read() -> int:
        total = 0
        for at in order:
            with open(place / "shard.mds", "rb", 0) as file:
                file.seek(4 + 4 * at)
                start, end = struct.unpack("<2I", file.read(8))
                file.seek(start)
                total += len(file.read(end - start))
        return total

    return read


def compare(items: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        distinct = [photograph(seed) for seed in range(min(items, 256))]
        # Each picture ends in other bytes, so that every item has a digest of its own; decoders do not mind.
        payloads = [distinct[at % len(distinct)] + at.to_bytes(8, "big") for at in range(items)]
        material = material_of(Store(place / "ds"), payloads)
        order = list(range(items))
        random.Random(1).shuffle(order)
        raw = material.torch(Kind.ART, decode="bytes")

        def shuffled() -> None:
            for at in order:
                raw[at]

        ours = best(shuffled)
        shard = material.places.shards[0]
        file = pq.ParquetFile(place / "ds" / shard.path)
        starts = np.cumsum([0] + [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)])
        few = order[: max(20, items // 20)]

        def by_row_group() -> None:
            for at in few:
                group = int(np.searchsorted(starts, at, "right")) - 1
                file.read_row_group(group, columns=["image"]).column(0)[at - int(starts[group])].as_py()

        theirs = best(by_row_group)
        size = sum(map(len, payloads))
        per_item, per_theirs = ours.cpu / items, theirs.cpu / len(few)
        detail = f"{1 / per_item:,.0f} against {1 / per_theirs:,.0f} items/CPU-s of {size // items / 1000:.0f} kB"
        good = report(
            "shuffled verified reads against read_row_group", per_theirs / per_item, 5, at_least=True, detail=detail
        )
        stream = best(webdataset(place, payloads))
        pread = best(mds(place, payloads, order))
        rates = {"this, verified": ours, "WebDataset-like tar, in order": stream, "MDS-like, unverified": pread}
        for name, cost in rates.items():
            print(f"  {name}: {items / cost.wall:,.0f} items/s, {size / cost.wall / 1e9:.2f} GB/s")
        hugging_face(place / "ds" / shard.path, items, size)
        return gate_share(material, order[: min(items, 300)]) and good


def hugging_face(shard: Path, items: int, size: int) -> None:
    from datasets import Image as Undecoded
    from datasets import load_dataset

    stream = load_dataset("parquet", data_files=str(shard), split="train", streaming=True)
    stream = stream.cast_column("image", Undecoded(decode=False))
    cost = measure(lambda: sum(len(each["image"]["bytes"]) for each in stream))
    print(f"  Hugging Face streaming, in order, unverified: {items / cost.wall:,.0f} items/s, "
          f"{size / cost.wall / 1e9:.2f} GB/s")  # fmt: skip


def gate_share(material: Material, order: list[int]) -> bool:
    """The whole of what we add to a loader that decodes, against the same loader that just reads and decodes."""
    from provenance.training import torch_data

    decoding, places = material.torch(Kind.ART, decode="tensor"), material.places
    handle = material.store.open(places.shards[0].path)

    def plain(at: int) -> None:
        data = os.pread(handle, int(places.length[at]), int(places.offset[at]))
        torch_data.decoded(data, Kind.ART, "tensor")

    # Item by item in turns, each the best of several: the machine is shared, and the difference is small beside its
    # noise.
    without = ours = 0.0
    for at in order:
        without += min(_seconds(plain, at) for _ in range(5))
        ours += min(_seconds(decoding.__getitem__, at) for _ in range(5))
    os.close(handle)
    share = 100 * (ours - without) / ours
    detail = f"{1e3 * ours / len(order):.2f} against {1e3 * without / len(order):.2f} CPU-ms an item"
    return report("gate and digests in a decoding loader", share, 5, at_least=False, unit=" %", detail=detail)


def _seconds(read: Callable[[int], object], at: int) -> float:
    began = time.thread_time()
    read(at)
    return time.thread_time() - began


def opening(items: int) -> bool:
    """From a signed index on disk to a dataset that can be asked for any item."""
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
        began, spent = time.perf_counter(), time.process_time()
        places = load_places(store, version, np.arange(items))  # type: ignore[arg-type]
        terms = Terms(DATASET, 1, "0" * 64, index.sha256, items, items, receipts.GATE, AT)
        data = Material(store, terms, places, Watch(AT, None)).torch(Kind.ART, decode="bytes")
        assert len(data) == items
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
        chosen = representatives(np.arange(items), np.arange(items), np.ones(items, np.int64))
        assert len(chosen) == items
        detail = f"{seconds:.2g} s by the wall; index of {index.bytes / 1e6:,.0f} MB, its digest included"
        goal = 5 * items / 10_000_000
        return report(f"opening {items:,} items", spent, goal, at_least=False, unit=" CPU-s", detail=detail)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--open", type=int, default=1_000_000)
    asked = parser.parse_args()
    compare(asked.items)
    opening(asked.open)


if __name__ == "__main__":
    main()
