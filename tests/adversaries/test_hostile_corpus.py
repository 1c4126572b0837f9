"""A build over every hostile file of the corpus: one named outcome each, no traceback, no stop."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from corpus_builds import Built, once

from provenance.model.words import Cause
from provenance.verify import verify


@pytest.fixture(scope="session")
def hostile(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return once("hostile", tmp_path_factory, corpus / "hostile", None)


def test_every_hostile_file_has_exactly_one_outcome_with_a_name(corpus: Path, hostile: Built) -> None:
    files = {
        os.path.relpath(os.path.join(folder, name), corpus / "hostile")
        for folder, _, names in os.walk(corpus / "hostile")
        for name in names
    }
    seen = Counter(path for row in hostile.rows if row["type"] != "member" for path in row["paths"])
    assert set(seen) == files
    assert set(seen.values()) == {1}
    causes = Counter(row["cause"] for row in hostile.rows if row["outcome"] == "quarantine")
    print(dict(causes))
    assert set(causes) <= {cause.value for cause in Cause}
    # An attack that only kills its reader would be told as crashed: in all of the corpus there is none today.
    assert causes["crashed"] == 0
    assert sum(hostile.told["quarantine"]["causes"].values()) == causes.total()


def test_every_refusal_is_one_sentence_and_no_traceback(hostile: Built) -> None:
    for row in hostile.rows:
        if row["outcome"] == "quarantine":
            assert re.fullmatch(r"[^\n]{8,600}", row["message"]), row
            assert "Traceback" not in row["message"]
            assert "/site-packages/" not in row["message"]


def test_what_hostile_files_left_is_a_sound_dataset(hostile: Built) -> None:
    assert verify(hostile.dataset, deep=True).sound
