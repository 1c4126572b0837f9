"""Every picture of the corpus, the hostile ones too, ends in items or in quarantine with a cause, inside the lock."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause
from provenance.sandbox import Limits, Sandbox

FLAT = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tga", ".tif", ".tiff"))
PICTURES = FLAT | {".psd", ".psb", ".kra", ".exr", ".dpx", ".svg"}
UNKNOWN = frozenset((".fli", ".jp2", ".j2k", ".sgi", ".pcx", ".dds", ".blp"))

# What a hostile picture may be called. Not TIMEOUT, MEMORY or CRASHED: those would have cost a child.
NAMED = {Cause.DAMAGED, Cause.TRUNCATED, Cause.BOMB, Cause.UNSAFE, Cause.MISLABELLED, Cause.UNSUPPORTED}


@pytest.fixture(scope="module")
def child() -> Iterator[Any]:
    # `unlocked` only permits going without where no lock can be had: a child of its own it is in any case.
    with Sandbox(limits=Limits(stall_seconds=20, cpu_seconds=20), unlocked=True) as box, box.child() as child:
        yield child


def _outcome(child: Any, *places: Path, numbers: tuple[int, ...] = ()) -> list[dict[str, Any]] | Cause:
    names, sizes = [place.name for place in places], [place.stat().st_size for place in places]
    job = {"op": "extract", "options": asdict(Options()), "names": names, "sizes": sizes, "numbers": list(numbers)}
    descriptors = [os.open(place, os.O_RDONLY) for place in places]
    try:
        return [header for header, _ in child.run(job, descriptors) if header["t"] == "item"]
    except Quarantined as refusal:
        return refusal.cause
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _files(folder: Path, suffixes: frozenset[str] = PICTURES) -> list[Path]:
    return sorted(place for place in folder.rglob("*") if place.suffix.lower() in suffixes)


def test_every_picture_of_the_art_folder_gives_items(corpus, child):
    files = _files(corpus / "art")
    assert len(files) > 90
    refused = {place.name: outcome for place in files if not isinstance(outcome := _outcome(child, place), list)}
    assert refused == {}


def test_every_picture_with_rights_metadata_gives_items_but_two_that_are_no_files(corpus, child):
    outcomes = {place.name: _outcome(child, place) for place in _files(corpus / "metadata")}
    refused = {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, list)}
    # A header without its pixels, and XML with an undeclared prefix: samples of metadata, not of pictures.
    assert refused == {"exiftool_DPX.dpx": Cause.TRUNCATED, "exiftool_XMP.svg": Cause.DAMAGED}


def test_hostile_pictures_stop_nothing_and_kill_no_child(corpus, child):
    files = [place for part in ("image", "exr", "gofuzz", "selfmade") for place in _files(corpus / "hostile" / part)]
    assert len(files) > 80
    outcomes = {place.name: _outcome(child, place) for place in files}
    causes = Counter(outcome for outcome in outcomes.values() if not isinstance(outcome, list))
    assert set(causes) <= NAMED
    assert causes[Cause.DAMAGED] + causes[Cause.TRUNCATED] > 50


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("image/decompression_bomb.gif", Cause.BOMB),
        ("image/png_decompression_dos.png", Cause.BOMB),
        ("selfmade/png_60000x60000_header_lie.png", Cause.BOMB),
        ("image/truncated_jpeg.jpg", Cause.TRUNCATED),
        ("image/truncated_image.png", Cause.TRUNCATED),
        ("selfmade/svg_external_and_script.svg", Cause.UNSAFE),
    ],
)
def test_a_known_attack_is_called_by_its_name(corpus, child, name, cause):
    assert _outcome(child, corpus / "hostile" / name) is cause


def test_formats_outside_the_list_are_unsupported_and_never_parsed(corpus, child):
    files = _files(corpus / "hostile" / "image", UNKNOWN)
    assert len(files) > 10
    assert {_outcome(child, place) for place in files} == {Cause.UNSUPPORTED}


@pytest.mark.parametrize(("kind", "numbers"), [("dpx", (1001, 1002, 1003, 1004, 1006)), ("exr", (1001, 1002, 1003))])
def test_a_plate_of_the_corpus_is_frames(corpus, child, kind, numbers):
    folder = corpus / "video" / "masters" / f"{kind}_seq"
    items = _outcome(child, *(folder / f"bbb_{kind}.{number}.{kind}" for number in numbers), numbers=numbers)
    assert [(item["kind"], item["fields"]["frame"]) for item in items] == [("frames", number) for number in numbers]


def test_one_photograph_kept_in_two_colour_spaces_is_one_picture(corpus, child):
    folder = corpus / "art" / "exr" / "Chromaticities"
    hashes = {_outcome(child, folder / name)[0]["fields"]["phash_64"] for name in ("Rec709_YC.exr", "XYZ_YC.exr")}
    assert len(hashes) == 1
