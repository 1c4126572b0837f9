"""Opening beneath the root, and noticing change."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.archive import opening
from provenance.archive.hashing import hash_bytes, hash_file
from provenance.archive.opening import open_beneath, opened
from provenance.archive.walk import open_root, walk
from provenance.model.errors import Quarantined
from provenance.model.words import Cause


@pytest.fixture(params=["openat2", "steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of opening must keep the same promises."""
    if request.param == "steps":
        monkeypatch.setattr(opening, "_openat2", lambda root, path: None)
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> int:
    (tmp_path / "archive/a/b").mkdir(parents=True)
    (tmp_path / "archive/a/b/file").write_bytes(b"hello")
    (tmp_path / "outside").write_bytes(b"secret")
    return open_root(tmp_path / "archive")


def refused(work: Callable[[], object]) -> Quarantined:
    with pytest.raises(Quarantined) as caught:
        work()
    return caught.value


def test_a_file_below_the_root_is_opened(root: int, way: str) -> None:
    descriptor = open_beneath(root, b"a/b/file")
    assert os.read(descriptor, 100) == b"hello"
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    "path", [b"/etc/passwd", b"../outside", b"a/../../outside", b"a//b/file", b"./a", b"", b"a\0b"]
)
def test_a_path_that_is_not_plain_never_reaches_the_disk(root: int, way: str, path: bytes) -> None:
    assert refused(lambda: open_beneath(root, path)).cause is Cause.UNSAFE


def test_what_is_not_there_or_may_not_be_read_is_unreadable(root: int, way: str) -> None:
    refusal = refused(lambda: open_beneath(root, b"a/gone"))
    assert refusal.cause is Cause.UNREADABLE
    assert str(refusal) == "a/gone: the file system refused: No such file or directory"


def test_a_folder_is_not_a_file(root: int, way: str) -> None:
    assert refused(lambda: open_beneath(root, b"a/b")).cause is Cause.NOT_REGULAR


def test_a_path_longer_than_the_kernel_takes_in_one_call_is_walked(tmp_path: Path) -> None:
    depth, at = 100, os.open(tmp_path, os.O_RDONLY)
    name = b"n" * 100
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open(b"file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    os.close(open_beneath(open_root(tmp_path), b"/".join([name] * depth + [b"file"])))


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM])
def test_where_the_kernel_or_its_filter_lacks_the_call_the_way_is_walked(
    root: int, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    class Refusing:
        def syscall(self, *args: object) -> int:
            import ctypes

            ctypes.set_errno(code)
            return -1

    monkeypatch.setattr(opening, "_libc", Refusing)
    os.close(open_beneath(root, b"a/b/file"))


def test_an_undisturbed_file_is_given_with_its_identity(root: int) -> None:
    (found,) = walk(root)
    with opened(root, found.path, found.identity) as file:
        assert (file.identity, file.links, file.path) == (found.identity, 1, b"a/b/file")
        assert hash_file(file.descriptor)["sha256"] == hashlib.sha256(b"hello").hexdigest()


def test_a_decoder_that_fails_because_the_file_changed_is_a_change(root: int, tmp_path: Path) -> None:
    def decode() -> None:
        with opened(root, b"a/b/file"):
            (tmp_path / "archive/a/b/file").write_bytes(b"half")
            raise Quarantined(Cause.DAMAGED, "cannot be decoded")

    refusal = refused(decode)
    assert refusal.cause is Cause.CHANGED
    assert isinstance(refusal.__cause__, Quarantined) and refusal.__cause__.cause is Cause.DAMAGED


def test_a_file_just_written_is_left_to_age_so_that_a_later_write_shows(root: int, tmp_path: Path) -> None:
    path = tmp_path / "archive/a/b/file"
    path.write_bytes(b"first")
    with opened(root, b"a/b/file") as file:
        assert time.time_ns() - file.identity.ctime_ns >= 20_000_000


def test_one_pass_gives_every_digest_that_custody_lists_use() -> None:
    descriptor = os.memfd_create("data")
    os.write(descriptor, b"abc" * 500_000)
    digests = hash_file(descriptor, ["md5", "sha1", "sha256", "sha512", "c4", "xxh64", "xxh3", "xxh128"])
    assert digests["md5"] == hashlib.md5(b"abc" * 500_000).hexdigest()
    assert digests["sha512"] == hashlib.sha512(b"abc" * 500_000).hexdigest()
    assert digests == {name: hash_bytes(b"abc" * 500_000, name) for name in digests}
    os.close(descriptor)


def test_digests_of_nothing_are_those_that_the_standards_print() -> None:
    assert hash_bytes(b"", "xxh64") == "ef46db3751d8e999"
    assert hash_bytes(b"", "xxh3") == "2d06800538d394c2"
    assert hash_bytes(b"", "xxh128") == "99aa06d3014798d86001c324468d497f"
    c4 = hash_bytes(b"", "c4")
    assert c4 == "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT"
    assert len(c4) == 90


def test_an_empty_file_has_a_digest() -> None:
    descriptor = os.memfd_create("nothing")
    assert hash_file(descriptor) == {"sha256": hashlib.sha256(b"").hexdigest()}
    os.close(descriptor)


def test_a_file_that_never_ends_is_not_read_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10)
    descriptor = os.open(tmp_path / "log", os.O_RDWR)
    real = os.preadv

    def growing(fd: int, buffers: list[memoryview], at: int) -> int:
        os.pwrite(fd, b"more" * 10, at)
        return real(fd, buffers, at)

    monkeypatch.setattr(os, "preadv", growing)
    assert str(refused(lambda: hash_file(descriptor))) == "the file grew while it was read"
    monkeypatch.setattr(os, "preadv", lambda *_: 0)
    assert str(refused(lambda: hash_file(descriptor))) == "the file shrank while it was read"

    def sick(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", sick)
    assert refused(lambda: hash_file(descriptor)).cause is Cause.UNREADABLE
    os.close(descriptor)
