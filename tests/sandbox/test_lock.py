"""What this machine can lock with, what the older ones can, and what is said where none can be had."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provenance.sandbox import Limits, Sandbox, lock

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not lock.status().locks, reason=str(lock.status()))

SCRIPT = f"""
import json, sys
sys.path.insert(0, {str(HERE)!r})
from provenance.model.errors import ProvenanceError
from provenance.sandbox import Sandbox, lock
told = {{"status": str(lock.status())}}
try:
    with Sandbox("sandbox_entries:touch", unlocked="--unlocked" in sys.argv) as sandbox, sandbox.child() as child:
        ((header, body),) = child.run({{"path": {str(HERE / "sandbox_entries.py")!r}}})
        told["opened"] = header["opened"]
except ProvenanceError as error:
    told |= {{"error": str(error), "exit": error.exit_code}}
print(json.dumps(told))
"""


def on_a_kernel(*lacks: str, unlocked: bool = False) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "old_kernel.py"), *lacks, "--", "-c", SCRIPT]
    done = subprocess.run([*command, *(["--unlocked"] if unlocked else [])], capture_output=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_lock_names_what_it_is_made_of() -> None:
    can = lock.status()
    assert str(can) == (f"seccomp + Landlock ABI {can.landlock}" if can.landlock else str(lock.Status(True, 0)))
    assert str(lock.Status(True, 7)) == "seccomp + Landlock ABI 7"
    assert str(lock.Status(True, 0)) == "seccomp (this kernel has no Landlock)"
    assert "no lock" in str(lock.Status(False, 7)) and not lock.Status(False, 7).locks


def test_a_kernel_without_landlock_still_locks_every_door() -> None:
    told = on_a_kernel("no-landlock")
    assert told == {"status": "seccomp (this kernel has no Landlock)", "opened": []}


def test_a_kernel_without_seccomp_is_refused_with_the_next_step() -> None:
    told = on_a_kernel("no-seccomp")
    assert told["exit"] == 50
    assert told["status"].startswith("no lock") and told["error"].startswith(told["status"])
    assert "--unlocked" in told["error"]


def test_unlocked_goes_on_where_no_lock_can_be_had_and_uses_what_there_is() -> None:
    # Landlock alone still closes the files; the other doors are what the person has accepted.
    files = [] if lock.status().landlock else ["file"]
    assert on_a_kernel("no-seccomp", unlocked=True)["opened"] == [*files, "socket", "process"]
    assert on_a_kernel("no-seccomp", "no-landlock", unlocked=True)["opened"] == ["file", "socket", "process"]


def test_unlocked_does_not_unlock_where_a_lock_can_be_had() -> None:
    assert on_a_kernel(unlocked=True)["opened"] == []


@pytest.mark.parametrize("kernel", ["seccomp-refused", "seccomp-forgotten"])
def test_a_lock_that_is_promised_but_does_not_close_reads_no_file(kernel: str) -> None:
    """Refused: the kernel says no when it matters. Forgotten: it says yes and does nothing."""
    told = on_a_kernel(kernel)
    assert told["exit"] == 50
    assert "could not be locked" in told["error"] and "opened" not in told


def test_a_machine_that_can_fork_no_more_says_so() -> None:
    told = on_a_kernel("no-fork")
    assert told["exit"] == 50
    assert "could not fork a reader (Resource temporarily unavailable)" in told["error"]


def test_each_limit_reaches_the_child() -> None:
    limits = Limits(memory_bytes=2_000_000_000, descriptors=40)
    with Sandbox("sandbox_entries:limits", limits) as sandbox, sandbox.child() as child:
        ((header, _body),) = child.run({})
    assert header == {
        "memory": [2_000_000_000, 2_000_000_000],
        "file size": [0, 0],
        "core": [0, 0],
        "descriptors": 40,
        "dumpable": 0,
    }


def test_the_kernel_confirms_the_lock_from_outside() -> None:
    with Sandbox("sandbox_entries:who") as sandbox, sandbox.child() as child:
        run = child.run({"sleep": 60})
        process = Path(f"/proc/{next(run)[0]['pid']}")
        lines = (process / "status").read_text().splitlines()
        first_to_go = (process / "oom_score_adj").read_text()
        run.close()
    told = dict(line.split(":\t", 1) for line in lines)
    assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
    assert [int(told[each], 16) for each in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]
    assert first_to_go == "1000\n"
