"""What the search for near duplicates costs a build when one item in a hundred is new, beside a search of all.

python tests/benchmarks/bench_incremental.py [--pictures 100000] [--scenes 100000] [--hours 17]

It is the search of a build, `near_groups`, over shards on disk: read, joined, verified, grouped. What it is given was
drawn: pictures of which a tenth are copies, scenes of which a fifth are drafts, programmes of which a tenth are copies.
The last shards are the new ones: of the others, the build before has kept what a search asks of them. A search of all
finds nothing kept, and keeps it. Each line is taken in a process of its own; CPU-seconds, the greatest resident size,
and what is kept on disk. Goal: 5 % of a search of all.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from _report import apart, measure, report

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin, and that is counted as work

DATASET = "0" * 32
NEW = 100  # one in so many
PROGRAMME = 600  # frames of one, a second each
SHARD_ROWS = {"art": 32, "scripts": 1024, "frames": PROGRAMME}  # of 32 pictures or scripts, or one video
DRAWN_AT_ONCE = 2_000


def pictures(count: int) -> Iterator[dict[str, Any]]:
    from pictures_drawn import drawn

    for start in range(0, count, DRAWN_AT_ONCE):
        told = drawn(min(DRAWN_AT_ONCE, count - start), seed=start)
        for at in range(len(told)):
            yield {
                "image": {"bytes": b"x", "path": None}, "payload_bytes": 1, "width": 1000, "height": 1000,
                "pdq_256": told.whole[at].tobytes(), "pdq_quality": 100, "glance_64": told.glance[at].tobytes(),
                "local_features": told.local[at],
            }  # fmt: skip


def scenes(count: int) -> Iterator[dict[str, Any]]:
    chance = np.random.default_rng(9)
    sketches = chance.integers(0, 1 << 32, (count, 128), dtype=np.uint32)
    drafts = sketches[chance.integers(0, count, count // 5)]
    changed = chance.random(drafts.shape) < 0.1
    drafts[changed] = chance.integers(0, 1 << 32, int(changed.sum()), dtype=np.uint32)
    sketches[: count // 5] = drafts
    for each in sketches:
        yield {"text": "x", "payload_bytes": 1, "minhash_128": each.tobytes()}


def footage(programmes: int) -> Iterator[dict[str, Any]]:
    from bench_sequences import programme

    from provenance.fingerprint.trail import ENTRY, PER_SECOND

    chance = np.random.default_rng(1)
    shown = programme(chance)
    for number in range(programmes):
        shown = shown if number % 10 == 9 else programme(chance)
        entries = np.zeros(len(shown), ENTRY)
        entries["ms"], entries["view"] = np.arange(len(shown)) * 1000 // PER_SECOND, shown
        entries["shot"] = np.arange(len(shown)) // (4 * PER_SECOND) + 1
        for second in range(len(shown) // PER_SECOND):
            yield {
                "image": {"bytes": b"x", "path": None}, "payload_bytes": 1, "width": 1000, "height": 1000,
                "asset_path": b"%05d.mp4" % number, "time_numerator": second, "time_denominator": 1,
                "shot": int(entries["shot"][second * PER_SECOND]),
                "trail_16": entries[second * PER_SECOND : (second + 1) * PER_SECOND].tobytes(),
            }  # fmt: skip


DRAWN = {"art": pictures, "scripts": scenes, "frames": footage}


def written(folder: Path, kind: str, count: int) -> None:
    """Write the shards of a dataset of one kind, and what the index would say of its rows."""
    import pyarrow as pa

    from provenance.dataset import schema, shard
    from provenance.dataset.shard import ShardWriter
    from provenance.dataset.store import Store
    from provenance.model.words import Kind

    shard.GROUP_ROWS = 64  # a row group ends at 8 MiB of payload, and here is none: as of pictures of 128 kB
    columns = schema.PAYLOAD[Kind(kind)]
    empty = {
        field.name: 0 if pa.types.is_integer(field.type) else b"" if pa.types.is_binary(field.type)
        else [] if pa.types.is_list(field.type) else ""
        for field in columns if not field.nullable
    }  # fmt: skip
    store, shards, assets = Store(folder), [], []
    rows = DRAWN[kind](count)
    new = fresh_from(count) * (PROGRAMME if kind == "frames" else 1)
    while held := [empty | row for _, row in zip(range(_room(len(assets), new, SHARD_ROWS[kind])), rows, strict=False)]:
        with ShardWriter(store, Kind(kind), DATASET) as writer:
            writer.append_many(held)
            shards.append(writer.finish())
        assets += [row["asset_path"] for row in held]
    total = len(assets)
    asset = np.unique(assets, return_inverse=True)[1] if kind == "frames" else np.arange(total)
    (folder / "shards.json").write_text(json.dumps([shard.as_json() for shard in shards]))
    np.save(folder / "asset.npy", asset.astype(np.int64))


def _room(at: int, new: int, most: int) -> int:
    """Return how many rows the shard that begins there takes: what is old and what is new share none."""
    return min(at + most, new if at < new else at + most) - at


def fresh_from(count: int) -> int:
    """Return which of so many assets is the first new one."""
    return count - max(1, count // NEW)


def searched(folder: Path, share: str) -> tuple[float, float, float, float]:
    """Search a dataset, all of it or what is new; return CPU-seconds, peak and kept in GB, and rows joined."""
    from provenance.building.carried import Groups, carried, nothing
    from provenance.building.kept import Kept
    from provenance.building.neargroups import Items, near_groups
    from provenance.dataset.store import Store

    shards, asset = drawn_before(folder)
    count = len(asset)
    ids = np.random.default_rng(5).integers(0, 256, (count, 32), np.uint8)
    every = np.arange(count, dtype=np.int64)
    items = Items(every, asset, every)
    begun(Path(folder), shards, items)
    new = asset >= fresh_from(int(asset.max()) + 1)
    told: list[Any] = []

    def run() -> None:
        before = nothing(count)
        if share == "new":
            known = relabelled(np.load(folder / "groups.npy")[:, ~new])
            before = carried(ids, ids[~new], Groups(*known))
        with Kept(folder / f"{share}.sqlite") as kept:
            told.append(near_groups(Store(folder), DATASET, shards, items, before, kept))

    cost = measure(run)
    groups = told[0][0]
    if share == "all":
        np.save(folder / "groups.npy", np.stack([groups.near, groups.copies]))
    elif not (groups.near == np.load(folder / "groups.npy")[0]).all():
        raise SystemExit("the groups are not those of a search of all")
    peak, size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, (folder / f"{share}.sqlite").stat().st_size
    return cost.cpu, peak, size / 1e9, float((groups.near != every).sum())


def drawn_before(folder: Path) -> tuple[list[Any], np.ndarray]:
    """Return the shards that were written, and the asset of each row."""
    from provenance.dataset.shard import ShardInfo

    shards = [ShardInfo.from_json(told) for told in json.loads((folder / "shards.json").read_text())]
    return shards, np.load(folder / "asset.npy")


def kept_before(folder: Path) -> None:
    """Keep what the build before kept: of all shards that hold nothing new."""
    from provenance.building.chains import chains
    from provenance.building.footage import Footage
    from provenance.building.kept import Kept
    from provenance.building.neargroups import load_pictures, load_texts
    from provenance.dataset.store import Store

    shards, asset = drawn_before(folder)
    new = asset >= fresh_from(int(asset.max()) + 1)
    first = np.cumsum([0, *(shard.rows for shard in shards)])
    assert not any(len(np.unique(new[low:high])) > 1 for low, high in pairwise(first)), "a shard is old and new"
    old = [shard for shard, at in zip(shards, first, strict=False) if not new[at]]
    every = np.ones(int(np.count_nonzero(~new)), bool)
    with Kept(folder / "new.sqlite") as kept:
        with load_pictures(Store(folder), DATASET, old, every, kept) as (_, seen):
            seen.local[np.arange(len(seen))]
        load_texts(Store(folder), DATASET, old, every, kept)
        Footage(Store(folder), DATASET, chains(old, asset), every, kept)


def relabelled(groups: np.ndarray) -> list[np.ndarray]:
    """Return each of several groupings by the first row of each group."""
    found = []
    for each in groups:
        _, first, of_row = np.unique(each, return_index=True, return_inverse=True)
        found.append(first[of_row].astype(np.int64))
    return found


def begun(folder: Path, shards: Any, items: Any) -> None:
    """Load and compile what a search needs, by one of the first shard alone."""
    from bench_neighbours import compile_all

    from provenance.building.carried import nothing
    from provenance.building.kept import Kept
    from provenance.building.neargroups import Items, near_groups
    from provenance.dataset.store import Store

    compile_all(1)
    compile_all(4)
    rows = shards[0].rows
    few = Items(items.exact[:rows], items.asset[:rows], items.quality[:rows])
    near_groups(Store(folder), DATASET, shards[:1], few, nothing(rows), Kept(None))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--scenes", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=17.0)
    asked = parser.parse_args()
    sizes = {"art": asked.pictures, "scripts": asked.scenes, "frames": max(10, round(asked.hours * 6))}
    names = {"art": "pictures", "scripts": "scenes", "frames": "programmes of ten minutes"}
    total = np.zeros(2)
    for kind, count in sizes.items():
        with tempfile.TemporaryDirectory() as folder:
            apart(written, Path(folder), kind, count)
            apart(kept_before, Path(folder))
            (cpu, peak, kept, joined), (cpu_new, peak_new, _, _) = (
                apart(searched, Path(folder), share) for share in ("all", "new")
            )
        total += cpu, cpu_new
        print(f"{count:,} {names[kind]}, {joined:,.0f} rows joined to others")
        print(f"  all: {cpu:.2f} CPU-s, {peak:.2f} GB; 1 % new: {cpu_new:.2f} CPU-s, {peak_new:.2f} GB", end="")
        print(f"; kept: {kept:.2f} GB", flush=True)
        report(f"1 % new {names[kind]}, of a search of all", 100 * cpu_new / cpu, 5, at_least=False, unit=" %")
    report("1 % new of everything, of a search of all", 100 * total[1] / total[0], 5, at_least=False, unit=" %")


if __name__ == "__main__":
    sys.exit(main())
