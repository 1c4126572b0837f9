"""The report of an audit: totals add up to the crawl, figures lead to items, equal input gives equal bytes."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from studio import TODAY, Studio, small

from provenance import audit as verb
from provenance import cli
from provenance.audit import Audit
from provenance.auditing import census
from provenance.model.errors import UsageError
from provenance.reports import page
from provenance.reports.content import Report, Section, Table

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = small(tmp_path_factory.mktemp("audit"))
    made.add("art/owned/copy of 01.png", (made.archive / "art/owned/01.png").read_bytes())
    made.add("art/elsewhere/01.png", (made.archive / "art/owned/01.png").read_bytes())
    made.record("art/elsewhere/**", rights_holder="Another House", basis="license", agreement="A-9", end="2026-12-15")
    made.record("art/owned/03.png", uses_allowed="", uses_refused="")
    made.record("never/there.png")
    made.build()
    return made


@pytest.fixture(scope="module")
def found(studio: Studio) -> Audit:
    return verb.audit(studio.dataset, studio.policy())


@pytest.fixture(scope="module")
def told(found: Audit) -> Report:
    return verb.report(found, thumbnails=6, unlocked=True)


def section(report: Report, key: str) -> Section:
    return next(each for each in report.sections if each.key == key)


def table(report: Report, key: str) -> Table:
    return next(each for each in report.tables() if each.key == key)


def test_files_and_items_add_up_to_the_crawl(studio: Studio, told: Report) -> None:
    files = sum(1 for each in studio.archive.rglob("*") if each.is_file())
    rows = {row[0]: row[1] for row in table(told, "crawl").rows}
    assert rows == {"items": 11, "context": 1, "quarantine": 1, "total": files}
    kinds = {row[0]: row[1:5] for row in table(told, "kinds").rows}
    for items, *decided in kinds.values():
        assert items == sum(decided)
    assert kinds["total"] == tuple(sum(row[at] for name, row in kinds.items() if name != "total") for at in range(4))
    assert "are the same" in section(told, "crawl").about


def test_every_table_of_the_rights_sums_to_all_items(told: Report) -> None:
    total = next(row[1] for row in table(told, "kinds").rows if row[0] == "total")
    for key in ("work", "holder", "license", "basis"):
        assert sum(row[1] for row in table(told, key).rows) == total, key
    reasons = table(told, "reasons").rows
    assert sum(row[2] for row in reasons[:-1]) == reasons[-1][2] == total
    assert told.big["items"].num_rows == total


def test_a_report_says_all_that_a_licence_audit_states(studio: Studio, found: Audit, told: Report) -> None:
    facts = dict(section(told, "scope").facts)
    version = found.census.admission.version
    assert facts["Merkle root of its objects"] == version.content.root
    assert found.census.admission.dataset.keys.current.fingerprint == facts["Signed with build key"]
    assert found.rights_keys.current.fingerprint == facts["Signed with rights key"]
    assert facts["Policy"].endswith(studio.policy().digest)
    assert facts["Day that counts"].startswith(TODAY.isoformat())
    assert re.search("SHA-256 [0-9a-f]{64}$", facts["Rules"]) and "provenance" in facts["Made by"]
    assert found.census.admission.book.entries[-1].digest in facts["Ledger head"]
    keys = [each.key for each in told.sections]
    asked = "scope crawl reasons rights expiries conflicts orders unknowns duplicates quarantine"
    assert keys[:10] == asked.split()
    assert keys[-1] == "not-covered" and len(section(told, "not-covered").notes) >= 8


def test_each_reason_leads_to_the_assets_behind_it(told: Report) -> None:
    html = page.render(told).decode()
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links and links <= set(re.findall(r' id="([^"]+)"', html))
    expired = next(each for each in section(told, "reasons").details if each.name == "expired")
    assert [row[0] for row in expired.table.rows] == ["art/stock/a.jpg"]
    assert f'href="#{expired.anchor}"' in html


def test_copies_under_rival_holders_stand_among_the_conflicts(told: Report) -> None:
    raised = {(row[0], row[1]) for row in table(told, "open").rows}
    assert ("twin-conflict", "Another House (license)") in raised
    assert ("undecided", "R-005") in raised


def test_what_ends_within_the_year_says_when_and_by_which_record(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    from studio import picture

    studio.add("stock/a.png", picture(1))
    studio.record("stock/**", basis="license", agreement="S-2", end="2027-01-31", license="LicenseRef-Stock")
    studio.build()
    found = verb.audit(studio.dataset, studio.policy())
    (row,) = table(verb.report(found, thumbnails=0), "expiries").rows
    assert row[:3] == (dt.date(2027, 2, 1), 70, 1) and row[4:6] == ("R-001", "S-2")
    assert found.failures(["expiring"], 69) == {} and found.failures(["expiring"], 70) == {"expiring": 1}


def test_records_that_touch_nothing_are_named(told: Report) -> None:
    assert [row[0] for row in table(told, "idle-records").rows] == ["R-006"]


def test_equal_input_gives_equal_bytes(studio: Studio, told: Report) -> None:
    again = verb.report(verb.audit(studio.dataset, studio.policy()), thumbnails=6, unlocked=True)
    assert page.render(again) == page.render(told)


def test_the_contact_sheet_shows_what_is_not_cleared_in_new_small_pictures(told: Report) -> None:
    shown = section(told, "sheet").pictures
    assert {each.decision for each in shown} == {"refused", "review"}
    pictures = [each.jpeg for each in shown if each.jpeg]
    assert len(pictures) >= 3 and all(each.startswith(b"\xff\xd8") and len(each) < 20_000 for each in pictures)
    assert len({each.caption for each in shown}) == len(shown) <= 6


def test_a_scheduled_job_fails_by_who_must_act(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    audit = ["audit", str(studio.dataset), *ASK]
    assert cli.run(audit) == 0
    assert cli.run([*audit, "--fail-on", "quarantine"]) == 10
    assert cli.run([*audit, "--fail-on", "refused,quarantine"]) == 20
    assert cli.run([*audit, "--fail-on", "expiring", "--expiring", "1d"]) == 0
    assert cli.run([*audit, "--fail-on", "colour"]) == 2
    assert "expiring" in capsys.readouterr().err


def test_what_nobody_foresaw_to_fail_on_is_refused(found: Audit) -> None:
    with pytest.raises(UsageError, match="nothing to fail on"):
        found.failures(["typo"], 1)


def test_every_form_has_the_same_tables(studio: Studio, tmp_path: Path, told: Report) -> None:
    import csv

    import openpyxl
    import pyarrow.parquet as pq

    audit = ["audit", str(studio.dataset), *ASK, "--thumbnails", "0", "--out"]
    for name in ("r.json", "r.xlsx"):
        assert cli.run([*audit, str(tmp_path / name)]) == 0
    for form in ("csv", "parquet"):
        assert cli.run([*audit, str(tmp_path / form), "--format", form]) == 0
    wanted = [list(row) for row in table(told, "work").rows]
    said = json.loads((tmp_path / "r.json").read_text())
    rights = next(each for each in said["sections"] if each["key"] == "rights")
    assert [[row["work"], row["items"]] for row in rights["tables"]["work"]["rows"]] == [row[:2] for row in wanted]
    with open(tmp_path / "csv/work.csv", encoding="utf-8-sig", newline="") as file:
        assert [row[:2] for row in csv.reader(file)][1:] == [[row[0], str(row[1])] for row in wanted]
    assert pq.read_table(tmp_path / "parquet/work.parquet").column("items").to_pylist() == [row[1] for row in wanted]
    assert pq.read_table(tmp_path / "parquet/items.parquet").num_rows == 13
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["work"]
    assert [list(row[:2]) for row in sheet.iter_rows(min_row=2, values_only=True)] == [row[:2] for row in wanted]


def test_the_rules_have_a_digest_that_names_their_source() -> None:
    assert census.rules_version() == census.rules_version()
    assert re.fullmatch("[0-9a-f]{64}", census.rules_version())
