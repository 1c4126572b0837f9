from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from provenance.building.kept import Arrays, Kept

PAIR = np.dtype([("row", "<i4"), ("hash", "u1", 32)])
KINDS = {"pairs": PAIR, "ends": np.dtype("<i8"), "data": np.dtype("u1")}


class Maker:
    """Makes arrays, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Arrays:
        self.made += 1
        pairs = np.zeros(3, PAIR)
        pairs["row"], pairs["hash"] = np.arange(3), np.arange(96).reshape(3, 32)
        return {"pairs": pairs, "ends": np.array([0, 5, 1 << 40]), "data": np.empty(0, np.uint8)}


def _right(told: Arrays) -> bool:
    other = Maker()()
    return told.keys() == other.keys() and all(
        told[name].dtype == KINDS[name] and (told[name] == other[name]).all() for name in KINDS
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "builds" / "a.kept.sqlite"


def test_arrays_are_made_once(file: Path) -> None:
    make = Maker()
    for _ in range(2):
        with Kept(file) as kept:
            assert all(_right(kept.arrays("shard", KINDS, make)) for _ in range(2))
    assert make.made == 1
    assert file.parent.stat().st_mode & 0o077 == 0


def test_rot_is_made_good(file: Path) -> None:
    make = Maker()
    with Kept(file) as kept:
        kept.arrays("shard", KINDS, make)
    with sqlite3.connect(file) as base:
        base.execute("update kept set data = zeroblob(length(data)) where name = 'pairs'")
    for _ in range(2):
        with Kept(file) as kept:
            assert _right(kept.arrays("shard", KINDS, make))
    assert make.made == 2


def test_what_is_asked_for_by_other_names_is_made_anew(file: Path) -> None:
    with Kept(file) as kept:
        kept.arrays("shard", {"ends": KINDS["ends"]}, lambda: {"ends": np.arange(2)})
        assert _right(kept.arrays("shard", KINDS, Maker()))


def test_the_rest_is_forgotten_and_its_room_used_again(file: Path) -> None:
    def large() -> Arrays:
        return {"data": np.zeros(4 << 20, np.uint8)}

    kinds = {"data": np.dtype("u1")}
    sizes = []
    for build in range(6):
        with Kept(file) as kept:
            kept.keep_only([f"shard {build}", f"shard {build - 1}"])
            kept.arrays(f"shard {build}", kinds, large)
        sizes.append(file.stat().st_size)
    assert sizes[-1] == sizes[2] < 3 * (4 << 20)
    make = Maker()
    with Kept(file) as kept:
        kept.arrays("shard 0", KINDS, make)
    assert make.made == 1


@pytest.mark.parametrize("what", ["no database", "another's format", "a folder in its place", "torn"])
def test_what_cannot_be_read_is_begun_anew_or_done_without(file: Path, what: str) -> None:
    make = Maker()
    with Kept(file) as kept:
        kept.arrays("shard", KINDS, make)
    if what == "no database":
        file.write_bytes(b"this is no database at all, " * 4000)
    elif what == "another's format":
        with sqlite3.connect(file) as base:
            base.execute("pragma user_version = 99")
    elif what == "torn":
        file.write_bytes(file.read_bytes()[:70_000])
    else:
        file.unlink()
        file.mkdir()
    for _ in range(3):
        with Kept(file) as kept:
            assert _right(kept.arrays("shard", KINDS, make))
            kept.keep_only(["shard"])
    assert make.made == (4 if what == "a folder in its place" else 2)


def test_without_room_nothing_is_kept_and_nothing_is_lost(file: Path) -> None:
    make = Maker()
    with Kept(file) as kept:
        assert kept._base is not None
        kept._base.execute("pragma max_page_count = 4")
        for number in range(40):
            told = kept.arrays(f"large {number}", {"data": KINDS["data"]}, lambda: {"data": np.ones(65_536, np.uint8)})
            assert told["data"].sum() == 65_536
        assert _right(kept.arrays("shard", KINDS, make)) and _right(kept.arrays("shard", KINDS, make))
        kept.keep_only([])
    assert make.made == 2
    with Kept(file) as kept:
        assert _right(kept.arrays("shard", KINDS, make))


def test_without_a_file_everything_is_made_each_time() -> None:
    make = Maker()
    with Kept(None) as kept:
        assert _right(kept.arrays("shard", KINDS, make)) and _right(kept.arrays("shard", KINDS, make))
        kept.keep_only([])
    assert make.made == 2


def test_who_only_reads_adds_nothing_and_takes_nothing_away(file: Path) -> None:
    make = Maker()
    with Kept(file, reads_only=True) as kept:
        assert _right(kept.arrays("shard", KINDS, make))
    assert not file.exists() and make.made == 1
    with Kept(file) as kept:
        kept.arrays("shard", KINDS, make)
    with Kept(file) as building, Kept(file, reads_only=True) as kept:
        building.arrays("being built", KINDS, make)
        assert _right(kept.arrays("shard", KINDS, make)) and make.made == 3
        assert _right(kept.arrays("other", KINDS, make)) and make.made == 4
        assert _right(kept.arrays("shard", KINDS, make)) and make.made == 4
    file.write_bytes(b"this is no database at all, " * 4000)
    with Kept(file, reads_only=True) as kept:
        assert _right(kept.arrays("shard", KINDS, make)) and make.made == 5
    assert file.exists()
