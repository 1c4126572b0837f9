"""The corpus archive judged by its register alone, wherever the register alone is the point of the row."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

from provenance.model.words import Use
from provenance.rights.gate import Verdict, judge
from provenance.rights.law import Law
from provenance.rights.ledger import LedgerState
from provenance.rights.policy import Policy
from provenance.rights.reasons import Decision, Reason
from provenance.rights.sources import register

JOB = Policy("corpus", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}))
DAY = dt.date(2026, 11, 23)
# The classes of expected.csv that the register decides alone, and the reason that we give for each.
BY_REGISTER = {
    "granted": {()},
    "no-record": {(Reason.NO_RECORD,)},
    "third-party": {(Reason.REFERENCE_ONLY,)},
    "revoked": {(Reason.REVOKED,)},
    "expired": {(Reason.EXPIRED,)},
    "not-yet-valid": {(Reason.NOT_YET_VALID,)},
    "use-not-granted": {(Reason.USE_REFUSED,)},
    "non-commercial": {(Reason.PURPOSE,)},
    "licence-unclear": {(Reason.UNDECIDED,)},
    "revoked-by-twin": {(Reason.NO_RECORD,), ()},
    "opt-out-by-twin": {(Reason.NO_RECORD,), ()},
}
DECISIONS = {"admit": Decision.CLEARED, "refuse": Decision.REFUSED, "review": Decision.REVIEW}
# The end date of this still stands in the file, not in the register.
IN_THE_FILE = {"06_stock/iptc/stock_licensed_expires_2026-06-30.jpg"}


def _law(archive: Path) -> Law:
    statements = register.read((archive / "rights" / "register.csv").read_bytes(), "register.csv")
    return Law(LedgerState(statements=statements))


def _verdict(law: Law, path: str, day: dt.date) -> Verdict:
    return judge(law.evidence(path.encode()), JOB, day)


def _rows(archive: Path) -> list[dict[str, str]]:
    with (archive / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_register_alone_gives_the_expected_verdicts(studio_archive: Path) -> None:
    law, checked = _law(studio_archive), 0
    for row in _rows(studio_archive):
        expected = BY_REGISTER.get(row["reason_class"])
        if expected is None or row["archive_path"] in IN_THE_FILE:
            continue
        verdict = _verdict(law, row["archive_path"], DAY)
        assert verdict.reasons in expected, row
        if not row["reason_class"].endswith("-by-twin"):
            assert verdict.decision is DECISIONS[row["verdict"]], row
        checked += 1
    assert checked == 165


def test_only_the_rows_that_the_plan_names_change_when_the_clock_moves(studio_archive: Path) -> None:
    law = _law(studio_archive)
    paths = [row["archive_path"] for row in _rows(studio_archive)]

    def cleared(day: dt.date) -> set[str]:
        return {path for path in paths if _verdict(law, path, day).cleared}

    today = cleared(DAY)
    assert cleared(dt.date(2026, 6, 30)) ^ today == {
        "06_stock/previews/stock_00017.jpg",
        "02_art/storyboard/reel2/2040.png",
        "01_story/scripts/radio_studio_fadein.fdx",
    }
    assert cleared(dt.date(2026, 7, 1)) ^ cleared(dt.date(2026, 6, 30)) == {"06_stock/previews/stock_00017.jpg"}
    assert cleared(dt.date(2027, 1, 1)) - today == {"06_stock/clips/rabbit_l.webm"}
    assert today - cleared(dt.date(2028, 1, 1)) == {"06_stock/clips/rabbit_s.webm"}


def test_the_film_that_is_free_in_one_country_is_free_there_only(studio_archive: Path) -> None:
    evidence = _law(studio_archive).evidence(b"07_thirdparty_ref/his_girl_friday.mp4")
    assert judge(evidence, JOB, DAY).cleared
    assert judge(evidence, replace(JOB, territories=frozenset({"US", "DE"})), DAY).reasons == (Reason.TERRITORY,)


def test_without_a_register_nothing_is_admitted(studio_archive: Path) -> None:
    law = Law(LedgerState())
    assert not any(_verdict(law, row["archive_path"], DAY).cleared for row in _rows(studio_archive))
