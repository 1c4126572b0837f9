"""A release: what is cleared and nothing else, signed, with its credits, in every form; and exec, which lends one."""

from __future__ import annotations

import itertools
import json
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from handoff_samples import ask, revoke
from studio import Studio, picture

import provenance
from provenance import cli, exports
from provenance.model.errors import (
    ChangedError,
    RightsError,
    RollbackError,
    UnlicensedError,
    UsageError,
)
from provenance.model.words import Use
from provenance.receipts import verify_model, verify_receipt
from provenance.release import verify_files
from provenance.rights.policy import Duplicates
from provenance.verify import Problem

ART = {picture(number) for number in (*range(16), *range(40, 44))}


def test_a_parquet_release_is_a_sound_dataset_of_admitted_items_only(built: Studio, tmp_path: Path) -> None:
    out = tmp_path / "release"
    made = provenance.release(built.dataset, ask(duplicates=Duplicates.EXACT), out)
    assert made.items == {"art": 20, "scripts": 4}
    assert (made.left_out, made.not_cleared) == (1, 1)
    found = provenance.verify(out, deep=True)
    assert found.sound, found.problems
    release = provenance.admit(out, ask(), ledger=built.dataset)
    assert {release.torch("art", decode="bytes")[at]["image"] for at in range(20)} == ART
    assert release.dataset.id != built.admit().dataset.id
    assert not (out / "tmp").exists()


