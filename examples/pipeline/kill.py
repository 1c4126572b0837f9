"""Start a build, kill it with SIGKILL as soon as it remembers a finished unit of work, and say what it left.

python examples/pipeline/kill.py ARCHIVE REGISTER DATASET
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path


def kill(archive: str, register: str, dataset: str) -> None:
    """Leave a build of `archive` killed in the middle."""
    command = [sys.executable, "-m", "provenance", "build", archive, "--rights", register, "--out", dataset]
    build = subprocess.Popen([*command, "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = finished()
    while build.poll() is None and finished() == before:
        time.sleep(0.005)
    build.send_signal(signal.SIGKILL)
    build.wait()
    versions = len(list(Path(dataset).glob("versions/*.json")))
    print(f"killed in the middle of its work; versions in the dataset: {versions}")


def finished() -> int:
    """Return how many finished units the builds of this machine remember, that are not committed."""
    count = 0
    for memory in Path(os.environ["PROVENANCE_HOME"]).glob("builds/*.sqlite"):
        with contextlib.suppress(sqlite3.Error):
            base = sqlite3.connect(memory)
            count += base.execute("select count(*) from finished").fetchone()[0]
            base.close()
    return count


if __name__ == "__main__":
    kill(*sys.argv[1:])
