"""Captions: they go along with pictures, in the usual place of every form, and are never wider than their source."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from handoff_samples import ask, revoke
from studio import Studio, picture

import provenance
from provenance import cli
from provenance.model.errors import InputError, UnlicensedError, UsageError
from provenance.receipts import verify_receipt
from provenance.release import Released

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--duplicates", "keep"]


def table(place: Path, *rows: dict[str, object]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if place.suffix == ".jsonl":
        place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif place.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([dict.fromkeys(names) | row for row in rows]), place)
    else:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        place.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
    return place


def made(studio: Studio, out: Path, captions: Path, **how: object) -> Released:
    return provenance.release(studio.dataset, ask(), out, captions=captions, **how)


def texts(release: Path) -> dict[str, str | None]:
    """What a plain reader finds: asset to caption."""
    found = [pq.ParquetFile(file).read(["asset", "text"]) for file in sorted((release / "data" / "art").iterdir())]
    return {row["asset"]: row["text"] for part in found for row in part.to_pylist()}


def signed(release: Path) -> dict[str, object]:
    (entry,) = sorted((release / "versions").iterdir())
    statement = json.loads(base64.b64decode(json.loads(entry.read_bytes())["payload"]))
    found: dict[str, object] = statement["predicate"]["options"]["release"]["captions"]
    return found


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_closest_line_of_a_table_captions_a_picture_and_the_rest_is_counted(
    built: Studio, tmp_path: Path, suffix: str
) -> None:
    first = provenance.admit(built.dataset, ask(), under="harbour/").torch("art")[0]
    captions = table(
        tmp_path / f"captions{suffix}",
        {"path": "lantern/**", "text": "a lamp"},
        {"path": "lantern/art/03.png", "text": 'lamp 3, "lit"'},
        {"path": "found/unknown.png", "text": "nobody may see it"},
        {"item_id": first["item_id"], "text": "the harbour"},
    )
    got = made(built, tmp_path / "release", captions)
    found = texts(tmp_path / "release")
    assert found["lantern/art/02.png"] == "a lamp"
    assert found["lantern/art/03.png"] == 'lamp 3, "lit"'
    # Two copies of one file have one id, so the line is about both.
    assert {name for name, text in found.items() if text == "the harbour"} == {
        "harbour/art/00.png",
        "harbour/art/copy.png",
    }
    assert found["harbour/art/01.png"] is None
    assert got.captions is not None and got.captions.as_json() == signed(tmp_path / "release")
    assert signed(tmp_path / "release") == {
        "source": captions.name,
        "sha256": hashlib.sha256(captions.read_bytes()).hexdigest(),
        "captioned": {"art": 18},
        "without": {"art": 3},
        "unmatched": 1,
        "withheld": {},
    }
    line = 4 if suffix == ".csv" else 3
    assert got.captions.named == (f"{captions.name}:{line} found/unknown.png",)
    assert provenance.verify(tmp_path / "release", deep=True).sound


def in_webdataset(out: Path) -> dict[str, str]:
    with tarfile.open(next((out / "art").glob("*.tar"))) as tar:
        held = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    keys = {name.split(".")[0] for name in held}
    return {json.loads(held[f"{key}.json"])["asset"]: held[f"{key}.txt"].decode() for key in keys}


def in_imagefolder(out: Path) -> dict[str, str]:
    lines = map(json.loads, (out / "art" / "metadata.jsonl").read_text().splitlines())
    return {line["asset"]: line["text"] for line in lines}


def in_mds(out: Path) -> dict[str, str]:
    shard = json.loads((out / "art" / "index.json").read_text())["shards"][0]
    assert shard["column_names"] == ["image", "item_id", "metadata", "text"]
    data = (out / "art" / shard["raw_data"]["basename"]).read_bytes()
    found = {}
    offsets = [int.from_bytes(data[at : at + 4], "little") for at in range(4, 4 * (shard["samples"] + 2), 4)]
    for start in offsets[:-1]:
        image, item, told, text = (int.from_bytes(data[start + at : start + at + 4], "little") for at in (0, 4, 8, 12))
        at = start + 16 + image + item
        found[json.loads(data[at : at + told])["asset"]] = data[at + told : at + told + text].decode()
    return found


READ = {"parquet": texts, "webdataset": in_webdataset, "mds": in_mds, "imagefolder": in_imagefolder}


def test_every_form_has_captions_in_their_usual_place_and_load_dataset_shows_them(
    studio: Studio, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    studio.add("lantern/art/photo.jpg", picture(80, form="JPEG"))  # not every picture is of one format
    studio.build()
    captions = table(tmp_path / "c.jsonl", {"path": "lantern/art/*", "caption": "лампа"})
    for form, read in READ.items():
        out = tmp_path / form
        got = made(studio, out, captions, format=form)
        assert got.captions is not None and got.captions.captioned == {"art": 17}
        found = read(out)
        assert found["lantern/art/07.png"] == found["lantern/art/photo.jpg"] == "лампа"
        assert not found["harbour/art/00.png"] and len(found) == 22
        page = (out / "README.md").read_text()
        assert "from `c.jsonl`" in page
        if form == "mds":
            assert "streaming.StreamingDataset" in page and "configs: []" in page
            continue
        cache = str(tmp_path / "cache")
        art = datasets.load_dataset(str(out), "art", split="train", cache_dir=cache)
        assert art.num_rows == 22
        said = art["txt"] if form == "webdataset" else art["text"]
        assert sorted(filter(None, said)) == ["лампа"] * 17
        pictures = [row["png"] or row["jpg"] if form == "webdataset" else row["image"] for row in art]
        assert {each.size for each in pictures} == {(96, 64)}
        if form != "imagefolder":
            scripts = datasets.load_dataset(str(out), "scripts", split="train", cache_dir=cache)
            assert sum("A lamp number 1" in (row.get("txt") or row.get("text")) for row in scripts) == 2


def test_a_scene_speaks_for_a_picture_only_while_the_script_is_cleared(studio: Studio, tmp_path: Path) -> None:
    studio.records[0]["applies_to"] = "lantern/art/**"
    studio.record("lantern/scripts/**", record_id="S", credit="Written by A. Writer")
    studio.build()
    line = {"path": "lantern/art/00.png", "script": "lantern/scripts/lantern.fountain", "scene": 2}
    captions = table(tmp_path / "c.csv", line, {"path": "lantern/art/01.png", "text": "plain"})
    out = tmp_path / "release"
    made(studio, out, captions)
    assert "A lamp number 1 flickers." in str(texts(out)["lantern/art/00.png"])
    assert "A lamp number 2" not in str(texts(out)["lantern/art/00.png"])

    admission = provenance.admit(out, ask(), ledger=studio.dataset, kinds=["art"])
    samples = [admission.torch(decode="bytes")[at] for at in range(21)]
    # The scene was handed out with its picture: it is in the receipt, though only art was asked for.
    admission.write_receipt(tmp_path / "r.json")
    checked = verify_receipt(tmp_path / "r.json", [out], ledger_at=studio.dataset)
    assert checked.good and checked.read == 22
    told = [sample["text"] for sample in samples if sample["text"]]
    assert sorted(told) == sorted([str(texts(out)["lantern/art/00.png"]), "plain"])
    assert [row["text"] for row in admission.hf("art")] == [sample["text"] for sample in samples]

    revoke(studio.dataset, "S")
    with pytest.raises(UnlicensedError, match=r"1 captions may not go .* that of lantern/art/00.png \(revoked\)"):
        provenance.admit(out, ask(), ledger=studio.dataset, kinds=["art"])
    with pytest.raises(UnlicensedError, match="captions may not go"):
        len(admission.torch("art"))  # and in a running job at the next epoch
    left = provenance.admit(out, ask(), ledger=studio.dataset, kinds=["art"], on_unlicensed="drop")
    assert {left.torch()[at]["text"] for at in range(21)} == {"", "plain"}
    assert {text for batch in left.arrow_batches() for text in batch.column("text").to_pylist()} == {None, "plain"}
    got = made(studio, tmp_path / "later", captions)
    assert got.captions is not None and got.captions.withheld == {"revoked": 1}
    assert texts(tmp_path / "later")["lantern/art/00.png"] is None


def test_a_text_beside_a_picture_is_asked_about_under_its_own_name(studio: Studio, tmp_path: Path) -> None:
    for name in ("00.txt", "01.png.txt", "02.txt"):
        studio.add(f"lantern/art/{name}", f"the lamp of {name}\n".encode())
    studio.record("lantern/art/01.png.txt", record_id="T", uses_refused="ai_generative_training", uses_allowed="")
    studio.record("lantern/art/02.txt", record_id="U", credit="Words by B. Poet")
    studio.build()
    # What the archive does not know is of unknown origin: it goes by the digest of what was given.
    studio.add("lantern/art/03.txt", b"later")
    os.symlink(studio.archive / "lantern/art/00.txt", studio.archive / "lantern/art/04.txt")
    got = made(studio, tmp_path / "release", studio.archive)
    found = {name: text for name, text in texts(tmp_path / "release").items() if text}
    assert found == {
        "lantern/art/00.png": "the lamp of 00.txt",
        "lantern/art/02.png": "the lamp of 02.txt",
        "lantern/art/03.png": "later",
    }
    assert got.captions is not None and got.captions.withheld == {"use-refused": 1}
    assert "Words by B. Poet" in got.credits
    revoke(studio.dataset, "U")
    left = provenance.admit(tmp_path / "release", ask(), ledger=studio.dataset, on_unlicensed="drop")
    assert {left.torch("art")[at]["text"] for at in range(21)} == {"", "the lamp of 00.txt", "later"}
    assert left.standing is not None and left.standing.withheld == {"revoked": 1}
    studio.add("lantern/art/05.txt", b"caf\xe9")
    with pytest.raises(InputError, match="is not UTF-8") as told:
        made(studio, tmp_path / "bad", studio.archive)
    assert told.value.where == "archive/lantern/art/05.txt:1"


def test_a_holder_who_allows_no_caption_gets_none(studio: Studio, tmp_path: Path) -> None:
    for record in studio.records:
        record["alteration"] = "no-caption" if record["record_id"] == "H" else ""
    studio.build()
    captions = table(tmp_path / "c.csv", {"path": "**", "text": "words"})
    got = made(studio, tmp_path / "release", captions)
    assert got.captions is not None and (got.captions.withheld, got.captions.captioned) == (
        {"no-caption": 5},
        {"art": 16},
    )
    assert texts(tmp_path / "release")["harbour/art/00.png"] is None


def test_a_release_of_a_release_brings_the_captions_along(built: Studio, tmp_path: Path) -> None:
    made(built, tmp_path / "one", table(tmp_path / "c.csv", {"path": "lantern/**", "text": "a lamp"}))
    provenance.release(tmp_path / "one", ask(), tmp_path / "two", ledger=built.dataset)
    assert texts(tmp_path / "two") == texts(tmp_path / "one")
    assert signed(tmp_path / "two") == signed(tmp_path / "one")
    assert provenance.verify(tmp_path / "two", deep=True).sound


BAD = {
    "no key": ("a.csv", b"text\nhello\n", "a.csv:1: has no column to say what a line is about"),
    "no text": ("a.csv", b"path,words\na.png,hello\n", "a.csv:1: has no column to say the caption"),
    "empty": ("a.csv", b"path,text\n\na.png,\n", "a.csv:3: has no caption"),
    "cells": ("a.csv", b"path,text\na.png,one, two\n", "a.csv:2: has 3 cells where the header has 2"),
    "twice": ("a.csv", b"path,text\na.png,x\nb.png,x\na.png,y\n", "a.csv:4: is about a.png again, after line 2"),
    "quote": ("a.csv", b'path,text\na.png,"never closed\n', "a.csv:2: is no CSV"),
    "latin": ("a.csv", b"path,text\na.png,x\nb.png,caf\xe9\n", "a.csv:3: is not UTF-8"),
    "glob": ("a.csv", b"path,text\nC:\\a.png,x\n", "a.csv:2: `path`: backslashes"),
    "id": ("a.jsonl", b'{"item_id": "12", "text": "x"}\n', "a.jsonl:1: `item_id` is not 64"),
    "json": ("a.jsonl", b'{"path": "a.png", "text": "x"}\n{"path"\n', "a.jsonl:2: is no JSON"),
    "number": ("a.jsonl", b'{"path": "a.png", "text": 7}\n', "a.jsonl:1: `text` is no text"),
    "script": ("a.jsonl", b'{"path": "**", "script": "no.pdf"}\n', "a.jsonl:1: no.pdf is no script of the dataset"),
    "scene": (
        "a.jsonl",
        b'{"path": "**", "script": "lantern/scripts/lantern.fountain", "scene": 9}\n',
        "a.jsonl:1: lantern/scripts/lantern.fountain has 3 scenes",
    ),
    "tie": (
        "a.csv",
        b"path,text\nlantern/art/0?.png,x\nlantern/art/?0.png,y\n",
        "a.csv:3: says something else of lantern/art/00.png than line 2, just as close",
    ),
    "parquet": ("a.parquet", b"PAR1 not really", "a.parquet: is no Parquet"),
    "nothing": ("a.csv", b"", "a.csv: holds no caption"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_captions_are_told_in_one_sentence_with_file_and_line(
    built: Studio, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, data, sentence = BAD[name]
    (tmp_path / file).write_bytes(data)
    out = tmp_path / "release"
    words = ["release", str(built.dataset), *ASK, "--out", str(out), "--captions", str(tmp_path / file)]
    assert cli.run(words) == 10
    told = capsys.readouterr().err
    assert sentence in told and "Traceback" not in told and len(told.splitlines()) == 1
    assert not out.exists()


def test_captions_come_as_one_of_the_known_files(built: Studio, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("hello")
    with pytest.raises(UsageError, match=r"from a folder of texts or from a file in \.csv"):
        made(built, tmp_path / "release", tmp_path / "c.txt")


LOOK = """
import json, os, sys
with open(os.path.join(sys.argv[1], "metadata.jsonl")) as file:
    said = sorted(json.loads(line)["text"] for line in file)
