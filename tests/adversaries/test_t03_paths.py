"""T03: ways out of the archive: links, `..`, links put in place between the walk and the opening, pipes, devices."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from provenance.archive import opening
from provenance.archive.opening import open_beneath
from provenance.archive.walk import open_root, walk
from provenance.model.errors import Quarantined
from provenance.model.words import Cause


@pytest.fixture(params=["openat2", "steps"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "steps":
        monkeypatch.setattr(opening, "_openat2", lambda root, path: None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "archive/in").mkdir(parents=True)
    (tmp_path / "archive/in/file").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_bytes(b"secret")
    return tmp_path


def cause(root: int, path: bytes) -> Cause:
    with pytest.raises(Quarantined) as caught:
        open_beneath(root, path)
    return caught.value.cause


@pytest.mark.parametrize("target", ["../../outside/file", "file", "/proc/self/environ", "nowhere", "link"])
def test_a_link_is_never_opened_wherever_it_points(place: Path, target: str) -> None:
    os.symlink(target, place / "archive/in/link")
    assert cause(open_root(place / "archive"), b"in/link") is Cause.NOT_REGULAR


def test_a_link_in_the_middle_of_the_path_is_not_followed(place: Path) -> None:
    os.symlink(place / "outside", place / "archive/door")
    assert cause(open_root(place / "archive"), b"door/file") is Cause.NOT_REGULAR


def test_a_folder_swapped_for_a_link_after_the_walk_is_not_followed(place: Path) -> None:
    root = open_root(place / "archive")
    (found,) = walk(root)
    (place / "archive/in").rename(place / "archive/was")
    os.symlink(place / "outside", place / "archive/in")
    assert cause(root, found.path) is Cause.NOT_REGULAR


def test_a_folder_swapped_for_a_link_during_the_walk_is_not_entered(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def swapping(path: object, flags: int, *rest: object, **named: object) -> int:
        if path == b"in":
            (place / "archive/in").rename(place / "was")
            os.symlink(place / "outside", place / "archive/in")
        return real(path, flags, *rest, **named)  # type: ignore[arg-type]

    root = open_root(place / "archive")
    monkeypatch.setattr(os, "open", swapping)
    assert [(found.path, found.problem) for found in walk(root)] == [(b"in", Cause.NOT_REGULAR)]


def test_a_pipe_in_the_place_of_a_file_does_not_hang_the_reader(place: Path) -> None:
    root = open_root(place / "archive")
    (place / "archive/in/file").unlink()
    os.mkfifo(place / "archive/in/file")
    answer: list[Cause] = []
    reader = threading.Thread(target=lambda: answer.append(cause(root, b"in/file")), daemon=True)
    reader.start()
    reader.join(timeout=20)
    assert answer == [Cause.NOT_REGULAR]


def test_a_device_in_the_place_of_a_file_is_refused(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    try:
        os.mknod(place / "archive/in/zero", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("no devices in this container")
    with pytest.raises(Quarantined):  # NOT_REGULAR, or UNREADABLE where the mount forbids devices
        open_beneath(open_root(place / "archive"), b"in/zero")


def test_a_hard_link_is_read_as_the_file_that_it_is_and_told(place: Path) -> None:
    os.link(place / "outside/file", place / "archive/in/twin")
    root = open_root(place / "archive")
    assert {found.path: found.links for found in walk(root)} == {b"in/file": 1, b"in/twin": 2}
    descriptor = open_beneath(root, b"in/twin")
    assert os.read(descriptor, 9) == b"secret"
    os.close(descriptor)
