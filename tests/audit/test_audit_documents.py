"""The command that writes a public document, and what PROV says of how the verdicts came about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from secretive_studio import Case
from studio import Studio

from provenance import audit as verb
from provenance import cli
from provenance.reports import documents

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


def test_prov_derives_the_verdicts_from_version_ledger_and_policy(case: Case) -> None:
    told = json.loads(verb.document(case.found, "prov")[0])
    used = {each["prov:entity"] for each in told["used"].values() if each["prov:activity"] == "ex:gate"}
    assert used == {"ex:version", "ex:ledger", "ex:policy"}
    names = {name for kind in ("entity", "activity", "agent") for name in told[kind]}
    relations = ("wasGeneratedBy", "used", "wasAttributedTo", "wasDerivedFrom", "hadMember")
    pointed = {
        value for kind in relations for each in told[kind].values() for key, value in each.items() if key != "prov:time"
    }
    assert pointed <= names
    assert told["entity"]["ex:verdicts"]["ex:cleared"] == sum(
        each.total.items for each in case.found.census.classes if each.verdict.cleared
    )


def test_the_command_writes_a_document_and_says_what_is_lost(
    secretive: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "statement.md"
    assert cli.run(["audit", str(secretive.dataset), *ASK, "--document", "ca-ab-2013", "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if line.startswith("ca-ab-2013 cannot say: ")] == [
        f"ca-ab-2013 cannot say: {sentence}" for sentence in documents.document("ca-ab-2013").WITHOUT
    ]
    assert out.read_text("utf-8").startswith("# Training data documentation")


def test_the_command_prints_a_document_where_no_file_is_named(
    secretive: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["audit", str(secretive.dataset), *ASK, "--document", "spdx"]) == 0
    assert json.loads(capsys.readouterr().out)["@graph"]


def test_the_command_names_the_documents_to_somebody_who_asks_for_another(
    secretive: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["audit", str(secretive.dataset), *ASK, "--document", "novel"]) == 2
    assert "croissant" in capsys.readouterr().err
