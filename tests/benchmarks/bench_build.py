"""Art, JPEG 1080p, through a whole build: walk, hashes, locked child, fingerprints, rights, shard, index, commit.

Goals (PERFORMANCE.md): at least 0.75 of the sum of the primitives it needs, each measured alone in the same run, and at
least twice the naive loop. Naive loop and pictures are those of bench_art, and so are the primitives, to which come PDQ
and the corners by which crops are found: the naive loop does neither. CPU seconds of one more picture: the cost of a
build of many less that of a build of few, since the start of an interpreter and of a sandbox is paid once. Processes
are counted by /proc, children of the sandbox included.

    python tests/benchmarks/bench_build.py [PICTURES]
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _report import best, report
from bench_art import PRIMITIVES, _drawn, _naive, _shared
from studio import Studio

from provenance.fingerprint import local, pdq

PICTURES, FEW = 40, 8
_LIKENESS = {
    "PDQ": _shared(lambda image: pdq.of_samples(pdq.samples(pdq.luma(image)))),
    "corners": _shared(lambda image: local.features(pdq.luma(image))),
}
_TICKS = os.sysconf("SC_CLK_TCK")
_BUILD = "import sys; from provenance.cli import main; main(sys.argv[1:])"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROVENANCE_HOME"] = f"{folder}/home"
        drawn = Path(folder) / "drawn"
        drawn.mkdir()
        files, needs = _drawn(drawn, count), PRIMITIVES | _LIKENESS
        parts = {name: best(lambda run=run: [run(file) for file in files]).cpu for name, run in needs.items()}
        naive = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=True)).cpu / count
        bare = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=False)).cpu / count
        few, many = (_built(Path(folder) / f"of{size}", files[:size]) for size in (FEW, count))
    ours = (many[0] - few[0]) / (count - FEW)
    needed = sum(parts.values()) / count
    plain = sum(parts[name] for name in PRIMITIVES) / count
    print(f"milliseconds of CPU a picture: {', '.join(f'{name} {s / count * 1000:.1f}' for name, s in parts.items())}")
    print(f"one more picture in a build: {ours * 1000:.1f} ms of CPU")
    print(f"a build of {FEW} pictures, starts included: {few[0]:.1f} CPU-s, {few[1]:.1f} s")
    report("a picture through the build, against its primitives", needed / ours, 0.75, at_least=True)
    print(f"a picture through the build, against its primitives without PDQ and corners: {plain / ours:.3g}x")
    report("a picture through the build, against the naive loop with a thumbnail", naive / ours, 2, at_least=True)
    print(f"a picture through the build, against the naive loop without one: {bare / ours:.3g}x")


def _built(home: Path, files: list[Path]) -> tuple[float, float]:
    """Return CPU and wall seconds of the cheapest of three builds of these files under a register."""
    found = []
    for attempt in range(3):
        studio = Studio(home / str(attempt))
        for file in files:
            studio.add(f"art/{file.name}", file.read_bytes())
        for number in range(50):
            studio.record(f"art/{number:02}*")
        options = ["--rights", str(studio.write_register()), "--out", str(studio.dataset), "--workers", "1"]
        found.append(_watched([sys.executable, "-c", _BUILD, "build", str(studio.archive), *options]))
    return min(found)


def _watched(command: list[str]) -> tuple[float, float]:
    """Run a command and return the CPU seconds of it and all below it, looked up until they end, and wall seconds."""
    seen: dict[int, float] = {}
    began = time.perf_counter()
    # With compiled modules, as an installed package has them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            _spent(process.pid, seen)

    watcher = threading.Thread(target=look)
    watcher.start()
    code = process.wait()
    over.set()
    watcher.join()
    assert code == 0, code
    return sum(seen.values()), time.perf_counter() - began


def _spent(root: int, seen: dict[int, float]) -> None:
    """Note the CPU seconds that each process below `root` has used itself."""
    family, parents = {root}, dict[int, int]()
    spent: dict[int, float] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                told = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                parents[int(entry)], spent[int(entry)] = int(told[1]), (int(told[11]) + int(told[12])) / _TICKS
    grew = True
    while grew:
        below = {pid for pid, parent in parents.items() if parent in family}
        grew, family = not below <= family, family | below
    for pid in family & set(spent):
        seen[pid] = max(seen.get(pid, 0.0), spent[pid])


if __name__ == "__main__":
    main()
