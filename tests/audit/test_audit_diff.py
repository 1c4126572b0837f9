"""Diff: what came in, went out or is decided otherwise between versions, days and ledgers, and why."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance import cli
from provenance import diff as verb
from provenance.diff import Kind, Side

ASK = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    made = Studio(tmp_path_factory.mktemp("diff"))
    made.add("stays.png", picture(1))
    made.add("goes.png", picture(2))
    made.add("ends.png", picture(3))
    made.record("*.png")
    made.record("ends.png", basis="license", agreement="S-1", end="2026-12-31")
    made.build()
    (made.archive / "goes.png").unlink()
    made.add("comes.png", picture(4))
    made.add("copy of stays.png", picture(1))
    made.records[0]["uses_refused"], made.records[0]["uses_allowed"] = made.records[0]["uses_allowed"], ""
    made.build()
    return made


def test_items_that_come_and_go_are_told_by_asset_even_with_equal_ids(studio: Studio) -> None:
    found = verb.diff(studio.dataset, studio.policy(), Side(1), Side(2))
    told = {each.kind: each.assets for each in found.changes if each.kind is not Kind.CHANGED}
    assert told == {Kind.OUT: ("goes.png",), Kind.IN: ("comes.png", "copy of stays.png")}


def test_two_versions_under_one_ledger_differ_in_items_only(studio: Studio) -> None:
    found = verb.diff(studio.dataset, studio.policy(), Side(1), Side(2))
    assert found.total(Kind.CHANGED) == 0 and found.unchanged == 2
    assert found.law.changed == ()


def test_a_day_changes_verdicts_and_the_reason_is_told(studio: Studio) -> None:
    found = verb.diff(studio.dataset, studio.policy(), Side(on=dt.date(2026, 12, 31)), Side(on=dt.date(2027, 1, 1)))
    (change,) = found.changes
    assert change.assets == ("ends.png",) and change.records == (("R-002",), ("R-002",))
    assert [stand and (stand[0].value, stand[1]) for stand in (change.before, change.after)] == [
        ("cleared", ()),
        ("refused", ("expired",)),
    ]


def test_the_command_says_it_in_words_and_json(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diff", str(studio.dataset), "1", "2", *ASK, "--on", "2026-11-23"]
    assert cli.run(words) == 0
    assert "2 in, 1 out, 0 changed, 2 as they were" in capsys.readouterr().out
    assert cli.run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == {"in": 2, "out": 1, "changed": 0, "unchanged": 2}
    assert told["schema"] == {"name": "provenance-difference", "version": 2} and told["marking"].startswith("Private")
    assert cli.run(["diff", str(studio.dataset), *ASK]) == 2


def test_the_difference_is_a_page_too_and_a_public_one_names_nothing(studio: Studio, tmp_path: Path) -> None:
    words = ["diff", str(studio.dataset), "1", "2", *ASK, "--on", "2026-11-23", "--out"]
    assert cli.run([*words, str(tmp_path / "private.html")]) == 0
    page = (tmp_path / "private.html").read_text("utf-8")
    assert "Private:" in page and "copy of stays.png" in page and "0 items decided otherwise, 2 came in" in page
    for name in ("public.html", "public.json"):
        assert cli.run([*words, str(tmp_path / name), "--public"]) == 0
        told = (tmp_path / name).read_text("utf-8")
        assert "Public:" in told
        assert [secret for secret in ("stays.png", "comes.png", "goes.png", "R-001", "S-1") if secret in told] == []
    assert cli.run([*words[:-1], "--public"]) == 2


def test_what_the_ledger_learnt_between_two_moments_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A home of its own: the trust file remembers the latest moment it has seen.
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    day = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(day.timestamp())))
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.record("a.png")
    studio.build()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(day.timestamp()) + 3 * 86400))
    studio.records[0]["status"], studio.records[0]["status_date"] = "revoked", "2026-11-01"
    studio.build()
    known = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    found = verb.diff(studio.dataset, studio.policy(), Side(known_at=known), Side())
    assert found.law.revoked == ("R-001",)
    assert [each.after and each.after[1] for each in found.changes] == [("revoked",)]
