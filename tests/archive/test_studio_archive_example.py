"""The archive that `make demo` draws: the same bytes on every run, and every file what it claims to be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import av
import numpy as np
import pypdfium2
import pytest
from defusedxml import ElementTree
from PIL import Image

from provenance.archive import containers, custody
from provenance.archive.sequences import assets
from provenance.archive.walk import open_root, walk
from provenance.model.words import Cause
from provenance.rights.sources import register

DRAW = Path(__file__).resolve().parents[2] / "examples/studio_archive/draw.py"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("drawn")
    subprocess.run([sys.executable, str(DRAW), str(dest)], check=True, capture_output=True)
    return dest


def state(root: Path) -> dict[bytes, tuple[str, int]]:
    names = [os.path.join(at, name) for at, _, files in os.walk(os.fsencode(root)) for name in files]
    return {
        os.path.relpath(name, os.fsencode(root)): (
            hashlib.sha256(Path(os.fsdecode(name)).read_bytes()).hexdigest(),
            os.stat(name).st_mtime_ns,
        )
        for name in names
    }


def test_it_is_the_same_bytes_and_times_on_every_run(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/left over").write_text("from an earlier run")
    # glibc then fills memory with this byte: an encoder that looks at memory nobody wrote gives other bytes.
    perturbed = os.environ | {"MALLOC_PERTURB_": "85"}
    subprocess.run([sys.executable, str(DRAW), str(tmp_path)], check=True, capture_output=True, env=perturbed)
    assert state(tmp_path) == state(drawn)
    assert sum(path.stat().st_size for path in drawn.rglob("*")) < 15_000_000


def test_the_short_has_four_shots_and_its_master_a_timecode_track(drawn: Path) -> None:
    with av.open(str(drawn / "archive/05_deliverables/data/night_ferry.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        frames = [frame.to_ndarray(format="gray").astype(int) for frame in film.decode(video=0)]
    steps = [float(np.abs(a - b).mean()) for a, b in zip(frames[1:], frames, strict=False)]
    assert [number for number, step in enumerate(steps, 1) if step > 20] == [42, 84, 126]
    with av.open(str(drawn / "archive/03_production/masters/night_ferry_prores.mov")) as master:
        assert [stream.type for stream in master.streams] == ["video", "data"]
        assert master.streams.video[0].codec_context.name == "prores"
        assert master.streams[1].metadata["timecode"] == "01:00:00:00"
        assert sum(1 for _ in master.decode(video=0)) == 96


def test_the_screenplay_says_the_same_in_all_three_forms(drawn: Path) -> None:
    folder = drawn / "archive/01_story/scripts"
    printed = pypdfium2.PdfDocument(folder / "night_ferry.pdf")
    assert len(printed) == 3
    page_text = " ".join(page.get_textpage().get_text_range() for page in printed)
    fdx = " ".join(node.text or "" for node in ElementTree.parse(folder / "night_ferry.fdx").iter("Text"))
    texts = [(folder / "night_ferry.fountain").read_text("utf-8"), page_text, fdx]
    for sentence in ("EXT. LIGHTHOUSE - NIGHT", "There is always room for a lamp.", "It is never late."):
        assert all(sentence in " ".join(text.split()) for text in texts)


def test_pictures_open_with_the_depth_that_they_are_there_to_show(drawn: Path) -> None:
    archive = drawn / "archive"
    for path in archive.rglob("*"):
        if path.suffix in (".jpg", ".png", ".webp") and "damaged" not in path.name:
            with Image.open(path) as picture:
                picture.load()
    with pytest.raises(OSError, match="truncated"):
        Image.open(archive / "08_unsorted/wave_test_damaged.png").load()
    assert Image.open(archive / "02_art/concept/wheelhouse_16bit.tif").mode == "I;16"
    assert (archive / "02_art/concept/dawn_16bit.png").read_bytes()[24:26] == bytes((16, 2))
    with zipfile.ZipFile(archive / "02_art/concept/ferry_layers.ora") as layered:
        assert layered.namelist()[0] == "mimetype"
        assert Image.open(io.BytesIO(layered.read("mergedimage.png"))).size == (480, 270)
    with av.open(str(archive / "03_production/plates/sea_loop.1001.dpx")) as plate:
        frame = next(plate.decode(video=0))
        assert (frame.format.name, frame.width, frame.height) == ("gbrp10le", 320, 180)
        sea = frame.to_ndarray(format="rgb24")[170, 10].astype(int)
        assert np.abs(sea - (8, 38, 64)).max() <= 1  # the near waves, as draw_scene paints them


def test_the_plates_are_one_sequence_with_a_gap_and_the_boards_stay_single(drawn: Path) -> None:
    found = {asset.display: asset for asset in assets(walk(open_root(drawn / "archive")))}
    assert [name for name, asset in found.items() if asset.type == "sequence"] == [
        "03_production/plates/sea_loop.[1001-1006].dpx"
    ]
    assert found["03_production/plates/sea_loop.[1001-1006].dpx"].missing == (1004,)
    assert "08_unsorted/board [12]\\nrights=cleared \\u202egpj.png" in found


def test_the_opt_out_is_in_one_picture_and_not_in_its_copy(drawn: Path) -> None:
    assert b"DMI-PROHIBITED-AIMLTRAINING" in (drawn / "archive/06_stock/lantern_study.jpg").read_bytes()
    assert b"DMI-" not in (drawn / "archive/08_unsorted/lamp idea.jpg").read_bytes()


def test_the_deliverables_are_a_valid_bag(drawn: Path) -> None:
    archive = drawn / "archive"
    found = list(walk(open_root(archive)))
    (place,) = custody.discover(file.path for file in found)
    bag = custody.read(place, {path: (archive / path.decode()).read_bytes() for path in place.files})
    film = b"05_deliverables/data/night_ferry.mp4"
    digest = hashlib.sha256((archive / film.decode()).read_bytes()).hexdigest()
    assert bag.check(film, {"sha256": digest}).state == "verified"
    assert (bag.findings, list(custody.compare([bag], found))) == ([], [])


def test_the_vendors_zip_has_two_sketches_and_one_member_that_wants_out(drawn: Path) -> None:
    with (drawn / "archive/08_unsorted/from_vendor.zip").open("rb") as file:
        members = {member.path: member.problem for member in containers.members(file, b"from_vendor.zip")}
    assert members == {
        b"sketches/lighthouse.png": None,
        b"sketches/harbour.png": None,
        b"../../outside.txt": Cause.UNSAFE,
    }


def test_the_timelines_hold_four_shots_and_the_stock_clip(drawn: Path) -> None:
    folder = drawn / "archive/04_editorial"
    cut = json.loads((folder / "night_ferry_cut_v2.otio").read_text("utf-8"))
    names = [clip["name"] for clip in cut["tracks"]["children"][0]["children"]]
    assert names == ["moonrise", "wheelhouse", "lighthouse", "harbour", "harbour_birds"]
    edl = (folder / "night_ferry_cut_v2.edl").read_text("ascii")
    assert "005  BIRDS    V     C        00:00:00:06 00:00:00:18 01:00:04:00 01:00:04:12" in edl


def test_the_register_is_read_and_has_each_kind_of_answer(drawn: Path) -> None:
    statements = register.read((drawn / "rights/register.csv").read_bytes(), "register.csv")
    assert len(statements) == 10
    assert {str(statement.basis) for statement in statements} == {
        "ownership",
        "license",
        "public-license",
        "reference-only",
    }
    assert [statement.id for statement in statements if str(statement.status) == "revoked"] == ["TK-005"]


def test_its_columns_are_those_of_the_corpus_register(drawn: Path, corpus: Path) -> None:
    headers = [
        path.read_text("utf-8-sig").splitlines()[0]
        for path in (drawn / "rights/register.csv", corpus / "rights_register.csv")
    ]
    assert headers[0] == headers[1]
