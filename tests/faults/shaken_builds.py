"""Kill builds with SIGKILL at random moments, go on until one gets to its end, and compare with an undisturbed one.

    python tests/faults/shaken_builds.py FOLDER KILLS SEED

Each build is a fork of this warm process and reads through this process's sandbox, so that a kill costs a tenth of a
second and not the start of an interpreter. The builds are real: files, memory, locks, and the signal. Prints JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas  # noqa: F401 - pyarrow would import it in each build, for longer than the build takes
from studio import SCRIPT, Studio, picture

from provenance.building import extraction, shards
from provenance.dataset.store import TEMPS, Store
from provenance.sandbox import Sandbox
from provenance.verify import verify

FILES = range(14)  # three units of work, by the hashes of their names


class Shaker:
    """A studio whose builds are killed. first: dataset and memory as they are before the build that is shaken."""

    def __init__(self, home: Path, box: Sandbox) -> None:
        self.home = home
        os.environ["PROVENANCE_HOME"] = str(home / "keys")
        self.studio = Studio(home)
        for number in FILES:
            self.studio.add(f"art/{number:03}.png", picture(number, (24, 16)))
        self.studio.add("s.fountain", SCRIPT.encode())
        self.studio.add("broken.png", picture(41)[:70])
        self.studio.record("**")

        class Borrowed:
            """This process's sandbox, in the place of one that each build would start."""

            def __init__(self, *_: object, **__: object) -> None: ...
            def __enter__(self) -> Borrowed:
                return self

            def __exit__(self, *_: object) -> None: ...
            def child(self) -> Any:
                return box.child()

        extraction.Sandbox = Borrowed  # type: ignore[assignment,misc]

    def forked(self) -> int:
        """Start one build and return its process id."""
        pid = os.fork()
        if pid:
            return pid
        try:
            self.studio.build()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    def keep(self) -> None:
        """Remember dataset and memory as they are now, to begin from again."""
        for name in ("dataset", "keys"):
            if (self.home / name).exists():
                shutil.copytree(self.home / name, self.home / "kept" / name)

    def begin_again(self) -> None:
        for name in ("dataset", "keys"):
            shutil.rmtree(self.home / name, ignore_errors=True)
            if (self.home / "kept" / name).exists():
                shutil.copytree(self.home / "kept" / name, self.home / name)

    def calm(self) -> tuple[dict[str, str], float]:
        """Build once, undisturbed; return what it committed, and how long it took."""
        self.begin_again()
        began = time.monotonic()
        assert os.waitpid(self.forked(), 0)[1] == 0
        return self.studio.objects(), time.monotonic() - began

    def shake(self, kills: int, chance: random.Random, version: int) -> dict[str, Any]:
        """Kill that many builds; after each, the old head or the new; at each end, the calm build's bytes."""
        expected, lasts = self.calm()
        killed, ends, between = 0, 0, list[str]()
        while killed < kills:
            self.begin_again()
            while True:
                pid = self.forked()
                time.sleep(chance.uniform(0, 1.1 * lasts))
                os.kill(pid, signal.SIGKILL)
                state = os.waitpid(pid, 0)[1]
                if not os.WIFSIGNALED(state):
                    assert state == 0, f"a build ended with {state}"
                    break
                killed += 1
                numbers = Store(self.studio.dataset).numbers("versions") if self.studio.dataset.exists() else []
                if numbers not in (list(range(1, version)), list(range(1, version + 1))):
                    between.append(f"versions {numbers}")
                if numbers and killed % 10 == 0:
                    found = verify(self.studio.dataset)
                    between += [str(each) for each in found.problems if each.problem != "extra"]
                if killed >= kills:
                    assert os.waitpid(self.forked(), 0)[1] == 0
                    break
            ends += 1
            if self.studio.objects() != expected:
                between.append("another dataset than an undisturbed build's")
            between += [f"left behind: {name}" for name in left(self.studio.dataset)]
        sound = verify(self.studio.dataset).sound
        return {"killed": killed, "ends": ends, "between": between[:5], "sound": sound, "lasts": round(lasts, 2)}


def left(dataset: Path) -> Iterator[str]:
    store = Store(dataset)
    for folder in (TEMPS, shards.WORK):
        yield from (f"{folder}/{name}" for name in store.names(folder))


def orphans(spared: int) -> list[int]:
    """Return the processes below this one, other than the warm one, that are still there after five seconds."""
    deadline = time.monotonic() + 5
    while True:
        found = [pid for parent in (os.getpid(), spared) for pid in children(parent) if pid != spared]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def children(parent: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            if entry.isdigit() and int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry))
    return found


def main(home: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with Sandbox("provenance.inside:run") as box:
        (warm,) = children(os.getpid())
        shaker = Shaker(home, box)
        first = shaker.shake(kills // 2, chance, version=1)
        shaker.calm()
        time.sleep(2.1)  # files as young as these are hashed again; let the second build meet its memory
        assert os.waitpid(shaker.forked(), 0)[1] == 0
        shaker.keep()
        shaker.studio.add("art/005.png", picture(99, (24, 16)))
        shaker.studio.add("art/0055.png", picture(98, (24, 16)))
        (shaker.studio.archive / "art/010.png").unlink()
        shaker.studio.add("broken.png", picture(41))
        second = shaker.shake(kills - kills // 2, chance, version=2)
        print(json.dumps({"first": first, "second": second, "orphans": orphans(warm)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
