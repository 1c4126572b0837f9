"""T20: secrets planted in names, paths, remarks and metadata, and every document that may be published."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hostile_studio import CANARIES, PLACES, hostile, orders
from studio import Studio

from provenance import audit as verb
from provenance import cli
from provenance.audit import Audit
from provenance.auditing import naming
from provenance.auditing.naming import Naming
from provenance.model.errors import UsageError
from provenance.reports import forms, page

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = hostile(tmp_path_factory.mktemp("t20"))
    orders(made)
    return made


@pytest.fixture(scope="module")
def found(studio: Studio) -> Audit:
    return verb.audit(studio.dataset, studio.policy())


def leaks(text: str) -> list[str]:
    names = [place.rpartition("/")[2] for place in PLACES]
    return [secret for secret in (*CANARIES, *names) if secret.lower() in text.lower()]


def test_the_private_page_holds_the_names_and_says_that_it_is_private(found: Audit) -> None:
    text = page.render(verb.report(found, thumbnails=0)).decode()
    assert "Private: names people and works" in text
    assert {"Canary Title", "Canary Holder", "Canary Agreement", "Canary Signer", "Canary Why"} <= set(leaks(text))


@pytest.mark.parametrize("form", ["html", "json", "csv", "xlsx", "parquet"])
def test_no_secret_reaches_a_public_report_in_any_form(found: Audit, tmp_path: Path, form: str) -> None:
    out = tmp_path / ("tables" if form in ("csv", "parquet") else f"report.{form}")
    forms.write(verb.report(found, public=True), form, out)
    if form == "xlsx":
        with zipfile.ZipFile(out) as package:
            text = "".join(package.read(name).decode() for name in package.namelist())
    elif form == "parquet":
        import pyarrow.parquet as pq

        text = "".join(json.dumps(pq.read_table(place).to_pylist(), default=str) for place in out.iterdir())
    else:
        text = "".join(place.read_text("utf-8") for place in ([out] if out.is_file() else out.iterdir()))
    assert leaks(text) == []
    if form == "html":
        assert "Public: names of people" in text and "data:image" not in text


def test_a_public_report_counts_the_same(found: Audit) -> None:
    private, public = (verb.report(found, public=each, thumbnails=0) for each in (False, True))
    for key in ("crawl", "kinds"):
        one, other = (next(t for t in each.tables() if t.key == key) for each in (private, public))
        assert one.rows == other.rows
    works = [
        sorted(row[1] for row in next(t for t in each.tables() if t.key == "work").rows) for each in (private, public)
    ]
    assert works[0] == works[1]


def test_the_same_name_gets_the_same_digest_here_and_another_one_elsewhere() -> None:
    one, other = Naming(b"a" * 32), Naming(b"b" * 32)
    assert one.name("holder", "X") == one.name("holder", "X") != other.name("holder", "X")
    assert one.name("holder", "X") != one.name("work", "X")


def test_the_salt_is_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    salt = naming.salt(tmp_path)
    place = tmp_path / "public-salt"
    assert len(salt) == 32 and naming.salt(tmp_path) == salt
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
    os.chmod(place, 0o644)
    with pytest.raises(UsageError, match="nobody else can read"):
        naming.salt(tmp_path)


def test_the_command_publishes_nothing_on_its_output_but_numbers(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "public.html"
    assert cli.run(["audit", str(studio.dataset), *ASK, "--public", "--out", str(out)]) == 0
    told = capsys.readouterr().out.replace(str(out), "")
    assert leaks(told) == [] and leaks(out.read_text("utf-8")) == []
