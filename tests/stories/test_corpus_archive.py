"""The main job on real input: the assembled studio archive, built once, judged, and compared with expected.csv."""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections import Counter

import pytest
from corpus_builds import Built

from provenance.admit import admit, by_asset
from provenance.cli import run
from provenance.model.words import Use
from provenance.rights.policy import Policy
from provenance.verify import verify

JOB = Policy("corpus", Use.AI_GENERATIVE_TRAINING, "commercial", frozenset({"US"}), on=dt.date(2026, 11, 23))
WORDS = {"cleared": "admit", "refused": "refuse", "review": "review"}

# Where we decide otherwise than expected.csv, and why.
OTHERWISE: dict[str, str] = {
    "01_story/scripts/library_freakout_scan.pdf": "It has no record of its own, and no text layer that would tie it to "
    "the screenplay whose record conflicts: no-record refuses, which is stricter than the review that is expected.",
    "03_production/mxf/audio_only.mxf": "There is no picture in it and hence no training item: context. A verdict is "
    "given on items, and this file has none that could be admitted.",
}


def expected(built: Built) -> dict[str, dict[str, str]]:
    with (built.studio / "expected.csv").open(encoding="utf-8", newline="") as file:
        return {row["archive_path"]: row for row in csv.DictReader(file)}


def decided(built: Built) -> dict[str, str]:
    """Return what became of every file, in the words of expected.csv."""
    verdicts = {each.asset: WORDS[each.decision.value] for each in by_asset(admit(built.dataset, JOB))}
    found = {}
    for row in built.rows:
        if row["type"] == "member":
            continue
        word = {"quarantine": "unreadable", "context": "context"}.get(row["outcome"]) or verdicts[row["asset"]]
        found |= dict.fromkeys(row["paths"], word)
    return found


def test_every_file_of_the_archive_has_exactly_one_outcome_and_the_counts_add_up(corpus_dataset: Built) -> None:
    archive = corpus_dataset.studio / "archive"
    files = {
        os.path.relpath(os.path.join(folder, name), archive) for folder, _, names in os.walk(archive) for name in names
    }
    seen = Counter(path for row in corpus_dataset.rows if row["type"] != "member" for path in row["paths"])
    assert len(files) == 222
    assert set(seen) == files
    assert set(seen.values()) == {1}
    told = corpus_dataset.told["files"]
    assert told["total"] == 222 == told["items"] + told["context"] + told["quarantine"]
    outcomes = Counter(row["outcome"] for row in corpus_dataset.rows if row["type"] != "member" for _ in row["paths"])
    assert dict(outcomes) == {name: told[name] for name in ("items", "context", "quarantine")}
    parts = ", ".join(f"{told[name]} {name}" for name in ("items", "context", "quarantine"))
    assert f"files: 222 = {parts.replace(', ', ' + ')}" in corpus_dataset.told["text"]


def test_what_is_in_quarantine_has_a_cause_and_a_sentence(corpus_dataset: Built) -> None:
    refused = [row for row in corpus_dataset.rows if row["outcome"] == "quarantine"]
    assert all(row["cause"] and row["message"] and "\n" not in row["message"] for row in refused)
    readable = {path for path, row in expected(corpus_dataset).items() if row["verdict"] != "unreadable"}
    lost = {path for row in refused if row["type"] != "member" for path in row["paths"]} & readable
    assert lost == set()


def test_the_dataset_is_sound_and_every_index_row_points_at_its_payload(corpus_dataset: Built) -> None:
    found = verify(corpus_dataset.dataset, deep=True)
    assert (found.problems, found.sound) == ((), True)


def test_the_verdicts_are_those_expected_but_for_the_ones_that_we_can_give_a_reason_for(corpus_dataset: Built) -> None:
    found, disagreed = decided(corpus_dataset), {}
    for path, row in expected(corpus_dataset).items():
        right = {row["verdict"], row["also_right"]} | ({"refuse"} if row["verdict"] == "unreadable" else set())
        if found[path] not in right:
            disagreed[path] = f"{found[path]}, expected {row['verdict']} ({row['reason_class']}: {row['note']})"
    assert {path: why for path, why in disagreed.items() if path not in OTHERWISE} == {}
    assert [path for path in OTHERWISE if path not in disagreed] == []


@pytest.mark.parametrize("words", [["verify"], ["admit"], ["explain"]], ids=lambda words: words[0])
def test_the_commands_answer_about_it(
    corpus_dataset: Built, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--use", "ai_generative_training", "--purpose", "commercial", "--territory", "US", "--on", "2026-11-23"]
    told = {
        "verify": ([], "is sound"),
        "admit": (asked, "cleared"),
        "explain": (["06_stock/iptc/stock_licensed_expires_2026-06-30.jpg", *asked], "REFUSED"),
    }
    options, word = told[words[0]]
    assert run([*words, str(corpus_dataset.dataset), *options]) == 0
    assert word in capsys.readouterr().out
