"""The store on a real disk: names, refusals, and who may write where."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import stat
from pathlib import Path

import pytest
from dataset_samples import flip

import provenance
from provenance.dataset.disk import PosixDisk
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, ConflictError, InputError, MissingError, UsageError


def test_an_object_is_named_by_its_bytes_however_they_were_written(tmp_path: Path) -> None:
    data = os.urandom(9_000_000)
    store = Store(tmp_path)
    with store.new_object("data/art", ".parquet") as sink:
        for start, stop in ((0, 10), (10, 5_000_000), (5_000_000, 5_000_001), (5_000_001, 9_000_000)):
            assert sink.write(memoryview(data)[start:stop]) == stop - start
        assert sink.tell() == len(data)
    assert sink.stored is not None
    assert sink.stored.sha256 == hashlib.sha256(data).hexdigest()
    assert (tmp_path / sink.stored.path).read_bytes() == data
    assert store.put_bytes("data/art", ".parquet", data) == sink.stored
    assert bytes(store.load(sink.stored.path, sink.stored.sha256, len(data))) == data


def test_nothing_of_an_object_is_visible_when_its_block_raises(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(KeyError), store.new_object("data/art", ".parquet") as sink:
        sink.write(b"x" * 3_000_000)
        raise KeyError
    assert store.names("data/art") == [] and store.names("tmp") == []


def test_an_object_in_the_place_of_another_is_not_overwritten_in_silence(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = store.put_bytes("data/art", ".parquet", b"a drawing")
    flip(tmp_path / stored.path, 2)
    with pytest.raises(ChangedError, match="not the ones that were signed"):
        store.put_bytes("data/art", ".parquet", b"a drawing")


def test_the_second_commit_of_a_number_is_a_conflict_and_of_the_same_bytes_is_done(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.commit("versions", 7, b"mine") == "versions/000007.json"
    assert Store(tmp_path).commit("versions", 7, b"mine") == "versions/000007.json"
    with pytest.raises(ConflictError, match="somebody else committed this number first"):
        store.commit("versions", 7, b"theirs")
    assert store.read("versions/000007.json") == b"mine"
    with pytest.raises(UsageError, match="numbered from 1"):
        store.commit("versions", 0, b"")


def test_a_link_inside_the_dataset_leads_no_read_and_no_write_elsewhere(tmp_path: Path) -> None:
    outside, place = tmp_path / "outside", tmp_path / "ds"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = Store(place)
    store.put_bytes("data/art", ".parquet", b"a drawing")
    (place / "data" / "frames").symlink_to(outside)
    with pytest.raises(ChangedError, match="not a regular file"):
        store.put_bytes("data/frames", ".parquet", b"a frame")
    assert os.listdir(outside) == ["secret"]
    with pytest.raises(ChangedError, match="not a regular file"):
        store.open("data/frames/secret")
    (place / "data" / "art" / "link").symlink_to(outside / "secret")
    with pytest.raises(ChangedError, match="not a regular file"):
        store.read("data/art/link")
    for path in ("data/../../outside/secret", "/etc/passwd", "data//art", "data/./art", "data/art\0"):
        with pytest.raises((ChangedError, InputError)):
            store.open(path)


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "big-disk").mkdir()
    (tmp_path / "ds").symlink_to(tmp_path / "big-disk")
    stored = Store(tmp_path / "ds").put_bytes("index", ".parquet", b"x")
    assert (tmp_path / "big-disk" / stored.path).read_bytes() == b"x"


def test_what_is_missing_is_missing_and_what_is_too_long_is_not_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.names("versions") == [] and store.numbers("versions") == []
    with pytest.raises(MissingError, match="named but not there"):
        store.read("versions/000001.json")
    store.commit("versions", 1, b"x" * 100)
    with pytest.raises(ChangedError, match="100 bytes where 99 are the most"):
        store.read("versions/000001.json", most=99)


def test_a_private_store_keeps_everything_from_others(tmp_path: Path) -> None:
    store = Store(tmp_path / "home", PosixDisk(tmp_path / "home", mode=0o600))
    store.replace("trust.json", b"{}")
    store.put_new("keys/build.pem", b"key")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "home").rglob("*")}
    assert modes == {"tmp": 0o700, "trust.json": 0o600, "keys": 0o700, "build.pem": 0o600}


def test_a_store_travels_to_another_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_bytes("index", ".parquet", b"x")
    again = pickle.loads(pickle.dumps(store))  # noqa: S301
    assert again.put_bytes("index", ".parquet", b"y").path.startswith("index/")


def test_every_fsync_of_the_house_is_in_one_file() -> None:
    package = Path(provenance.__file__).parent
    found = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(r"\bos\.f(data)?sync\b|\bos\.link\b|\bos\.rename\b|\bos\.replace\b", file.read_text())
    ]
    assert found == ["dataset/disk.py"]
