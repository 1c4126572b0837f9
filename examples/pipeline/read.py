"""Read a dataset with tools that know nothing of this package: DuckDB, and Hugging Face's load_dataset.

    python examples/pipeline/read.py DATASET

Reading is not permission: whether an item may train is asked of the ledger, with `provenance admit`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import datasets
import duckdb


def query(dataset: Path) -> None:
    """Count items by what they came from, straight from the shards of the newest version."""
    for kind in ("art", "frames", "scripts"):
        shards = sorted(str(shard) for shard in dataset.glob(f"data/{kind}/*.parquet"))
        rows = duckdb.execute(
            "select media_type, count(*), count(distinct asset) from read_parquet(?) group by 1 order by 1", [shards]
        ).fetchall()
        for media_type, items, assets in rows:
            print(f"{kind:8} {media_type:12} {items:3} items of {assets} assets")


def load(dataset: Path, cache: Path) -> None:
    """Let Hugging Face read the dataset card, and decode pictures by itself."""
    datasets.disable_progress_bars()
    frames = datasets.load_dataset(str(dataset), "frames", split="train", cache_dir=str(cache))
    picture, asset = frames[0]["image"], frames[0]["asset"]
    print(f"{len(frames)} frames; the first is a {picture.format} of {picture.size}, from {asset}")
    scripts = datasets.load_dataset(str(dataset), "scripts", split="train", cache_dir=str(cache))
    print(f"{len(scripts)} scenes and whole scripts; the first begins: {scripts[0]['text'].splitlines()[0]}")


if __name__ == "__main__":
    query(Path(sys.argv[1]))
    load(Path(sys.argv[1]), Path(sys.argv[1]).parent / "cache")
