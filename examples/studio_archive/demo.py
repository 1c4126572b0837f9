"""The main job on a small studio archive: draw it, build it, verify it, and say what is in, what is out and why.

    python examples/studio_archive/demo.py FOLDER

Everything stays in FOLDER: the archive, its register, the dataset, and the keys that sign it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from draw import draw

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


def run(*words: str, expect: int = 0) -> None:
    """Show a command and run it; a code other than the expected one ends the demonstration."""
    print(f"\n$ provenance {' '.join(words)}", flush=True)
    code = subprocess.run([sys.executable, "-m", "provenance", *words]).returncode
    if code != expect:
        raise SystemExit(f"expected exit code {expect}, got {code}")


def main(folder: str) -> None:
    place = Path(folder)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    os.environ["PROVENANCE_HOME"] = str(place / "home")
    print(f"drawing a small studio archive in {place}/archive ...")
    draw(place)
    dataset, register = str(place / "dataset"), str(place / "rights" / "register.csv")
    # Exit code 10: one file of the archive is damaged on purpose, and is in quarantine.
    run("build", str(place / "archive"), "--rights", register, "--out", dataset, expect=10)
    run("admit", dataset, *ASK, "--list")
    run("verify", dataset)
    print(
        f"""
Where to look next:
  provenance explain {dataset} PATH --use ai_generative_training ...   why one file is in or out
  {dataset}/README.md                                                  the dataset card
  manifests/FORMAT.md                                                  every field of every table
  examples/                                                            stories to follow"""
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python demo.py FOLDER")
    main(sys.argv[1])
