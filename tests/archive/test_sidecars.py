"""Which files speak of which others."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.archive.sequences import Asset, assets
from provenance.archive.sidecars import Tree, is_licence, is_sidecar, litter
from provenance.archive.walk import Found, open_root, walk


def spoken_of(*names: str) -> dict[str, list[str]]:
    tree, found = Tree(), [Found(name.encode(), 1, None) for name in sorted(names, key=str.encode)]
    for file in found:
        tree.add(file.path)
    ties = {asset.display: [path.decode() for path in tree.of(asset)] for asset in assets(found)}
    return {asset: sidecars for asset, sidecars in ties.items() if sidecars}


def test_an_xmp_belongs_to_the_file_that_it_names_and_to_all_that_it_can_mean() -> None:
    assert spoken_of("d/a.png", "d/a.png.xmp", "d/a.tif", "d/a.XMP", "d/b.png", "e/a.png", "d/a") == {
        "d/a": ["d/a.XMP"],
        "d/a.png": ["d/a.XMP", "d/a.png.xmp"],
        "d/a.tif": ["d/a.XMP"],
    }


def test_a_sequence_is_spoken_of_by_the_sidecar_of_a_frame_and_by_its_own() -> None:
    assert spoken_of("s.0001.exr", "s.0002.exr", "s.0002.xmp", "s.xmp", "s.exr.xmp", "t.xmp") == {
        "s.[0001-0002].exr": ["s.0002.xmp", "s.xmp"]
    }


def test_a_licence_text_concerns_its_folder_and_all_below_nearest_first() -> None:
    assert spoken_of("LICENSE", "a/README_LICENSE.txt", "a/COPYING", "a/b/x.png", "c/y.png", "a/b/x.png.license") == {
        "a/b/x.png": ["a/b/x.png.license", "a/COPYING", "a/README_LICENSE.txt", "LICENSE"],
        "c/y.png": ["LICENSE"],
    }


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "License.txt", "licence.md", "COPYING", "LICENSE-CC-BY-4.0.txt", "LICENSE_MIT", "README_LICENSE.txt"],
)
def test_licence_texts_are_known_by_name(name: str) -> None:
    assert is_licence(b"some/folder/" + name.encode())


@pytest.mark.parametrize(
    "name",
    ["license_plate.png", "LICENSE_PLATE.png", "LICENSE.png", "license_to_dream.txt", "my LICENSE", "LICENSES.txt"],
)
def test_pictures_and_scripts_that_speak_of_licences_are_none(name: str) -> None:
    assert not is_licence(name.encode())
    assert not is_sidecar(name.encode())


def test_a_sidecar_with_nothing_before_its_suffix_speaks_of_nothing() -> None:
    assert not is_sidecar(b"folder/.xmp")
    assert spoken_of("a/.xmp", "a/b.png") == {}


def test_litter_of_desktops_is_known_by_name_and_content_together() -> None:
    assert litter(b"a/.DS_Store", b"\0\0\0\1Bud1\0") == "folder view left by macOS"
    assert litter(b"a/._pic.png", b"\0\5\x16\7\0\2") == "resource fork left by macOS"
    assert litter(b"Thumbs.db", bytes.fromhex("d0cf11e0a1b11ae1")) == "thumbnails left by Windows"
    assert litter(b"Desktop.ini", b"[.ShellClassInfo]") == "folder view left by Windows"
    assert litter(b"a/._pic.png", b"\x89PNG\r\n\x1a\n") is None
    assert litter(b"pic.png", b"\0\5\x16\7\0\2") is None


def test_the_corpus_panel_with_a_sidecar_and_its_licence_texts_are_tied(studio_archive: Path) -> None:
    root, tree = open_root(studio_archive / "archive"), Tree()
    found: list[Asset] = list(assets(walk(root)))
    context = {file.path for asset in found for file in asset.files if tree.add(file.path)}
    assert context == {
        b"02_art/README_LICENSE.txt",
        b"02_art/storyboard/reel2/2010.xmp",
        b"03_production/cel_dwanko/LICENSE.txt",
    }
    ties = {asset.path: tree.of(asset) for asset in found}
    assert ties[b"02_art/storyboard/reel2/2010.png"] == (
        b"02_art/storyboard/reel2/2010.xmp",
        b"02_art/README_LICENSE.txt",
    )
    assert ties[b"03_production/cel_dwanko/A_0001.tga"] == (b"03_production/cel_dwanko/LICENSE.txt",)
    assert ties[b"05_deliverables/sc02_wakeup.mp4"] == ()
