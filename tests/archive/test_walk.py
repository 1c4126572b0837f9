"""The walk: order, bounds, and what it makes of things that are not files."""

from __future__ import annotations

import os
import random
import socket
import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.archive import walk as module
from provenance.archive.walk import Found, open_root, walk
from provenance.model.errors import InputError, UsageError
from provenance.model.words import Cause


def paths(root: Path, **options: object) -> list[bytes]:
    return [found.path for found in everything(root, **options)]


def everything(root: Path, **options: object) -> list[Found]:
    descriptor = open_root(root)
    try:
        return list(walk(descriptor, **options))  # type: ignore[arg-type]
    finally:
        os.close(descriptor)


def put(root: Path, name: bytes, content: bytes = b"x") -> None:
    path = os.fsencode(root) + b"/" + name
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def test_the_order_is_that_of_the_whole_path_as_bytes_and_not_folder_by_folder(tmp_path: Path) -> None:
    names = [b"a/x", b"a-b", b"a0", b"a/-/1", b"a/0", b"ab/z", b"A/z", b"b", b"\xffz", b"\xc3\xa9/1", b"a b/c"]
    for name in names:
        put(tmp_path, name)
    assert paths(tmp_path) == sorted(names)
    assert paths(tmp_path).index(b"a-b") < paths(tmp_path).index(b"a/x") < paths(tmp_path).index(b"a0")


def test_a_folder_with_more_names_than_memory_allows_is_walked_whole_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = random.Random(4)
    names = {b"/".join(b"%03d" % drawn.randrange(300) for _ in range(drawn.randrange(1, 4))) for _ in range(900)}
    names = {name for name in names if not any(other.startswith(name + b"/") for other in names)}
    for name in names:
        put(tmp_path, name)
    monkeypatch.setattr(module, "NAMES_BUDGET", 1500)  # about fifteen names a folder: many passes, much forgetting
    assert paths(tmp_path) == sorted(names)


def test_a_found_file_carries_the_identity_that_the_file_system_gives_it(tmp_path: Path) -> None:
    put(tmp_path, b"one", b"12345")
    os.link(tmp_path / "one", tmp_path / "two")
    state = os.stat(tmp_path / "one")
    one, two = everything(tmp_path)
    assert one.identity == (state.st_dev, state.st_ino, 5, state.st_mtime_ns, state.st_ctime_ns)
    assert (one.size, one.links, one.problem) == (5, 2, None)
    assert two.identity == one.identity


def test_links_pipes_and_sockets_are_told_and_never_followed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    put(outside, b"secret")
    os.symlink(outside, tmp_path / "folder-link")
    os.symlink(outside / "secret", tmp_path / "file-link")
    os.symlink(tmp_path, tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        here = os.open(tmp_path, os.O_RDONLY)
        unix.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    found = {item.path: item for item in everything(tmp_path)}
    assert {path: item.sentence for path, item in found.items()} == {
        b"folder-link": "a symbolic link, not a regular file",
        b"file-link": "a symbolic link, not a regular file",
        b"loop": "a symbolic link, not a regular file",
        b"pipe": "a pipe, not a regular file",
        b"socket": "a socket, not a regular file",
    }
    assert {item.problem for item in found.values()} == {Cause.NOT_REGULAR}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_named_and_its_neighbours_are_walked(tmp_path: Path) -> None:
    put(tmp_path, b"a/closed/file")
    put(tmp_path, b"a/open")
    (tmp_path / "a/closed").chmod(0)
    try:
        found = everything(tmp_path)
    finally:
        (tmp_path / "a/closed").chmod(stat.S_IRWXU)
    assert [(item.path, item.problem) for item in found] == [(b"a/closed/", Cause.UNREADABLE), (b"a/open", None)]


def test_a_folder_that_cannot_be_opened_or_listed_is_named_and_its_neighbours_are_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b"a/bad/file", b"a/bad-too", b"a/sick/file", b"a/well"):
        put(tmp_path, name)
    real_open, real_scan = os.open, os.scandir
    sick = os.stat(tmp_path / "a/sick").st_ino

    def failing_open(path: object, *rest: object, **named: object) -> int:
        if path == b"bad":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *rest, **named)  # type: ignore[arg-type]

    def failing_scan(at: int) -> Iterator[os.DirEntry[str]]:
        if os.fstat(at).st_ino == sick:
            raise OSError(5, "Input/output error")
        return real_scan(at)

    monkeypatch.setattr(os, "open", failing_open)
    monkeypatch.setattr(os, "scandir", failing_scan)
    assert [(item.path, item.problem, item.sentence) for item in everything(tmp_path)] == [
        (b"a/bad-too", None, ""),
        (b"a/bad/", Cause.UNREADABLE, "the folder cannot be opened: Permission denied"),
        (b"a/sick/", Cause.UNREADABLE, "the folder cannot be listed: Input/output error"),
        (b"a/well", None, ""),
    ]