def test_a_release_in_files_is_not_asked_what_only_a_dataset_knows(
    built: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "release"
    provenance.release(built.dataset, ask(), out, format="webdataset")
    assert cli.run(["audit", str(out), "--ledger", str(built.dataset)]) == 2
    told = capsys.readouterr().err
    assert "a release in files, not in Parquet" in told and "provenance verify" in told


def test_a_release_loads_with_plain_load_dataset(built: Studio, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = tmp_path / "release"
    provenance.release(built.dataset, ask(), out)
    art = datasets.load_dataset(str(out), "art", split="train", cache_dir=str(tmp_path / "cache"))
    assert art.num_rows == 21
    assert art[0]["image"].size == (96, 64)
    assert "found/unknown.png" not in set(art["asset"])


def test_the_credits_that_licences_ask_for_stand_in_the_release(built: Studio, tmp_path: Path) -> None:
    out = tmp_path / "release"
    made = provenance.release(built.dataset, ask(), out)
    text = (out / "ATTRIBUTION.md").read_text()
    for credit in made.credits:
        assert f"`{credit}`" in text
    page = (out / "README.md").read_text()
    assert "ai_generative_training, commercial purposes, in US" in page
    assert f"good until | {made.valid_until:%Y-%m-%dT%H:%M:%SZ}" in page


def test_a_release_without_the_current_ledger_trains_nothing(built: Studio, tmp_path: Path) -> None:
    out = tmp_path / "release"
    provenance.release(built.dataset, ask(), out)
    assert cli.run(["admit", str(out), *ASK]) == 20
    assert cli.run(["admit", str(out), *ASK, "--ledger", str(built.dataset)]) == 0
    with pytest.raises(RightsError, match="no rights ledger") as told:
        provenance.admit(out, ask())
    assert told.value.next_step == "name the folder that holds the current ledger"


def test_a_release_made_before_a_revocation_is_refused_by_the_newer_ledger(studio: Studio, tmp_path: Path) -> None:
    out = tmp_path / "release"
    provenance.release(studio.dataset, ask(), out)
    shutil.copytree(out, tmp_path / "copy")
    revoke(studio.dataset, "H")
    with pytest.raises(UnlicensedError, match=r"5 items are not licensed: harbour/art/00.png \(revoked\)"):
        provenance.admit(tmp_path / "copy", ask(), ledger=studio.dataset)
    left = provenance.admit(tmp_path / "copy", ask(), ledger=studio.dataset, on_unlicensed="drop")
    assert len(left.torch("art")) == 16


def test_an_older_ledger_handed_beside_a_release_is_a_rollback(studio: Studio, tmp_path: Path) -> None:
    provenance.release(studio.dataset, ask(), tmp_path / "release")
    for part in ("ledger", "keys"):
        shutil.copytree(studio.dataset / part, tmp_path / "old" / part)
    revoke(studio.dataset, "H")
    with pytest.raises(RollbackError, match="ends at 1, and 2 was seen before"):
        provenance.admit(tmp_path / "release", ask(), ledger=tmp_path / "old")


def test_whatever_is_changed_in_a_release_is_found(built: Studio, tmp_path: Path) -> None:
    out = tmp_path / "release"
    provenance.release(built.dataset, ask(), out)
    (out / "ATTRIBUTION.md").write_text("no credits")
    assert [(each.path, each.problem) for each in provenance.verify(out).problems] == [
        ("ATTRIBUTION.md", Problem.CHANGED)
    ]
    (out / "ATTRIBUTION.md").unlink()
    assert [each.problem for each in provenance.verify(out).problems] == [Problem.MISSING]


def test_nothing_cleared_is_no_release_and_a_folder_is_never_written_over(built: Studio, tmp_path: Path) -> None:
    licensee = ask(use=Use.LICENSE_OUT_TRAINING, recipient="somebody")
    with pytest.raises(UnlicensedError, match="nothing is cleared"):
        provenance.release(built.dataset, licensee, tmp_path / "release")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        provenance.release(built.dataset, ask(), tmp_path / "full")
    with pytest.raises(UsageError, match="no release format is called 'zip'"):
        provenance.release(built.dataset, ask(), tmp_path / "new", format="zip")


def webdataset(out: Path) -> set[bytes]:
    found = set()
    for file in sorted((out / "art").glob("*.tar")):
        with tarfile.open(file) as tar:
            members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        for name, data in members.items():
            if name.endswith(".png"):
                told = json.loads(members[name.replace(".png", ".json")])
                assert told["asset"].split("/")[0] in ("lantern", "harbour")
                found.add(data)
    return found


def mds(out: Path) -> set[bytes]:
    """Read by the format's description, apart from our writer."""
    index = json.loads((out / "art" / "index.json").read_bytes())
    found = set()
    for shard in index["shards"]:
        data = (out / "art" / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        (count,) = struct.unpack_from("<I", data)
        offsets = struct.unpack_from(f"<{count + 1}I", data, 4)
        assert count == shard["samples"] and offsets[-1] == len(data)
        assert json.loads(data[4 * (count + 2) : offsets[0]])["column_names"] == shard["column_names"]
        for start, end in itertools.pairwise(offsets):
            sizes = struct.unpack_from("<3I", data, start)
            at, columns = start + 12, {}
            for name, size in zip(shard["column_names"], sizes, strict=True):
                columns[name] = data[at : at + size]
                at += size
            assert at == end
            found.add(columns["image"])
    return found


def imagefolder(out: Path) -> set[bytes]:
    lines = [json.loads(line) for line in (out / "art" / "metadata.jsonl").read_text().splitlines()]
    return {(out / "art" / line["file_name"]).read_bytes() for line in lines}


FORMS = {"webdataset": webdataset, "mds": mds, "imagefolder": imagefolder}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_form_holds_the_same_admitted_bytes_and_is_signed(built: Studio, tmp_path: Path, name: str) -> None:
    out = tmp_path / "release"
    made = provenance.release(built.dataset, ask(), out, format=name)
    assert made.items == {"art": 21, "scripts": 4}
    assert FORMS[name](out) == ART
    assert verify_files(out) == made.files + 2
    (out / "extra.bin").write_bytes(b"more")
    with pytest.raises(ChangedError, match="was not signed"):
        verify_files(out)
    (out / "extra.bin").unlink()
    victim = next((out / "art").glob("*[!n]"))
    victim.write_bytes(victim.read_bytes() + b"!")
    with pytest.raises(ChangedError, match="not the ones that were signed"):
        verify_files(out)


def test_an_image_folder_release_loads_with_plain_load_dataset(built: Studio, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    provenance.release(built.dataset, ask(), tmp_path / "release", format="imagefolder")
    cache = str(tmp_path / "cache")
    art = datasets.load_dataset(str(tmp_path / "release"), "art", split="train", cache_dir=cache)
    assert art.num_rows == 21 and art[0]["image"].size == (96, 64)
    assert art[0]["rights_holder"] == "Lantern Studio"


def test_every_form_on_the_shelf_is_tested() -> None:
    assert set(exports.names()) == {*FORMS, "parquet"}


COUNT = """
import json, os, sys
folder = sys.argv[1]
lines = [json.loads(line) for line in open(os.path.join(folder, "metadata.jsonl"))]
assert all(os.path.isfile(os.path.join(folder, line["file_name"])) for line in lines)
assert os.environ["HF_HOME"].startswith(os.path.dirname(os.path.dirname(folder)))
open(sys.argv[2], "w").write(json.dumps([folder, len(lines), sorted({line["asset"] for line in lines})]))
"""

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--duplicates", "exact"]


def test_exec_lends_a_folder_of_licensed_items_and_takes_it_back(
    built: Studio, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.json"
    words = ["exec", "--dataset", str(built.dataset), *ASK, "--kind", "art", "--trained", str(model), "--"]
    assert cli.run([*words, sys.executable, "-c", COUNT, "{data}", str(model)]) == 0
    folder, count, assets = json.loads(model.read_text())
    assert count == 20 and "found/unknown.png" not in assets
    assert not Path(folder).exists() and not Path(folder).parents[1].exists()
    checked = verify_model(model, [built.dataset])
    assert checked.good and checked.read == 20
    assert "20 items were handed over" in capfd.readouterr().err


def test_a_command_that_fails_keeps_its_code_and_the_receipt_of_what_it_was_given(
    built: Studio, tmp_path: Path
) -> None:
    receipt = tmp_path / "r.json"
    words = ["exec", "--dataset", str(built.dataset), *ASK, "--receipt", str(receipt), "--"]
    assert cli.run([*words, sys.executable, "-c", "import sys; sys.exit(7)", "{data}"]) == 7
    assert verify_receipt(receipt, [built.dataset]).read == 24
    assert cli.run([*words, sys.executable, "-c", "pass"]) == 2
    assert cli.run([*words, "/no/such/program", "{data}"]) == 2


def test_release_and_verify_from_the_command_line(
    built: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "release"
    assert cli.run(["release", str(built.dataset), *ASK, "--out", str(out), "--format", "webdataset"]) == 0
    assert "left out: 1 not cleared, 1 like one that is in" in capsys.readouterr().out
    assert cli.run(["verify", str(out)]) == 0
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")
    assert cli.run(["verify", "--model", str(model)]) == 30
    assert "has no receipt" in capsys.readouterr().err
    admission = provenance.admit(built.dataset, ask(), under="lantern/")
    admission.torch("art")[0]
    admission.write_receipt(model=model)
    assert cli.run(["verify", str(built.dataset), "--model", str(model)]) == 0
    assert "the receipt stands: 1 items read, 1 of 1 parts recomputed" in capsys.readouterr().out
    assert cli.run(["verify", "--receipt", f"{model}.receipt.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recomputed"] == 0


def test_a_release_is_readable_without_this_package(built: Studio, tmp_path: Path) -> None:
    """A raw load of a release is allowed: it holds licensed items only."""
    provenance.release(built.dataset, ask(), tmp_path / "release")
    code = (
        "import glob, sys, pyarrow.parquet as pq; "
        "print(sum(pq.ParquetFile(f).metadata.num_rows for f in glob.glob(sys.argv[1] + '/data/art/*.parquet')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(tmp_path / "release")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "21\n"


@pytest.mark.parametrize(
    ("words", "count"), [(["--duplicates", "keep"], 21), (["--duplicates", "exact"], 20), ([], 20)]
)
def test_how_many_of_the_alike_are_taken_stands_in_the_policy_and_in_the_receipt(
    built: Studio, tmp_path: Path, words: list[str], count: int
) -> None:
    """Near is the default: no more than one of two copies that are exact, too."""
    receipt, policy = tmp_path / "r.json", tmp_path / "policy.toml"
    policy.write_text('name = "p"\nuse = "ai_generative_training"\npurpose = "commercial"\nterritories = ["US"]\n')
    command = ["exec", "--dataset", str(built.dataset), "--policy", str(policy), *words, "--kind", "art"]
    assert cli.run([*command, "--receipt", str(receipt), "--", sys.executable, "-c", "pass", "{data}"]) == 0
    (part,) = verify_receipt(receipt, [built.dataset]).receipt.parts
    assert part.terms.policy is not None
    assert part.terms.policy["duplicates"] == (words[1] if words else "near")
    assert len(part.read) == count if words else len(part.read) <= count
