"""Which files are frames of one sequence, and which stay single."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.archive import sequences
from provenance.archive.sequences import Asset, assets
from provenance.archive.walk import Found, Identity, open_root, walk
from provenance.model.words import Cause


def found(path: bytes) -> Found:
    return Found(path, 7, Identity(1, 2, 7, 3, 4))


def group(*names: str) -> list[Asset]:
    return list(assets(found(name) for name in sorted(name.encode() for name in names)))


def shown(*names: str) -> list[str]:
    return [asset.display for asset in group(*names)]


def test_numbered_dpx_frames_are_one_asset_and_a_gap_is_told() -> None:
    (asset,) = group(*(f"plates/sh.{n}.dpx" for n in (1001, 1002, 1004, 1006)))
    assert (asset.type, asset.path, asset.display) == (
        "sequence",
        b"plates/sh.1001.dpx",
        "plates/sh.[1001-1006].dpx",
    )
    assert (asset.numbers, asset.missing, asset.size) == ((1001, 1002, 1004, 1006), (1003, 1005), 28)


def test_storyboard_panels_and_stills_stay_single_though_they_are_numbered() -> None:
    singles = [
        "10.png",
        "100.png",
        "2000.png",
        "2010.png",
        "2011.png",
        "head-01.png",
        "head-02.png",
        "b_10.png",
        "b_11.png",
    ]
    assert shown(*singles) == sorted(singles)


def test_panels_numbered_in_tens_stay_single() -> None:
    names = [f"board_{n:04}.png" for n in range(10, 200, 10)]
    assert shown(*names) == names


def test_photographs_from_a_camera_stay_single() -> None:
    names = ["DSC_0001.JPG", "DSC_0002.JPG", "IMG_0001.tif", "IMG_0002.tif", "P101-0001.jpg", "P101-0002.jpg"]
    assert shown(*names)[:4] == names[:4]
    assert shown("shot_0001.jpg", "shot_0002.jpg") == ["shot_[0001-0002].jpg"]


def test_versions_are_not_frames() -> None:
    names = ["beauty_v001.exr", "beauty_v002.exr", "v001.exr", "v002.exr"]
    assert shown(*names) == names
    assert shown("beauty_v001.0001.exr", "beauty_v001.0002.exr") == ["beauty_v001.[0001-0002].exr"]


def test_other_padding_other_case_or_another_folder_is_another_sequence() -> None:
    names = [
        "a/f.0001.exr",
        "a/f.0002.exr",
        "a/f.00001.exr",
        "a/f.00002.exr",
        "a/f.0001.EXR",
        "a/f.0002.EXR",
        "b/f.0003.exr",
    ]
    assert shown(*names) == ["a/f.[00001-00002].exr", "a/f.[0001-0002].EXR", "a/f.[0001-0002].exr", "b/f.0003.exr"]


def test_a_single_numbered_frame_is_a_file() -> None:
    (asset,) = group("f.0001.exr")
    assert (asset.type, asset.numbers, asset.display) == ("file", (), "f.0001.exr")


def test_files_that_lie_between_the_frames_keep_their_place() -> None:
    names = ["s_0001.png", "s_0001.png.xmp", "s_0001/inner.png", "s_0002.png", "s_00020.txt", "t.png"]
    assert shown(*names) == ["s_[0001-0002].png", "s_0001.png.xmp", "s_0001/inner.png", "s_00020.txt", "t.png"]


def test_a_frame_that_could_not_be_looked_at_is_an_asset_of_its_own() -> None:
    link = Found(b"f.0002.exr", 0, None, 1, Cause.NOT_REGULAR, "a symbolic link, not a regular file")
    first, second, third = assets([found(b"f.0001.exr"), link, found(b"g.exr")])
    assert [first.path, second.path, third.path] == [b"f.0001.exr", b"f.0002.exr", b"g.exr"]
    assert second.files[0].problem is Cause.NOT_REGULAR


NAMES = st.builds(
    "{}{}{}.{}".format,
    st.sampled_from(["", "a/", "a-", "a/b/"]),
    st.sampled_from(["s_", "s.", "s", "s_1_", ""]),
    st.one_of(st.integers(0, 12).map("{:04}".format), st.integers(0, 12).map("{:05}".format), st.just("9")),
    st.sampled_from(["exr", "png", "txt"]),
)


@given(st.sets(NAMES, max_size=40))
def test_every_file_is_in_exactly_one_asset_and_assets_come_in_the_order_of_their_paths(names: set[str]) -> None:
    grouped = group(*names)
    files = [file.path for asset in grouped for file in asset.files]
    assert sorted(files) == sorted(name.encode() for name in names)
    assert [asset.path for asset in grouped] == sorted(asset.path for asset in grouped)
    assert all(asset.path == asset.files[0].path for asset in grouped)
    assert all(list(asset.numbers) == sorted(asset.numbers) for asset in grouped)


def test_a_sequence_longer_than_memory_allows_is_cut_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "MOST_HELD", 10)
    grouped = group(*(f"f.{n:04}.dpx" for n in range(25)), "z.txt")
    assert [asset.display for asset in grouped] == [
        "f.[0000-0010].dpx",
        "f.[0011-0021].dpx",
        "f.[0022-0024].dpx",
        "z.txt",
    ]


def test_single_files_are_not_held_back() -> None:
    drawn = random.Random(1)
    names = sorted(b"%08x.png" % drawn.randrange(1 << 32) for _ in range(20_000))
    tracemalloc.start()
    assert sum(1 for _ in assets(found(name) for name in names)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000


def test_the_corpus_has_four_sequences_and_its_panels_stay_single(studio_archive: Path) -> None:
    root = open_root(studio_archive / "archive")
    found_sequences = {asset.display: asset for asset in assets(walk(root)) if asset.type == "sequence"}
    assert {name: asset.missing for name, asset in found_sequences.items()} == {
        "03_production/cel_dwanko/A_[0001-0003].tga": (),
        "03_production/plates/dpx/bbb_dpx.[1001-1006].dpx": (1005,),
        "03_production/plates/exr/bbb_exr.[1001-1003].exr": (),
        "03_production/plates/sintel/frame_[0016-0017].png": (),
    }
