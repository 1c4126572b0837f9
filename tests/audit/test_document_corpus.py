"""The documents of the real archive: nothing of its register and no name of its files reaches a public one."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from corpus_builds import once
from studio import TODAY

from provenance import audit as verb
from provenance.audit import Audit
from provenance.model.words import Use
from provenance.rights.policy import Policy


@pytest.fixture(scope="module")
def found(studio_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    register = studio_archive / "rights/register.csv"
    built = once("corpus", tmp_path_factory, studio_archive / "archive", register)
    return verb.audit(
        built.dataset, Policy("test", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}), on=TODAY)
    )


def test_nothing_of_the_register_and_no_file_name_stands_in_a_public_document(
    found: Audit, studio_archive: Path
) -> None:
    with open(studio_archive / "rights/register.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    named = ("record_id", "applies_to", "work", "rights_holder", "licensor", "licensee", "agreement", "credit", "notes")
    secrets = {row[column] for row in rows for column in named if row.get(column)}
    secrets |= {place.name for place in (studio_archive / "archive").rglob("*") if place.is_file()}
    # One plain word of a folder's name says nothing, and some are words of the documents too.
    secrets = {secret for secret in secrets if len(secret) > 6 and not secret.isalpha()}
    assert len(secrets) > 300
    for name, data in verb.every_document(found).items():
        text = data.decode()
        assert [secret for secret in secrets if secret in text] == [], name


def test_the_real_archive_is_sealed_anew_file_by_file(found: Audit, studio_archive: Path) -> None:
    data = verb.document(found, "asc-mhl", studio_archive / "archive")[0]
    read = sum(len(row["files"]) for row in found.census.assets.select(["files"]).to_pylist())
    assert 0 < data.count(b"<c4 action=") == data.count(b"<hash>") <= read + len(found.census.quarantine)


def test_the_parts_of_the_real_numbers_add_up(found: Audit) -> None:
    numbers = json.loads(verb.document(found, "cyclonedx")[0])["metadata"]["component"]["data"][0]["contents"]
    told = {each["name"].removeprefix("provenance:"): int(each["value"]) for each in numbers["properties"]}
    kinds = [told[f"items:{kind}"] for kind in ("frames", "art", "scripts")]
    reasons = sum(count for name, count in told.items() if name.startswith("not-cleared:"))
    assert sum(kinds) == told["items"] == found.census.total.items
    assert told["cleared"] + reasons == told["items"] and told["cleared"] == len(found.census.admission.rows)
