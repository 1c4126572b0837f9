"""Art, JPEG 1080p: extraction against the sum of the primitives it needs, and against the loop one would write first.

Goals (PERFORMANCE.md): at least 0.75 of the primitives, each measured alone in the same run; at least twice the naive
loop, which decodes anew for every result. One picture is decoded once here, for the pixel digest and the hash alike. No
table has a thumbnail column, so none is made; the naive loop is shown with the thumbnail of the goal's wording and
without. The locked child is compared by wall time: its CPU seconds are not counted as this process's children.

    python tests/benchmarks/bench_art.py [PICTURES]
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in the locked child

import imagehash
import numpy as np
from _report import best, measure, report
from PIL import Image

from provenance.media import raster
from provenance.media.shelf import HEAD_BYTES, Options, Source
from provenance.sandbox import Sandbox

PICTURES = 24


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        files = _drawn(Path(folder), count)
        parts = {name: best(lambda run=run: [run(file) for file in files]).cpu for name, run in PRIMITIVES.items()}
        ours = best(lambda: _ours(files, Path(folder) / "ours")).cpu
        naive = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=True)).cpu
        bare = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=False)).cpu
        walls = [min(measure(run).wall for _ in range(3)) for run in (lambda: _locked([]), lambda: _locked(files))]
        start, locked = walls[0], (walls[1] - walls[0]) / count
        free = min(measure(lambda: _ours(files, Path(folder) / "ours")).wall for _ in range(3)) / count
    detail = ", ".join(f"{name} {seconds / count * 1000:.1f}" for name, seconds in parts.items())
    print(f"milliseconds of CPU a picture: ours {ours / count * 1000:.1f}; {detail}")
    report("art, against its primitives", sum(parts.values()) / ours, 0.75, at_least=True)
    report("art, against the naive loop with a thumbnail", naive / ours, 2, at_least=True)
    print(f"art, against the naive loop without one: {bare / ours:.3g}x")
    print(f"in the locked child: wall {locked * 1000:.1f} ms a picture against {free * 1000:.1f}, start {start:.2g} s")


def _drawn(folder: Path, count: int) -> list[Path]:
    """1080p JPEGs with soft and fine structure, edges and grain, about as large as photographs of that size.

    No two share a corner, and no texture repeats itself, as gratings do: else the search for near-duplicates, which the
    naive loop does without, would have more to compare than an archive gives it.
    """
    draw, files = np.random.default_rng(7), []
    for number in range(count):
        layers = [
            np.asarray(
                Image.fromarray(
                    draw.normal(128, 40, (1080 // cell + 2, 1920 // cell + 2, 3)).clip(0, 255).astype("u1")
                ).resize((1920, 1080), Image.Resampling.BICUBIC)
            ).astype(np.float32)
            * weight
            for cell, weight in ((240, 0.5), (60, 0.3), (12, 0.15))
        ]
        pixels = sum(layers) + draw.normal(0, 6, (1080, 1920, 1)).astype(np.float32)
        for left, top, wide, high in draw.integers(40, 900, (12, 4)).tolist():
            pixels[top : top + high // 3, 2 * left : 2 * left + wide // 2] *= 0.5 + (wide % 50) / 50
        files.append(folder / f"{number:04}.jpg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(files[-1], quality=90)
    return files


def _decoded(file: Path) -> Image.Image:
    image = Image.open(file, formats=["JPEG"])
    image.load()
    return image


# Decoded once, before the clock runs: the primitives that follow a decode are measured without it.
_ONE: list[Image.Image] = []


def _shared(run: Callable[[Image.Image], object]) -> Callable[[Path], object]:
    def alone(file: Path) -> object:
        if not _ONE:
            _ONE.append(_decoded(file))
        return run(_ONE[0])

    return alone


def _written(file: Path) -> None:
    data = file.with_suffix(".copy")
    data.write_bytes(_BYTES.setdefault(file, file.read_bytes()))


_BYTES: dict[Path, bytes] = {}

PRIMITIVES: dict[str, Callable[[Path], object]] = {
    "read": Path.read_bytes,
    "sha256": lambda file: hashlib.sha256(_BYTES.setdefault(file, file.read_bytes())).digest(),
    "decode": _decoded,
    "hash resize": _shared(lambda image: image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)),
    "pixel digest": _shared(lambda image: hashlib.sha256(image.tobytes()).digest()),
    "write": _written,
}


def _ours(files: list[Path], out: Path) -> None:
    with open(out, "wb") as shard:
        for file in files:
            with open(file, "rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
                opened.seek(0)
                head = opened.read(HEAD_BYTES)
                source = Source((opened,), (file.name,), (os.path.getsize(file),), head)
                for item in raster.extract(source, Options()):
                    assert digest and item.fields["phash_64"]
                    shard.write(item.payload)


def _naive(files: list[Path], out: Path, *, thumbnail: bool) -> None:
    with open(out, "wb") as shard:
        for file in files:
            data = file.read_bytes()
            assert hashlib.sha256(data).hexdigest()
            assert str(imagehash.phash(Image.open(file)))
            assert hashlib.sha256(Image.open(file).convert("RGB").tobytes()).hexdigest()
            if thumbnail:
                small = Image.open(file)
                small = small.resize((256, 144), Image.Resampling.LANCZOS)
                small.save(io.BytesIO(), "JPEG")
            shard.write(data)


def _locked(files: list[Path]) -> None:
    with Sandbox(unlocked=True) as box, box.child() as child:
        for file in files:
            about = {"names": [file.name], "sizes": [os.path.getsize(file)], "numbers": []}
            descriptor = os.open(file, os.O_RDONLY)
            try:
                for _ in child.run({"op": "extract", "options": asdict(Options()), **about}, [descriptor]):
                    pass
            finally:
                os.close(descriptor)


if __name__ == "__main__":
    main()
