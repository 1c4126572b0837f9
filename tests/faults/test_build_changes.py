"""An archive that does not hold still: files that change, grow, shrink, go or are swapped while a build reads them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance.building import extraction
from provenance.building.assets import Readings
from provenance.building.report import BuildReport
from provenance.building.units import Planned
from provenance.explain import explain
from provenance.verify import verify

VICTIM = "art/1.png"


def rewritten(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-20] ^= 0xFF
    state = file.stat()
    file.write_bytes(data)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def grown(file: Path) -> None:
    with file.open("ab") as handle:
        handle.write(b"more")


def shrunk(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 30)


def swapped(file: Path) -> None:
    file.with_suffix(".new").write_bytes(picture(77))
    os.replace(file.with_suffix(".new"), file)


def vanished(file: Path) -> None:
    file.unlink(missing_ok=True)


def studio_of_three(home: Path) -> Studio:
    studio = Studio(home)
    for number in range(3):
        studio.add(f"art/{number}.png", picture(number))
    studio.record("**")
    return studio


def built(studio: Studio, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], times: int) -> BuildReport:
    """Build while `change` strikes the victim after it was hashed and before it is decoded, that many times."""
    struck, plain = [0], extraction._read

    def read(root: int, planned: Planned) -> Readings:
        readings = plain(root, planned)
        if planned.asset.path == VICTIM.encode() and struck[0] < times:
            struck[0] += 1
            change(studio.archive / VICTIM)
        return readings

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "_read", read)
        return studio.build()


@pytest.mark.parametrize("change", [rewritten, grown, shrunk, swapped, vanished], ids=lambda change: change.__name__)
def test_a_file_that_changes_each_time_it_is_read_goes_to_quarantine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    studio = studio_of_three(tmp_path)
    report = built(studio, monkeypatch, change, times=99)
    assert dict(report.files) == {"items": 2, "quarantine": 1}
    ((asset, cause, _),) = report.quarantined
    assert asset == VICTIM
    assert cause == ("unreadable" if change is vanished else "changed")
    assert verify(studio.dataset, deep=True).sound


def test_a_file_that_changes_once_is_read_again_and_comes_in_as_it_is_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = studio_of_three(tmp_path)
    report = built(studio, monkeypatch, swapped, times=1)
    assert dict(report.files) == {"items": 3}
    told = explain(studio.dataset, VICTIM, studio.policy())
    assert told.asset["sha256"] == hashlib.sha256(picture(77)).hexdigest()


def test_an_archive_that_vanishes_under_a_build_leaves_a_named_cause_for_each_file_and_can_be_built_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, away = studio_of_three(tmp_path), tmp_path / "away"
    report = built(studio, monkeypatch, lambda file: shutil.move(file.parent, away), times=1)
    assert dict(report.files) == {"quarantine": 3}
    assert set(report.causes) == {"unreadable"}
    shutil.move(away, studio.archive / "art")
    assert dict(studio.build().files) == {"items": 3}


def test_what_was_in_quarantine_because_it_changed_comes_in_when_it_holds_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = studio_of_three(tmp_path)
    built(studio, monkeypatch, grown, times=99)
    (studio.archive / VICTIM).write_bytes(picture(1))
    report = studio.build()
    assert dict(report.files) == {"items": 3}
    assert verify(studio.dataset).sound
