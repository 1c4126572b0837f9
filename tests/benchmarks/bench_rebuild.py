"""An unchanged rebuild against the first build, and a change of rights alone.

Goals (PERFORMANCE.md): at most 2 % of the first build; a change of rights opens no file of the archive. The archive is
of JPEGs of one megapixel, so that reading and fingerprints weigh what they weigh in life; the size is printed. Commands
are measured whole, with compiled modules as an installed package has them. An unchanged build costs its start and
little else, so its share is told for this archive, beyond what the same command costs on one picture, and by the size
of the first build from which the whole command is within the goal.

    python tests/benchmarks/bench_rebuild.py [PICTURES]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from _report import report
from bench_build import _watched
from PIL import Image
from studio import Studio

PICTURES = 800
_BUILD = "import sys; from provenance.cli import main; main(sys.argv[1:])"
# A build that ends with an error as soon as it would open a file of the archive.
_CLOSED = """
import sys
from provenance.building import extraction
from provenance.cli import main
extraction.run_unit = extraction.opened = lambda *_: sys.exit("a file of the archive was opened")
main(sys.argv[1:])
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROVENANCE_HOME"] = f"{folder}/home"
        studio = _studio(Path(folder) / "studio", count)
        size = sum(file.stat().st_size for file in studio.archive.rglob("*.jpg"))
        time.sleep(2.1)  # files younger than this are read again, to be safe
        first = _built(studio)
        again = min(_built(studio) for _ in range(3))
        studio.records[0]["notes"] = "seen again"
        rights = _built(studio, _CLOSED)
        alone = _studio(Path(folder) / "alone", 1)
        time.sleep(2.1)
        single = _built(alone), min(_built(alone) for _ in range(3))
    print(f"{count} pictures, {size / 1e6:.0f} MB: first build {first[0]:.1f} CPU-s, {first[1]:.1f} s")
    print(f"unchanged {again[0]:.2f} CPU-s, {again[1]:.2f} s; rights alone {rights[0]:.2f} CPU-s, {rights[1]:.2f} s")
    print(f"of one picture: first build {single[0][0]:.2f} CPU-s, unchanged {single[1][0]:.2f} CPU-s")
    whole = again[0] / first[0] * 100
    report("unchanged rebuild / first build, whole commands", whole, 2, at_least=False, unit=" %",
           detail=f"reached from a first build of {again[0] / 0.02:.0f} CPU-s on")  # fmt: skip
    more = max(0.0, again[0] - single[1][0]) / (first[0] - single[0][0]) * 100
    report("unchanged rebuild / first build, CPU beyond one picture's", more, 2, at_least=False, unit=" %")
    print("a change of rights alone opened no file of the archive: the build would have ended with an error")


def _studio(home: Path, count: int) -> Studio:
    """Pictures with grain, 1152 x 864, no two alike: what a join of many that are is another benchmark's to tell."""
    studio, draw = Studio(home), np.random.default_rng(11)
    grain = draw.normal(0, 6, (864, 1152, 1))
    for number in range(count):
        soft = Image.fromarray(draw.integers(40, 216, (12, 16, 3), np.uint8)).resize(
            (1152, 864), Image.Resampling.BICUBIC
        )
        picture = Image.fromarray((np.asarray(soft) + np.roll(grain, number * 31, 0)).clip(0, 255).astype(np.uint8))
        picture.save(studio.add(f"art/{number:05}.jpg", b""), quality=90)
    for number in range(20):
        studio.record(f"art/{number:03}*")
    return studio


def _built(studio: Studio, program: str = _BUILD) -> tuple[float, float]:
    options = ["--rights", str(studio.write_register()), "--out", str(studio.dataset), "--workers", "1"]
    return _watched([sys.executable, "-c", program, "build", str(studio.archive), *options])


if __name__ == "__main__":
    main()
