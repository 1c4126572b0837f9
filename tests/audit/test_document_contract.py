"""The contract of the shelf of documents: a new file on it is tested here with no test edited.

Every document, of a dataset and of a release: the same bytes again, no secret, parsed by its suffix, its limits and its
blanks in it, and its totals those of the shards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from secretive_studio import SECRETS, Case
from studio import Studio

from provenance import audit as verb
from provenance import cli
from provenance.auditing import facts, naming
from provenance.auditing.naming import Naming
from provenance.model.errors import UsageError
from provenance.model.words import sha256_hex
from provenance.reports import documents
from provenance.reports.subject import Counts, Subject

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(documents.names())
every = pytest.mark.parametrize("name", NAMES)


def subject(case: Case) -> Subject:
    return facts.subject(case.found.census, case.found.state, Naming(naming.salt()))


def texts(name: str, data: bytes) -> Iterator[str]:
    """Parse a document by its suffix, and return every text in it."""
    suffix = documents.document(name).SUFFIX
    if suffix.endswith(".json"):
        todo = [json.loads(data)]
        while todo:
            each = todo.pop()
            if isinstance(each, dict):
                todo += [*each.values(), *each]
            elif isinstance(each, list):
                todo += each
            else:
                yield str(each)
    elif suffix.endswith(".mhl"):
        yield from ElementTree.fromstring(data).itertext()
    else:
        assert suffix.endswith(".md"), f"how is a {suffix} parsed?"
        text = data.decode()
        assert text.startswith(("# ", "---\n")) and text.endswith("\n") and "\r" not in text
        yield text


def bare(text: str) -> str:
    """Return the letters and digits of a text, so that no change of case or of what parts words hides a name."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def numbers(name: str, data: bytes) -> set[int]:
    """Return all whole numbers in a document, with or without a comma at the thousands."""
    return {
        int(found.replace(",", ""))
        for text in texts(name, data)
        for found in re.findall(r"(?<![\w.-])\d[\d,]*(?![\w-]|\.\d)", text)
    }


@every
def test_a_document_is_the_same_again(case: Case, name: str) -> None:
    assert verb.document(case.found, name) == verb.document(case.found, name)


@every
def test_no_secret_stands_in_a_document(case: Case, name: str) -> None:
    data, _ = verb.document(case.found, name)
    text = "\n".join([data.decode(), *texts(name, data)])
    assert [secret for secret in SECRETS if bare(secret) in bare(text)] == []
    assert str(case.archive) not in text and str(Path.home()) not in text


@every
def test_a_document_names_its_version_and_what_it_cannot_say(case: Case, name: str) -> None:
    data, without = verb.document(case.found, name)
    text = "\n".join(texts(name, data))
    assert case.found.census.admission.version.content.root in text
    assert without and all(re.fullmatch(r"[A-Z].*\.", sentence) for sentence in without)
    assert [sentence for sentence in without if sentence not in text] == []


@every
def test_what_is_not_recorded_is_named_as_a_blank(case: Case, name: str) -> None:
    text = "\n".join(texts(name, verb.document(case.found, name)[0]))
    assert "Not stated" in text or "[to be filled in by the" in text


@every
def test_the_totals_of_a_document_are_those_of_the_shards(case: Case, name: str) -> None:
    shards = case.found.census.admission.version.content.shards
    rows = sum(pq.ParquetFile(case.place / shard.path).metadata.num_rows for shard in shards)
    cleared = len(case.found.census.admission.rows)
    told = numbers(name, verb.document(case.found, name)[0])
    assert (rows in told, cleared in told) == (True, True)
    assert (subject(case).total_items, subject(case).cleared_items) == (rows, cleared)


