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
from provenance.reports.content import Bars, Matrix, Report, Section, Table

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
    assert sum(batch.num_rows for batch in told.big["items"].batches()) == total


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
    asked = "todo scope crawl reasons rights expiries conflicts orders unknowns duplicates quarantine"
    assert keys[:11] == asked.split()
    assert keys[-1] == "not-covered" and len(section(told, "not-covered").notes) >= 8


def test_each_reason_leads_to_the_assets_behind_it(told: Report) -> None:
    html = page.render(told).decode()
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links and links <= set(re.findall(r' id="([^"]+)"', html))
    expired = next(each for each in section(told, "reasons").details if each.name == "expired")
    assert [row[0] for row in expired.table.rows] == ["art/stock/a.jpg"]
    assert f'href="#{expired.anchor}"' in html


def test_the_answer_is_told_in_a_sentence_with_what_it_depends_on(told: Report, found: Audit) -> None:
    assert told.answer is not None
    by = {each.value: tally.items for each, tally in found.census.by_decision().items()}
    assert told.answer.question == (
        "May these 13 items be used for generative AI training, for commercial purposes, in US, on 2026-11-23?"
    )
    assert told.answer.verdict.startswith(f"Yes for {by['cleared']} items ({round(100 * by['cleared'] / 13)} %")
    assert f"No for {by['refused']}." in told.answer.verdict
    head = found.state.valid_until
    assert head is not None and f"{head:%Y-%m-%d}" in dict(told.answer.terms)["This answer holds until"]


def test_the_work_list_covers_every_item_that_is_not_cleared(told: Report, found: Audit) -> None:
    by = {each.value: tally.items for each, tally in found.census.by_decision().items()}
    rows = table(told, "todo").rows
    kept_out = sum(int(str(row[2])) for row in rows if row[4] is not None or str(row[3]).startswith("Leave these out"))
    assert kept_out == by["review"] + by["refused"]
    assert rows[0][1] == "rights desk" and "ledger" in str(rows[0][3]) and rows[0][6] is not None
    assert any(row[1] == "archive" and "quarantine" in str(row[3]) for row in rows)


def test_charts_tell_items_and_footage_and_add_up(told: Report, found: Audit) -> None:
    by_title = {chart.title: chart for each in told.sections for chart in each.charts if isinstance(chart, Bars)}
    out = found.census.by_decision()
    items = by_title["Items not cleared, by first reason"]
    assert sum(bar.value for bar in items.bars) == out["review"].items + out["refused"].items
    works = by_title["Items by work: cleared / review / refused"]
    assert sum(bar.value for bar in works.bars) == found.census.total.items


def test_copies_under_two_bases_meet_in_the_matrix_and_lead_to_their_members(told: Report) -> None:
    chart = next(c for c in section(told, "duplicates").charts if isinstance(c, Matrix) and "Exact" in c.title)
    place = {heading: at for at, heading in enumerate(chart.headings)}
    one, other = sorted((place["ownership"], place["license"]), reverse=True)
    square = chart.rows[one][other]
    assert square.value == 1
    behind = next(each for each in section(told, "duplicates").details if each.anchor == square.leads)
    assert "art/elsewhere/01.png" in str(behind.table.rows[0][2])


def test_every_bar_mark_and_number_that_leads_finds_its_items(told: Report) -> None:
    html = page.render(told).decode()
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    bars = [bar for each in told.sections for chart in each.charts if isinstance(chart, Bars) for bar in chart.bars]
    leads = {part.leads for bar in bars for part in bar.parts if part.value}
    assert leads and leads <= set(ids)
    assert all(figure.leads in ids for figure in told.figures if figure.value != "0")


def test_json_states_its_schema_and_a_private_report_says_so_in_every_form(
    studio: Studio, tmp_path: Path, told: Report
) -> None:
    import zipfile

    assert told.as_json()["schema"] == {"name": "provenance-report", "version": 2}
    assert told.as_json()["marking"].startswith("Private")
    html = page.render(told).decode()
    assert re.search(r'@page \{ @top-left \{ content: "Rights audit\. Private:', html)
    assert cli.run(["audit", str(studio.dataset), *ASK, "--thumbnails", "0", "--out", str(tmp_path / "r.xlsx")]) == 0
    with zipfile.ZipFile(tmp_path / "r.xlsx") as package:
        sheets = [name for name in package.namelist() if name.startswith("xl/worksheets/")]
        assert sheets and all(b"<oddHeader>&amp;LRights audit. Private:" in package.read(name) for name in sheets)


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
