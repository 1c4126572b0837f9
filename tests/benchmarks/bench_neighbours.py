"""All pairs of hashes within a radius, exact: time, memory, growth, a crowd of slates, what is new, and beside peers.

python tests/benchmarks/bench_neighbours.py [--full]

Without --full everything is a tenth as large. Each line is taken in a process of its own, so that its memory is its
own; the code is compiled before the clock starts. Uniform: random hashes, a tenth of them copies a bit off. Skewed: a
fifth are copies, or near copies, of fifty slates and black frames. Peers, at a size that they can take: FAISS where
installed, and DuckDB joining on bands. What one new item in a hundred costs a build is for bench_incremental to say; of
the join alone it is told here, the order of what is old counted.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from _report import apart, measure, report

RADIUS = 8
MOST = 64  # neighbours of one row in one band, for the crowd


def uniform(count: int, words: int = 1) -> np.ndarray:
    chance = np.random.default_rng(7)
    found = chance.integers(0, 1 << 64, (count, words), dtype=np.uint64, endpoint=False)
    copies = chance.integers(0, count, len(found[::10]))
    found[::10] = found[copies]
    found[::10, 0] ^= np.uint64(1) << chance.integers(0, 64, len(copies), dtype=np.uint64)
    return found


def skewed(count: int, words: int = 1) -> np.ndarray:
    chance = np.random.default_rng(8)
    found = uniform(count, words)
    crowd = chance.choice(count, count // 5, replace=False)
    slates = chance.integers(0, 1 << 64, (50, words), dtype=np.uint64, endpoint=False)
    slates[0], slates[1] = 0, ~np.uint64(0)  # black and white
    found[crowd] = slates[chance.integers(0, 50, len(crowd))]
    for _ in range(3):
        some = chance.choice(crowd, len(crowd) // 2, replace=False)
        found[some, chance.integers(0, words, len(some))] ^= np.uint64(1) << chance.integers(
            0, 64, len(some), np.uint64
        )
    return found


def compile_all(words: int) -> None:
    """Compile what any join calls, whichever way it would order its hashes."""
    from provenance.dedup import _order, neighbours

    neighbours.within(uniform(7_000, words), RADIUS)
    _order.ordered(uniform(10, words), 0, 20)


def prepare_join(count: int, draw: str, words: int, radius: int, most: int | None) -> Callable[[], Any]:
    from provenance.dedup import neighbours

    drawn = {"uniform": uniform, "skewed": skewed}[draw](count, words)
    compile_all(words)
    cap = {} if most is None else {"most": most}

    def run() -> str:
        # As a build does: equal hashes are one row.
        distinct = np.unique(drawn, axis=0) if draw == "skewed" else drawn
        pairs = neighbours.within(distinct, radius, **cap)
        capped = f"; {pairs.oversized:,} buckets capped, {pairs.capped:,} rows" if most else ""
        return f"{len(pairs):,} pairs{capped}"

    return run


def prepare_new(count: int, words: int, radius: int) -> Callable[[], Any]:
    """One in a hundred is new: it is joined with all."""
    from provenance.dedup.neighbours import within

    drawn = uniform(count, words)
    new = drawn[-count // 100 :].copy()
    compile_all(words)
    return lambda: f"{len(within(new, radius, drawn)):,} pairs"


def prepare_spilled(count: int) -> Callable[[], Any]:
    from provenance.dedup.neighbours import spilled

    drawn = uniform(count)
    compile_all(1)

    def run() -> str:
        with tempfile.TemporaryDirectory() as folder:
            return f"{sum(map(len, spilled(drawn, RADIUS, Path(folder), piece=count // 10))):,} pairs"

    return run


def prepare_duckdb(count: int) -> Callable[[], Any]:
    """Nine bands of seven bits or so: two hashes within eight bits are equal in one of them."""
    import duckdb
    import pyarrow as pa

    table = pa.table({"row": np.arange(count), "hash": uniform(count).ravel()})
    edges = [64 * at // 9 for at in range(10)]
    bands = " UNION ALL ".join(
        f"SELECT row, hash, {at} AS band, (hash >> {low}) & {(1 << (high - low)) - 1} AS part FROM hashes"
        for at, (low, high) in enumerate(pairwise(edges))
    )

    def run() -> str:
        with duckdb.connect() as base:
            base.execute("SET threads = 2")
            base.register("hashes", table)
            found = base.execute(
                f"WITH bands AS MATERIALIZED ({bands}) SELECT count(DISTINCT (a.row, b.row)) FROM bands a JOIN bands b"
                " ON a.band = b.band AND a.part = b.part AND a.row < b.row AND bit_count(xor(a.hash, b.hash)) <= 8"
            ).fetchone()
        return f"{found[0]:,} pairs"

    return run


def prepare_faiss(count: int) -> Callable[[], Any]:
    import faiss

    drawn = uniform(count)
    index = faiss.IndexBinaryFlat(64)
    index.add(drawn.view(np.uint8))

    def run() -> str:
        limits, _, found = index.range_search(drawn.view(np.uint8), RADIUS + 1)
        rows = np.repeat(np.arange(count), np.diff(limits))
        return f"{int((rows < found).sum()):,} pairs"

    return run


PREPARE = {name.removeprefix("prepare_"): made for name, made in list(globals().items()) if name.startswith("prepare_")}


def _one(what: str, given: tuple[Any, ...]) -> tuple[float, float, str, float]:
    told: list[str] = []
    run = PREPARE[what](*given)
    cost = measure(lambda: told.append(run()))
    return cost.wall, cost.cpu, told[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def fresh(title: str, what: str, *given: Any) -> tuple[float, float, float]:
    """Run one line in a process of its own; print it; return wall, CPU-seconds and peak in GB."""
    wall, cpu, told, peak = apart(_one, what, given)
    print(f"  {title}: {wall:.2f} s, {cpu:.2f} CPU-s, {peak:.2f} GB, {told}", flush=True)
    return wall, cpu, peak


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    scale = 1 if parser.parse_args().full else 10
    small, large, wide = 1_000_000 // scale, 10_000_000 // scale, 1_000_000 // scale

    print("64 bits, radius 8, all pairs")
    _, cpu_small, _ = fresh(f"{small:,} uniform", "join", small, "uniform", 1, RADIUS, None)
    wall, cpu, peak = fresh(f"{large:,} uniform", "join", large, "uniform", 1, RADIUS, None)
    crowd = fresh(f"{large:,} skewed, at most {MOST} neighbours", "join", large, "skewed", 1, RADIUS, MOST)
    spilled = fresh(f"{large:,} uniform through a directory, pieces of {large // 10:,}", "spilled", large)
    _, cpu_new, _ = fresh(f"{large // 100:,} new ones with {large:,}", "new", large, 1, RADIUS)
    print("256 bits, radius 31, all pairs")
    _, cpu_wide, _ = fresh(f"{wide:,} uniform", "join", wide, "uniform", 4, 31, None)
    fresh(f"{wide:,} skewed, at most {MOST} neighbours", "join", wide, "skewed", 4, 31, MOST)
    _, cpu_wide_new, _ = fresh(f"{wide // 100:,} new ones with {wide:,}", "new", wide, 4, 31)
    print("peers, 100,000 hashes of 64 bits, radius 8" if scale == 1 else "peers, 30,000 hashes of 64 bits, radius 8")
    peers = 100_000 if scale == 1 else 30_000
    _, cpu_own, _ = fresh("this", "join", peers, "uniform", 1, RADIUS, None)
    _, cpu_duckdb, _ = fresh("DuckDB, nine bands", "duckdb", peers)
    if importlib.util.find_spec("faiss"):
        _, cpu_faiss, _ = fresh("FAISS, flat", "faiss", peers)
        report("as fast as FAISS flat", cpu_faiss / cpu_own, 1, at_least=True)
    else:
        print("  FAISS, flat: not run, faiss-cpu is not installed")
    print()
    report(f"{large:,} hashes, radius 8, wall", wall, 40 / scale, at_least=False, unit=" s", detail=f"{cpu:.1f} CPU-s")
    report("peak memory", peak, 1.5, at_least=False, unit=" GB")
    report("peak memory through a directory", spilled[2], peak, at_least=False, unit=" GB")
    report(f"growth of CPU from {small:,} to {large:,}", cpu / cpu_small, 15, at_least=False)
    print(f"skewed beside uniform: {crowd[1] / cpu:.1f}x the CPU")
    report(f"{wide:,} hashes of 256 bits, radius 31, CPU", cpu_wide, 7.9 / scale, at_least=False, unit=" s")
    report("as fast as DuckDB on bands", cpu_duckdb / cpu_own, 1, at_least=True)
    report("1 % new, 64 bits, of a full join", 100 * cpu_new / cpu, 5, at_least=False, unit=" %")
    report("1 % new, 256 bits, of a full join", 100 * cpu_wide_new / cpu_wide, 5, at_least=False, unit=" %")


if __name__ == "__main__":
    main()