@every
def test_no_total_of_a_document_is_made_up(case: Case, name: str) -> None:
    # Numbers that could be nothing else: if they come out, they went in through the subject.
    odd = replace(
        subject(case),
        all={"frames": Counts(7_000_003, 1.5, 11), "art": Counts(20, 0.0, 13), "scripts": Counts(1, 0.0, 17)},
        cleared={"frames": Counts(5_000_011, 1.5, 11), "art": Counts(7, 0.0, 13), "scripts": Counts(0, 0.0, 0)},
        bases={"ownership": 5_000_018},
    )
    told = numbers(name, documents.document(name).write(odd))
    assert {7_000_024, 5_000_018} <= told
    near = {number for number in told if 4_900_000 < number < 7_100_000}
    assert near <= {7_000_024, 5_000_018, 7_000_003, 5_000_011}


def test_a_release_tells_its_source_its_end_and_where_its_credits_stand(case: Case) -> None:
    release = subject(case).release
    if release is None:
        assert all("A release:" not in verb.document(case.found, name)[0].decode() for name in NAMES)
        return
    (path, sha256, size), admitted = release.files[0], case.found.census.admission.version.content.options["release"]
    page = (case.place / path).read_bytes()
    assert (path, size) == ("ATTRIBUTION.md", len(page))
    for name in NAMES:
        text = "\n".join(texts(name, verb.document(case.found, name)[0]))
        missing = [each for each in ("dataset", "decided", "valid_until") if str(admitted[each]) not in text]
        assert (name, missing, sha256 in text) == (name, [], True)


def test_the_counts_of_a_subject_add_up(case: Case) -> None:
    told = subject(case)
    assert sum(told.bases.values()) == told.cleared_items
    assert sum(told.reasons.values()) == told.total_items - told.cleared_items
    assert told.unlicensed <= told.cleared_items
    assert {grant.items > 0 for grant in told.grants} == {True}


def test_an_unknown_document_is_refused_with_those_there_are(case: Case) -> None:
    with pytest.raises(UsageError) as told:
        verb.document(case.found, "novel")
    assert all(name in (told.value.next_step or "") for name in NAMES)


def test_help_and_readme_list_what_is_on_the_shelf(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["audit", "--help"]) == 0
    told = re.sub(r"-\s+", "-", capsys.readouterr().out)
    listed = re.search(r"into the folder --out:([^.]*)\.", " ".join(told.split()))
    assert listed and [name.strip() for name in listed[1].split(",")] == NAMES
    table = re.findall(r"^\| `([a-z0-9-]+)` \| .* \| .* \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(table) == NAMES


ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


def test_all_documents_go_into_a_folder_with_an_index_that_proves_them(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if subject(case).release is not None:
        files = verb.every_document(case.found)
    else:
        assert cli.run(["audit", str(case.place), *ASK, "--document", "all", "--out", str(tmp_path / "papers")]) == 0
        assert capsys.readouterr().out == f"wrote all documents and their index to {tmp_path / 'papers'}\n"
        files = {place.name: place.read_bytes() for place in (tmp_path / "papers").iterdir()}
    index = json.loads(files["index.json"])
    assert [each["name"] for each in index["documents"]] == NAMES
    assert {each["file"] for each in index["documents"]} == files.keys() - {"index.json", "index.md"}
    assert all(sha256_hex(files[each["file"]]) == each["sha256"] for each in index["documents"])
    assert all(each["sha256"] in files["index.md"].decode() for each in index["documents"])
    assert not any(each["private"] for each in index["documents"])
    assert [secret for secret in SECRETS if secret.lower().encode() in b"\n".join(files.values()).lower()] == []


def test_all_documents_want_a_folder_and_an_archive_wants_a_document(
    secretive: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    ask = ["audit", str(secretive.dataset), *ASK]
    for more, said in (
        (["--document", "all"], "go into a folder"),
        (["--document", "all", "--out", str(tmp_path / "file")], "go into a folder"),
        (["--archive", str(secretive.archive)], "for a document only"),
        (["--document", "spdx", "--archive", str(secretive.archive)], "no private form"),
    ):
        assert cli.run([*ask, *more]) == 2
        assert said in capsys.readouterr().err
