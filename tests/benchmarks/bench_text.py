"""Text fingerprints: scenes a CPU-second, beside the sketch alone and beside SHA-256 alone. No goal is set for them.

python tests/benchmarks/bench_text.py [--scenes 2000]
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "media"))  # where script_samples is

import script_samples as samples
from _report import best

from provenance.fingerprint import text
from provenance.media import fountain
from provenance.media.shelf import Options


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=2000)
    script = samples.long_script(parser.parse_args().scenes)
    scenes = [
        item.payload.decode() for item in fountain.extract(samples.source(samples.fountain(script), "a"), Options())
    ]
    scenes.pop()  # the full text
    normal = [text.normalise(scene) for scene in scenes]
    words = sum(len(scene.split()) for scene in normal) / len(normal)

    whole = best(lambda: [text.measure(scene) for scene in scenes]).cpu
    sketch = best(lambda: [text.minhash(scene) for scene in normal]).cpu
    digest = best(lambda: [hashlib.sha256(scene.encode()).digest() for scene in normal]).cpu
    print(f"text fingerprints: {len(scenes) / whole:,.0f} scenes/CPU-s, all three columns, {words:.0f} words a scene")
    print(
        f"  MinHash of normalised text alone: {len(scenes) / sketch:,.0f}; SHA-256 alone: {len(scenes) / digest:,.0f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
