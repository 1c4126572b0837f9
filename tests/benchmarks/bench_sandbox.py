"""What the lock costs: the same small pictures, hashed and decoded in this process and in one locked child.

    python tests/benchmarks/bench_sandbox.py [PICTURES]

CPU seconds count the warm process and its children; its start is measured apart and taken off. Also printed: a locked
child, an empty job, a message, and how fast payloads come back.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from _report import Cost, best, report
from PIL import Image

from provenance.sandbox import Sandbox, lock

Jobs = list[tuple[dict[str, Any], Path | None]]


def preload() -> None:
    Image.init()


def look(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """What an art reader does at the least: digest, decode, a small rendition back."""
    for file in files:
        data = file.read()
        with Image.open(io.BytesIO(data)) as picture:
            small = picture.convert("RGB").resize((64, 64))
        yield {"sha256": hashlib.sha256(data).hexdigest(), "size": picture.size}, small.tobytes()


def nothing(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    yield from ()


def pour(job: dict[str, Any], files: list[BinaryIO]) -> Iterator[tuple[dict[str, Any], bytes]]:
    body = bytes(job["bytes"])
    for number in range(job["messages"]):
        yield {"number": number}, body


def draw(folder: Path, pictures: int) -> list[Path]:
    """Draw JPEGs of 512 pixels with some grain, always the same."""
    grain, paths = np.random.default_rng(7), []
    ramp = np.add.outer(np.arange(512), np.arange(512))[..., None] // 5
    for number in range(pictures):
        pixels = (ramp + np.array([number, 40, 80]) + grain.integers(0, 40, (512, 512, 1))) % 256
        paths.append(folder / f"{number:04}.jpg")
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def inside(paths: list[Path]) -> None:
    for path in paths:
        with open(path, "rb") as file:
            list(look({}, [file]))


def locked(entry: str, jobs: Jobs, children: int = 1, without: tuple[str, ...] = ()) -> None:
    """Run all jobs in each of `children` locked children, one child after the other."""
    with Sandbox(f"bench_sandbox:{entry}", without=without) as sandbox:
        for _ in range(children):
            with sandbox.child() as child:
                for job, path in jobs:
                    fds = [os.open(path, os.O_RDONLY)] if path else []
                    for _message in child.run(job, fds):
                        pass
                    for number in fds:
                        os.close(number)


def per(cost: Cost, start: Cost, count: int, unit: float) -> str:
    """CPU of both sides for one of `count`, the start taken off. Wall time of so little says more about neighbours."""
    return f"{(cost.cpu - start.cpu) / count * unit:.3g}"


def main() -> int:
    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"lock: {lock.status()}")
    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder), pictures)
        start = best(lambda: locked("look", [], 0))
        plain = best(lambda: inside(paths), 5)
        jobs: Jobs = [({}, path) for path in paths]
        guarded = best(lambda: locked("look", jobs), 5)
        apart = best(lambda: locked("look", jobs, without=lock.DEFENCES), 5)
    ratio = (guarded.cpu - start.cpu) / plain.cpu
    detail = f"({plain.cpu / pictures * 1e3:.3g} ms CPU a picture inside, {per(guarded, start, pictures, 1e3)} locked)"
    good = report("small pictures, locked child / in process, CPU", ratio, 1.25, at_least=False, detail=detail)
    ratio = (guarded.cpu - start.cpu) / (apart.cpu - start.cpu)
    good &= report("the lock itself, locked child / the same child unlocked, CPU", ratio, 1.05, at_least=False)
    one = best(lambda: locked("nothing", [({}, None)], 50))
    print(f"one locked child, one empty job: {per(one, start, 50, 1e3)} ms CPU")
    many = best(lambda: locked("nothing", [({}, None)] * 3000))
    print(f"one empty job: {per(many, start, 3000, 1e6)} us CPU")
    small = best(lambda: locked("pour", [({"bytes": 200, "messages": 20_000}, None)]))
    print(f"one message of 200 bytes: {per(small, start, 20_000, 1e6)} us CPU")
    large = best(lambda: locked("pour", [({"bytes": 300_000, "messages": 2000}, None)]))
    print(f"payloads of 300 kB: {0.6 / (large.cpu - start.cpu):.2g} GB per CPU-second")
    print(f"warm process: {start.wall:.2g} s wall, {start.cpu:.2g} s CPU, once a run")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
