"""T05: a file that changes while it is read, with its mtime put back, or another file under the same name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.archive.hashing import hash_file
from provenance.archive.opening import opened
from provenance.archive.walk import open_root, walk
from provenance.model.errors import Quarantined
from provenance.model.words import Cause


def rewritten_with_its_mtime_put_back(path: Path) -> None:
    state = os.stat(path)
    with path.open("r+b") as file:
        file.write(b"EVIL!")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrunk(path: Path) -> None:
    os.truncate(path, 2)


def rewritten_through_a_hard_link(path: Path) -> None:
    twin = path.with_name("twin")
    os.link(path, twin)
    twin.write_bytes(b"EVIL!")
    twin.unlink()


@pytest.mark.parametrize(
    "change",
    [rewritten_with_its_mtime_put_back, grown, shrunk, rewritten_through_a_hard_link],
    ids=lambda f: f.__name__,
)
def test_a_change_under_the_reader_is_noticed(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"clean")
    root = open_root(tmp_path)
    with pytest.raises(Quarantined) as caught, opened(root, b"file") as file:
        hash_file(file.descriptor)
        change(path)
    assert caught.value.cause is Cause.CHANGED


def test_another_file_moved_over_the_name_does_not_disturb_what_was_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"clean")
    (tmp_path / "other").write_bytes(b"EVIL!")
    root = open_root(tmp_path)
    # The descriptor holds the first file; that its last name went away is a change of its state, and told.
    with pytest.raises(Quarantined) as caught, opened(root, b"file") as file:
        os.replace(tmp_path / "other", tmp_path / "file")
        assert os.pread(file.descriptor, 9, 0) == b"clean"
    assert caught.value.cause is Cause.CHANGED


def test_a_file_swapped_between_the_walk_and_the_opening_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"clean")
    (tmp_path / "twin").write_bytes(b"EVIL!")
    root = open_root(tmp_path)
    seen = next(iter(walk(root)))
    state = os.stat(tmp_path / "file")
    os.utime(tmp_path / "twin", ns=(state.st_atime_ns, state.st_mtime_ns))
    os.replace(tmp_path / "twin", tmp_path / "file")
    with pytest.raises(Quarantined) as caught, opened(root, b"file", seen.identity):
        pass
    assert caught.value.cause is Cause.CHANGED