def test_the_dataset_inside_the_archive_is_not_entered_under_any_of_its_names(tmp_path: Path) -> None:
    put(tmp_path, b"art/1.png")
    put(tmp_path, b"dataset/data/shard")
    os.symlink(tmp_path / "dataset", tmp_path / "other-name")
    assert paths(tmp_path, exclude=[tmp_path / "other-name"]) == [b"art/1.png", b"other-name"]
    assert paths(tmp_path, exclude=[tmp_path / "not-there-yet"]) == [b"art/1.png", b"dataset/data/shard", b"other-name"]
    with pytest.raises(UsageError, match="the same folder"):
        paths(tmp_path, exclude=[tmp_path])


def test_a_root_that_is_not_there_is_refused_in_one_sentence_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone: the archive cannot be opened: No such file or directory\. Next: name"):
        open_root(tmp_path / "gone")


def test_a_folder_moved_away_during_the_walk_is_named_and_the_walk_goes_on(tmp_path: Path) -> None:
    for name in (b"a/b/1", b"a/b/2", b"a/c", b"z"):
        put(tmp_path / "archive", name)
    descriptor = open_root(tmp_path / "archive")
    steps = walk(descriptor)
    assert next(steps).path == b"a/b/1"
    os.rename(tmp_path / "archive/a/b", tmp_path / "moved")
    rest = [(found.path, found.problem) for found in steps]
    os.close(descriptor)
    # b lies outside now; what is left in it is read through the open descriptor, and `..` out of it is not taken.
    assert rest == [(b"a/b/2", None), (b"a/c", None), (b"z", None)]


def test_a_parent_moved_away_during_the_walk_is_told_as_lost(tmp_path: Path) -> None:
    for name in (b"a/b/1", b"a/c", b"z"):
        put(tmp_path / "archive", name)
    descriptor = open_root(tmp_path / "archive")
    steps = walk(descriptor)
    assert next(steps).path == b"a/b/1"
    (tmp_path / "archive/a/b").rename(tmp_path / "moved")
    (tmp_path / "archive/a").rename(tmp_path / "archive/q")
    rest = [(found.path, found.problem, found.sentence) for found in steps]
    os.close(descriptor)
    assert rest == [
        (b"a/", Cause.UNREADABLE, "the folder was moved away while it was walked"),
        (b"z", None, ""),
    ]


@pytest.fixture
def very_deep(tmp_path: Path) -> Iterator[Path]:
    """A chain of 1,500 folders, deeper than Python's recursion limit and longer than PATH_MAX."""
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=at)
        below = os.open("deep", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    yield tmp_path
    # Fold the chain up from the top: the recursive removers of the standard library give up on it.
    while (tmp_path / "deep/deep").is_dir():
        os.rename(tmp_path / "deep/deep", tmp_path / "next")
        os.rmdir(tmp_path / "deep")
        os.rename(tmp_path / "next", tmp_path / "deep")


def test_a_tree_deeper_than_any_path_may_be_long_is_walked(very_deep: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    assert paths(very_deep) == [b"deep/" * 1500 + b"bottom"]
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_walk_that_is_given_up_closes_what_it_opened(tmp_path: Path) -> None:
    put(tmp_path, b"a/b/c/1")
    put(tmp_path, b"a/b/c/2")
    descriptor = open_root(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    steps = walk(descriptor)
    assert next(steps).path == b"a/b/c/1"
    steps.close()  # type: ignore[attr-defined]
    assert len(os.listdir("/proc/self/fd")) == before
    os.close(descriptor)


def peak_of_a_walk(root: Path, files: int) -> int:
    descriptor = open_root(root)
    tracemalloc.start()
    assert sum(1 for _ in walk(descriptor)) == files
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    os.close(descriptor)
    return peak


def test_memory_does_not_grow_with_the_files_of_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4000):
        put(tmp_path, b"%0100d" % number, b"")
    monkeypatch.setattr(module, "NAMES_BUDGET", 40_000)
    assert peak_of_a_walk(tmp_path, 4000) < 200_000  # all the names would be 600 kB


def test_memory_does_not_grow_with_the_folders_on_the_way_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for depth in range(40):
        for number in range(100):
            put(tmp_path, b"a/" * depth + b"b%099d" % number, b"")
    monkeypatch.setattr(module, "NAMES_BUDGET", 40_000)
    assert peak_of_a_walk(tmp_path, 4000) < 200_000  # the names that wait in forty folders would be 600 kB
