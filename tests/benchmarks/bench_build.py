"""Art, JPEG 1080p, through a whole build: walk, hashes, locked child, fingerprints, rights, shard, index, commit.

Goals (PERFORMANCE.md): at least 0.75 of the sum of the primitives it needs, each measured alone in the same run; at
least twice the naive loop; and fewer CPU-seconds a picture than img2dataset. Naive loop and pictures are those of
bench_art, and so are the primitives, to which come PDQ and the corners by which crops are found: the naive loop does
neither. CPU seconds of one more picture: the cost of a build of many less that of a build of few, since interpreter,
sandbox and join are started once; the few are as many as the join needs to start whole. Each is the cheapest of five
builds, the two taken in turn: one start costs more than the next by what several pictures cost.

No shard has a thumbnail: a report draws its own from the payload, of the few items that it shows, and a dataset that is
read by offset has nothing to gain from a second, smaller copy of every picture. The naive loop is shown with one, as
the goal is worded, and without.

img2dataset wants packages older than ours, so `--img2dataset` makes an environment of its own for it. It reads the same
files by file: URLs, hashes them with SHA-256 and writes Parquet: once with their own bytes, as we keep them, and once
as people use it, made smaller. Without the option its side is left out by name.

    python tests/benchmarks/bench_build.py [PICTURES] [--img2dataset]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _report import best, report
from bench_art import PRIMITIVES, _drawn, _naive, _shared
from studio import Studio

from provenance.fingerprint import local, pdq

PICTURES, FEW, TURNS = 120, 24, 5
_LIKENESS = {
    "PDQ": _shared(lambda image: pdq.of_samples(pdq.samples(pdq.luma(image)))),
    "corners": _shared(lambda image: local.features(pdq.luma(image))),
}
_BUILD = "import sys; from provenance.cli import main; main(sys.argv[1:])"


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    count = numbers[0] if numbers else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROVENANCE_HOME"] = f"{folder}/home"
        drawn = Path(folder) / "drawn"
        drawn.mkdir()
        files, needs = _drawn(drawn, count), PRIMITIVES | _LIKENESS
        parts = {name: best(lambda run=run: [run(file) for file in files]).cpu for name, run in needs.items()}
        naive = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=True)).cpu / count
        bare = best(lambda: _naive(files, Path(folder) / "naive", thumbnail=False)).cpu / count
        turns = [
            [_built(Path(folder) / f"of{size}-{turn}", files[:size]) for size in (FEW, count)] for turn in range(TURNS)
        ]
        few, many = map(min, zip(*turns, strict=True))
        peers = _img2dataset(Path(folder), files) if "--img2dataset" in sys.argv else {}
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
    for what, theirs in peers.items():
        report(f"a picture through img2dataset, {what}, against ours", theirs / ours, 1, at_least=True,
               detail=f"{theirs * 1000:.1f} ms of CPU")  # fmt: skip
    if not peers:
        print("img2dataset: not compared; --img2dataset installs it in an environment of its own and does")


def _built(home: Path, files: list[Path]) -> tuple[float, float]:
    """Return CPU and wall seconds of a build of these files under a register."""
    studio = Studio(home)
    for file in files:
        studio.add(f"art/{file.name}", file.read_bytes())
    for number in range(50):
        studio.record(f"art/{number:02}*")
    options = ["--rights", str(studio.write_register()), "--out", str(studio.dataset), "--workers", "1"]
    spent = _watched([sys.executable, "-c", _BUILD, "build", str(studio.archive), *options])
    shutil.rmtree(home)
    return spent


def _img2dataset(folder: Path, files: list[Path]) -> dict[str, float]:
    """Return img2dataset's CPU seconds of one more picture, by what it was asked for."""
    place = folder / "img2dataset"
    venv.create(place, with_pip=True)
    subprocess.run([place / "bin/python", "-m", "pip", "install", "-qqq", "img2dataset", "setuptools<80"], check=True)
    asked = {
        "own bytes": ["--resize_mode=no", "--disable_all_reencoding=True"],
        "512 pixels": ["--resize_mode=keep_ratio", "--image_size=512"],
    }
    found = {}
    for what, options in asked.items():
        spent = []
        for size in (FEW, len(files)):
            urls = folder / "urls.txt"
            urls.write_text("".join(f"file://{file}\n" for file in files[:size]))
            command = [str(place / "bin/img2dataset"), f"--url_list={urls}", "--output_format=parquet", *options]
            command += ["--processes_count=1", "--thread_count=1", "--compute_hash=sha256", "--retries=0"]
            runs = []
            for attempt in range(3):
                out = folder / f"{what}-{size}-{attempt}"
                runs.append(_watched([*command, f"--output_folder={out}"], hushed=True)[0])
                kept = sum(json.loads(told.read_text())["successes"] for told in out.glob("*_stats.json"))
                assert kept == size, (kept, size)
            spent.append(min(runs))
        found[what] = (spent[1] - spent[0]) / (len(files) - FEW)
    return found


def _watched(command: list[str], *, hushed: bool = False) -> tuple[float, float]:
    """Run a command and return the CPU seconds of it and all below it that was waited for, and wall seconds."""
    began = time.perf_counter()
    # With compiled modules, as an installed package has them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    stderr = subprocess.DEVNULL if hushed else None
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


if __name__ == "__main__":
    main()
