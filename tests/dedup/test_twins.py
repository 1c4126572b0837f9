"""Near twins reach rights, and people: a changed copy of a revoked picture waits for a person; the sheet shows why."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import drawings
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from studio import Studio

from provenance.admit import admit
from provenance.cli import run
from provenance.dataset.index import load_table
from provenance.dataset.opening import open_dataset
from provenance.fingerprint import pdq, picture
from provenance.model.errors import InputError, UsageError
from provenance.rights.reasons import Decision
from provenance.twins import Twins


def _file(image: Image.Image, form: str = "PNG", **options: int) -> bytes:
    held = io.BytesIO()
    image.convert("RGB").save(held, form, **options)
    return held.getvalue()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    studio = Studio(tmp_path_factory.mktemp("twins"))
    panel = drawings.scene(5)
    studio.add("panels/0010.png", _file(panel))
    studio.add("panels/0020.png", _file(drawings.scene(6)))
    studio.add("other/boxed <b>.jpg", _file(drawings.letterbox(panel), "JPEG", quality=85))
    studio.add("other/mirrored.jpg", _file(panel.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG", quality=85))
    for mouth in range(3):
        studio.add(f"faces/{mouth}.png", _file(drawings.face(mouth)))
    stroke = Image.new("L", (640, 640), 255)
    stroke.paste(0, (300, 300, 330, 306))
    studio.add("faces/stroke.png", _file(stroke))
    studio.record("panels/**")
    studio.record("panels/0010.png", status="revoked", status_date="2026-09-01")
    studio.record("other/**")
    studio.record("faces/**")
    studio.build()
    return studio


def test_a_changed_copy_of_a_revoked_picture_waits_for_a_person(studio: Studio):
    told = studio.verdicts()
    assert told["panels/0010.png"].decision is Decision.REFUSED
    assert told["panels/0020.png"].decision is Decision.CLEARED
    for name in ("other/boxed <b>.jpg", "other/mirrored.jpg"):
        assert told[name].decision is Decision.REVIEW
        assert told[name].reasons == ("near-twin-revoked",)


def test_drawings_that_differ_in_the_mouth_are_cleared_each_for_itself(studio: Studio):
    told = studio.verdicts()
    assert {told[f"faces/{mouth}.png"].decision for mouth in range(3)} == {Decision.CLEARED}


def test_a_picture_with_too_little_in_it_waits_for_a_person(studio: Studio):
    told = studio.verdicts()["faces/stroke.png"]
    assert told.decision is Decision.REVIEW and told.reasons == ("near-blank",)


def test_twins_are_told_with_relation_and_change_and_lookalikes_apart(studio: Studio):
    twins = Twins(studio.dataset)
    told = {each.asset: each for each in twins.of(twins.rows("panels/0010.png"))}
    assert set(told) == {"other/boxed <b>.jpg", "other/mirrored.jpg"}
    assert told["other/boxed <b>.jpg"].relation == "near" and "bars" in told["other/boxed <b>.jpg"].changes
    assert "mirror" in told["other/mirrored.jpg"].changes
    assert {each.relation for each in twins.of(twins.rows("faces/0.png"))} == {"alike"}


def test_the_contact_sheet_escapes_names_and_fetches_nothing(studio: Studio, tmp_path: Path, capsys):
    sheet = tmp_path / "sheet.html"
    assert run(["twins", str(studio.dataset), "panels/0010.png", "--html", str(sheet)]) == 0
    page = sheet.read_text()
    assert "boxed &lt;b&gt;.jpg" in page and "<b>" not in page
    assert "default-src 'none'" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/") == 4
    assert "2 twins" in capsys.readouterr().out


def test_an_outside_list_is_matched_by_pdq_and_by_phash(studio: Studio, tmp_path: Path, capsys):
    panel = drawings.scene(5)
    listed = tmp_path / "list.csv"
    hashes = f"{pdq.measure(panel).hash.hex()},\nphashed,,{picture.phash_64(drawings.scene(6)):016x}\n"
    listed.write_text(f"name,PDQ,phash\nopted out,{hashes}")
    assert run(["twins", str(studio.dataset), "--against", str(listed), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {(each["asset"], each["listed"], each["form"]) for each in told} == {
        ("panels/0010.png", "opted out", "upright"),
        ("other/boxed <b>.jpg", "opted out", "upright"),
        ("other/mirrored.jpg", "opted out", "mirror"),
        ("panels/0020.png", "phashed", "upright"),
    }


def test_a_bad_list_and_an_unknown_path_are_refused_in_plain_words(studio: Studio, tmp_path: Path):
    twins = Twins(studio.dataset)
    bad = tmp_path / "bad.csv"
    bad.write_text("pdq\nzz\n")
    with pytest.raises(InputError, match=r"64 hexadecimal digits"):
        twins.against(bad)
    bad.write_text("hash\n00\n")
    with pytest.raises(InputError, match=r"no column `pdq` or `phash`"):
        twins.against(bad)
    with pytest.raises(UsageError, match=r"no item and no path"):
        twins.rows("nowhere.png")


def test_adding_files_gives_the_groups_that_a_new_build_gives(studio: Studio, tmp_path: Path):
    grown = Studio(tmp_path / "grown")
    for name in ("panels/0010.png", "other/mirrored.jpg"):
        grown.add(name, (studio.archive / name).read_bytes())
    grown.build()
    grown.add("later/boxed.jpg", (studio.archive / "other/boxed <b>.jpg").read_bytes())
    grown.build()
    opened = open_dataset(grown.dataset)
    info = opened.head.content.tables["index"]
    near = load_table(opened.store, "index", info, opened.id, ["near_group"]).column(0).to_numpy()
    assert np.unique(near).tolist() == [0] and len(near) == 3


def test_training_takes_the_best_of_the_copies_that_it_may_have_and_every_draft(tmp_path: Path, capsys):
    studio = Studio(tmp_path)
    panel = drawings.scene(5)
    studio.add("a/small.png", _file(drawings.resized(0.5)(panel)))
    studio.add("b/large.png", _file(panel))
    studio.add("b/large again.png", _file(panel))
    studio.add("c/boxed.png", _file(drawings.letterbox(panel)))
    studio.add("d/largest.png", _file(drawings.resized(1.4)(panel)))
    scene = "INT. MILL - NIGHT\n\n" + "\n\n".join(f"Line {n} says {n * n} and {n * n * n}." for n in range(90))
    studio.add("script/draft 1.fountain", scene.replace("says 400 and", "shouts").replace("Line 60", "They").encode())
    studio.add("script/draft 2.fountain", scene.replace("Line 5", "And").replace("Line 8", "But").encode())
    for folder in ("a", "b", "c", "script"):
        studio.record(f"{folder}/**")
    studio.record("d/**", uses_allowed="evaluation", uses_refused="ai_generative_training")
    studio.build()
    asked = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]
    once = {}
    for duplicates in ("keep", "exact", "near"):
        assert run(["admit", str(studio.dataset), *asked, "--duplicates", duplicates, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        once[duplicates] = told["once"]
        assert told["policy"]["duplicates"] == duplicates
    # Each draft has one scene, and as a whole says the same.
    assert once == {"keep": 8, "exact": 5, "near": 3}
    admission = admit(studio.dataset, studio.policy())
    opened = admission.dataset
    index, assets = (
        load_table(opened.store, name, opened.head.content.tables[name], opened.id, ["asset"]).column(0).to_pylist()
        for name in ("index", "assets")
    )
    assert [assets[index[row]] for row in admission.once(admission.rows)] == [
        "b/large again.png",
        "script/draft 1.fountain",
        "script/draft 2.fountain",
    ]


def test_groups_stay_the_same_items_under_the_same_name_when_other_files_come_before_them(
    studio: Studio, tmp_path: Path
):
    def groups(at: Studio) -> dict[str, set[str]]:
        opened = open_dataset(at.dataset)
        info = opened.head.content.tables["index"]
        index = load_table(opened.store, "index", info, opened.id, ["item_id", "near_group", "copy_group"])
        ids = [each.hex() for each in index.column("item_id").to_pylist()]
        found: dict[str, set[str]] = {}
        for column in ("near_group", "copy_group"):
            for row, first in enumerate(index.column(column).to_pylist()):
                if first != row:
                    found.setdefault(f"{column} {ids[first]}", {ids[first]}).add(ids[row])
        return found

    grown = Studio(tmp_path / "grown")
    for name in ("panels/0010.png", "other/mirrored.jpg", "other/boxed <b>.jpg"):
        grown.add(name, (studio.archive / name).read_bytes())
    grown.build()
    before = groups(grown)
    assert len(before) == 2
    grown.add("a first/one.png", _file(drawings.scene(77)))
    grown.build()
    assert groups(grown) == before
