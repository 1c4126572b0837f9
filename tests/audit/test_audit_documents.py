"""Public documents: numbers from the shards, blanks named as blanks, no name that is not public, loadable by others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hostile_studio import CANARIES, hostile
from studio import Studio

from provenance import audit as verb
from provenance import cli
from provenance.audit import Audit
from provenance.model.errors import UsageError
from provenance.reports import documents

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return hostile(tmp_path_factory.mktemp("documents"))


@pytest.fixture(scope="module")
def found(studio: Studio) -> Audit:
    return verb.audit(studio.dataset, studio.policy())


@pytest.mark.parametrize("name", sorted(documents.names()))
def test_no_secret_stands_in_a_document_and_its_limits_are_told(found: Audit, name: str) -> None:
    data, without = verb.document(found, name)
    text = data.decode()
    assert [secret for secret in CANARIES if secret.lower() in text.lower()] == []
    assert without and all(sentence.endswith(".") for sentence in without)
    assert found.census.admission.version.content.root in text
    assert verb.document(found, name)[0] == data


def test_an_unknown_document_is_refused_with_those_there_are(found: Audit) -> None:
    with pytest.raises(UsageError) as told:
        verb.document(found, "novel")
    assert "croissant" in (told.value.next_step or "")


def test_croissant_names_every_object_by_its_digest(found: Audit) -> None:
    told = json.loads(verb.document(found, "croissant")[0])
    assert "http://mlcommons.org/croissant/1.1" in told["conformsTo"]
    proofs = found.census.admission.version.content.proofs
    assert {each["contentUrl"]: each["sha256"] for each in told["distribution"]} == {
        path: sha256 for path, (sha256, _) in proofs.items()
    }


def test_mlcroissant_loads_what_the_document_describes(studio: Studio, found: Audit) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    place = studio.dataset / "croissant.json"
    try:
        place.write_bytes(verb.document(found, "croissant")[0])
        loaded = mlcroissant.Dataset(str(place))
        assert not loaded.metadata.issues.errors
        rows = sum(1 for each in loaded.metadata.record_sets for _ in loaded.records(each.uuid))
    finally:
        place.unlink()
    assert rows == found.census.total.items


def test_prov_derives_the_verdicts_from_version_ledger_and_policy(found: Audit) -> None:
    told = json.loads(verb.document(found, "prov")[0])
    used = {each["prov:entity"] for each in told["used"].values() if each["prov:activity"] == "ex:gate"}
    assert used == {"ex:version", "ex:ledger", "ex:policy"}
    names = {name for kind in ("entity", "activity", "agent") for name in told[kind]}
    relations = ("wasGeneratedBy", "used", "wasAttributedTo", "wasDerivedFrom", "hadMember")
    pointed = {
        value for kind in relations for each in told[kind].values() for key, value in each.items() if key != "prov:time"
    }
    assert pointed <= names
    assert told["entity"]["ex:verdicts"]["ex:cleared"] == sum(
        each.total.items for each in found.census.classes if each.verdict.cleared
    )


@pytest.mark.parametrize(("name", "lines"), [("ca-ab-2013", 12), ("eu-ai-act-53-1-d", 0)])
def test_a_statement_counts_what_is_cleared_and_marks_its_blanks(found: Audit, name: str, lines: int) -> None:
    text = verb.document(found, name)[0].decode()
    cleared = sum(each.total.items for each in found.census.classes if each.verdict.cleared)
    assert f"{cleared:,}" in text
    assert "[to be filled in by the" in text and "Not stated" in text
    assert len(re.findall(r"^\d+\. \*\*", text, re.MULTILINE)) == lines


def test_the_command_writes_a_document_and_says_what_is_lost(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "statement.md"
    assert cli.run(["audit", str(studio.dataset), *ASK, "--document", "ca-ab-2013", "--out", str(out)]) == 0
    assert "ca-ab-2013 cannot say:" in capsys.readouterr().err
    assert out.read_text("utf-8").startswith("# Training data documentation")
