"""The walk against os.walk + stat, and its memory on many files.

python tests/benchmarks/bench_walk.py [FILES]      default 100,000; the house figure is 1,000,000
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from _report import best, report

from provenance.archive.sequences import assets
from provenance.archive.walk import open_root, walk

WIDE, MEMORY_MIB = 1000, 100


def make(root: Path, files: int) -> None:
    """Half of the files in folders of a thousand, half in one folder: the two shapes that differ."""
    for number in range(files // 2):
        folder = root / f"{number // WIDE:05}"
        if number % WIDE == 0:
            folder.mkdir()
        os.close(os.open(folder / f"panel {number:07}.png", os.O_CREAT | os.O_WRONLY))
    (root / "one").mkdir()
    for number in range(files - files // 2):
        os.close(os.open(root / "one" / f"panel {number:07}.png", os.O_CREAT | os.O_WRONLY))


def plain(root: Path) -> int:
    """What anybody would write: os.walk, sorted within each folder, one lstat a file."""
    count = 0
    for folder, folders, names in os.walk(os.fsencode(root)):
        folders.sort()
        for name in sorted(names):
            os.lstat(os.path.join(folder, name))
            count += 1
    return count


def ours(root: Path) -> int:
    descriptor = open_root(root)
    count = sum(1 for _ in assets(walk(descriptor)))
    os.close(descriptor)
    return count


def memory(root: Path) -> float:
    """MiB that a fresh process needs for the walk, above what it has after its imports.

    VmHWM, because ru_maxrss begins with that of the parent.
    """
    code = (
        "import re, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from bench_walk import ours;"
        "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024;"
        "before = peak(); ours(Path(sys.argv[2])); print(peak() - before)"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(root)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    root = Path(tempfile.mkdtemp(prefix="bench-walk-"))
    try:
        make(root, files)
        assert ours(root) == plain(root) == files
        theirs, own = best(lambda: plain(root), 2), best(lambda: ours(root), 2)
        detail = f"{files} files: {own.cpu:.2f} CPU-s, os.walk + lstat {theirs.cpu:.2f} CPU-s"
        reached = report(
            "walk, grouped into assets, of os.walk + lstat", own.cpu / theirs.cpu, 3, at_least=False, detail=detail
        )
        reached &= report(
            "memory of the walk", memory(root), MEMORY_MIB, at_least=False, unit=" MiB", detail=f"{files} files"
        )
    finally:
        shutil.rmtree(root)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
