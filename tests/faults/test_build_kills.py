"""Builds that are killed, interrupted, or started twice: the old head or the new one, and nobody left running."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shaken_builds import children
from studio import SCRIPT, Studio, picture

from provenance import build as building
from provenance import rightsdesk
from provenance.dataset.store import Store
from provenance.model.errors import MissingError
from provenance.verify import verify

HERE = Path(__file__).resolve().parent


@pytest.fixture
def quick_place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a build of tiny files on a shared disk mostly waits for its fsync."""
    if os.access("/dev/shm", os.W_OK):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
            yield Path(place)
    else:
        yield tmp_path


def shaken(place: Path, kills: int, seed: int) -> None:
    command = [sys.executable, str(HERE / "shaken_builds.py"), str(place), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for part in (found["first"], found["second"]):
        assert part["between"] == []
        assert part["sound"]
    assert found["first"]["killed"] + found["second"]["killed"] == kills
    assert found["orphans"] == []


def test_a_hundred_builds_killed_at_random_moments_leave_what_an_undisturbed_one_leaves(quick_place: Path) -> None:
    shaken(quick_place, 100, seed=20261123)


@pytest.mark.on_demand
def test_ten_thousand_builds_killed_at_random_moments_leave_what_an_undisturbed_one_leaves(quick_place: Path) -> None:
    shaken(quick_place, 10_000, seed=int(time.time()))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A studio with enough to do for two workers, built undisturbed."""
    studio = busy(tmp_path_factory.mktemp("calm"))
    studio.build(workers=2)
    return studio


def busy(home: Path) -> Studio:
    studio = Studio(home)
    for number in range(60):
        studio.add(f"art/{number:03}.png", picture(number, (320, 200)))
    studio.add("s.fountain", SCRIPT.encode())
    studio.record("**")
    return studio


def command(studio: Studio) -> list[str]:
    told = [str(studio.archive), "--rights", str(studio.write_register()), "--out", str(studio.dataset)]
    return [sys.executable, "-m", "provenance", "build", *told, "--workers", "2"]


def below(parent: int) -> set[int]:
    found = set(children(parent))
    return found.union(*map(below, found)) if found else found


def alive(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(pid)
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_build_that_is_told_to_stop_stops_with_all_its_processes_and_can_be_resumed(
    tmp_path: Path, calm: Studio, number: int, code: int
) -> None:
    studio = busy(tmp_path)
    build = subprocess.Popen(
        command(studio),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell inherit an ignored SIGINT; a person's terminal gives none.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while build.poll() is None and not list(studio.dataset.glob("work/*.arrow")):
        time.sleep(0.005)
    crew = below(build.pid)
    build.send_signal(number)
    _, told = build.communicate(timeout=60)
    assert build.returncode == code, told
    if number != signal.SIGKILL:
        assert told.strip().count("\n") == 0
        assert "Run the same command to go on" in told
    assert crew
    deadline = time.monotonic() + 10
    while alive(crew) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(crew) == set()
    assert Store(studio.dataset).numbers("versions") == []
    studio.build(workers=1)
    assert studio.objects() == calm.objects()


def test_the_same_build_twice_at_once_has_one_winner_and_no_damage(tmp_path: Path, calm: Studio) -> None:
    studio = busy(tmp_path)
    both = [
        subprocess.Popen(command(studio), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [build.communicate(timeout=300) for build in both]
    codes = sorted(build.returncode for build in both)
    assert codes in ([0, 0], [0, 40]), told
    assert not any("Traceback" in words for pair in told for words in pair)
    assert Store(studio.dataset).numbers("versions") == [1]
    assert studio.build().changed is False
    assert studio.objects() == calm.objects()
    assert verify(studio.dataset).sound


def test_a_build_cut_off_between_its_rights_key_and_its_first_ledger_entry_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.record("**")

    def cut_off(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(rightsdesk.chains, "append_entry", cut_off)
        studio.build()
    assert (studio.dataset / "keys/rights").is_dir()
    assert not (studio.dataset / "ledger").exists()
    assert studio.build().version == 1
    assert studio.verdicts()["a.png"].decision == "cleared"


def test_what_a_build_left_that_was_cut_off_before_its_first_version_says_to_build_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.record("**")

    def cut_off(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(building, "commit_version", cut_off)
        studio.build()
    with pytest.raises(MissingError, match="run the build again"):
        studio.admit()
    assert studio.build().version == 1