with open(sys.argv[2], "w") as file:
    json.dump(said, file)
"""


def test_exec_lends_captions_too_and_the_receipt_says_where_they_came_from(
    built: Studio, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "lantern/scripts/lantern.fountain"
    captions = table(
        tmp_path / "c.csv",
        {"path": "lantern/art/00.png", "text": "", "script": script, "scene": 1},
        {"path": "lantern/art/01.png", "text": "one", "script": "", "scene": ""},
        {"path": "found/**", "text": "none", "script": "", "scene": ""},
    )
    receipt, out = tmp_path / "r.json", tmp_path / "said.json"
    words = ["exec", "--dataset", str(built.dataset), *ASK, "--kind", "art", "--captions", str(captions)]
    command = [sys.executable, "-c", LOOK, "{data}", str(out)]
    assert cli.run([*words, "--receipt", str(receipt), "--", *command]) == 0
    said = json.loads(out.read_text())
    assert said[:20] == [""] * 19 + [said[19]] and "A lamp number 0" in said[19] and said[20] == "one"
    told = capfd.readouterr().err
    assert "captions: 2 of 21 art, from c.csv" in told
    assert "lines about nothing that is handed over: 1 (c.csv:4 found/**)" in told
    assert "21 items were handed over" in told
    checked = verify_receipt(receipt, [built.dataset])
    assert checked.good and checked.read == 22
    assert checked.receipt.captions is not None and checked.receipt.captions["source"] == "c.csv"
    assert checked.receipt.captions["captioned"] == {"art": 2}
    assert any(note.startswith("captions came from c.csv (SHA-256 ") for note in checked.notes)


def test_without_captions_nothing_is_said_of_them(built: Studio, tmp_path: Path) -> None:
    got = provenance.release(built.dataset, ask(), tmp_path / "release", format="imagefolder")
    assert got.captions is None
    assert "text" not in json.loads((tmp_path / "release/art/metadata.jsonl").read_text().splitlines()[0])
    shutil.rmtree(tmp_path / "release")
    provenance.release(built.dataset, ask(), tmp_path / "release")
    assert set(texts(tmp_path / "release").values()) == {None}
    admission = provenance.admit(tmp_path / "release", ask(), ledger=built.dataset)
    assert "text" not in admission.torch("art")[0]
