"""T21: an archive meant to exhaust: very many files, very deep trees, and little of it to be held at once."""

from __future__ import annotations

import itertools
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance.archive.sequences import Asset
from provenance.archive.walk import Found, open_root, walk
from provenance.building import units
from provenance.building.units import Planned


def planned(count: int, size: int = 10) -> Iterator[Planned]:
    for number in range(count):
        path = b"art/%07d.png" % number
        yield Planned(Asset(path, (Found(path, size, (1, number, size, 0, 0)),)))


def test_units_are_planned_as_a_stream_and_one_is_held_at_a_time() -> None:
    list(itertools.islice(units.plan(planned(1_000)), 5))
    tracemalloc.start()
    count = sum(len(unit.assets) for unit in units.plan(planned(50_000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 2_000_000  # bytes; all of it at once would be some thirty million


def test_no_unit_is_larger_than_a_worker_may_lose() -> None:
    sizes = [len(unit.assets) for unit in units.plan(planned(20_000))]
    assert max(sizes) <= units.MOST_ASSETS
    heavy = [len(unit.assets) for unit in units.plan(planned(200, size=units.MOST_BYTES // 2))]
    assert max(heavy) <= 2


def test_a_tree_too_deep_for_one_path_is_walked_to_its_end(tmp_path: Path) -> None:
    studio, depth = Studio(tmp_path), 300
    folder = os.open(studio.archive, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a_folder_name_of_some_length", dir_fd=folder)
        below = os.open("a_folder_name_of_some_length", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    with open(os.open("deep.png", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder), "wb") as file:
        file.write(picture(1))
    os.close(folder)
    studio.add("top.png", picture(2))
    root = open_root(studio.archive)
    found = {entry.path.rpartition(b"/")[2]: entry for entry in walk(root)}
    os.close(root)
    assert set(found) == {b"deep.png", b"top.png"}
    studio.record("**")
    report = studio.build()
    assert sum(report.files.values()) == 2
    assert report.files["items"] >= 1


@pytest.mark.parametrize("count", [3_000])
def test_a_folder_of_thousands_of_empty_files_is_named_file_by_file_and_stops_nothing(
    tmp_path: Path, count: int
) -> None:
    studio = Studio(tmp_path)
    for number in range(count):
        studio.add(f"junk/{number:05}.bin", b"")
    studio.add("good.png", picture(1))
    studio.record("**")
    report = studio.build()
    assert dict(report.files) == {"items": 1, "quarantine": count}
    assert report.causes == {"empty": count}
    assert len(report.text()) < 10_000
