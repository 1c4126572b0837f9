"""Text fingerprints: the rules of `text-normal-v1`, frozen vectors, and what similarity means for scripts."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from provenance.fingerprint import text

SCENE = "EXT. PARK--DAY\n\nBOB\nHi hello. Don’t run!\n\nThe dog barks at the sky, and the sky answers."


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  EXT.  PARK--DAY\n", "ext park day"),
        ("Don't don’t DON‘T", "dont dont dont"),
        ("ﬁne ＡＢＣ ①", "fine abc 1"),
        ("Straße STRASSE", "strasse strasse"),
        ("co\u00adop zero\u200bwidth", "coop zerowidth"),
        ("café cafe\u0301", "café café"),
        ("हिन्दी में", "हिन्दी में"),
        ("東京です。", "東 京 で す"),
        ("ИНТ. КВАРТИРА – ДЕНЬ", "инт квартира день"),
        ("** -- !!", ""),
        ("lone \ud800 surrogate", "lone surrogate"),
    ],
)
def test_typography_case_and_layout_do_not_make_another_text(written: str, normal: str) -> None:
    assert text.normalise(written) == normal


@pytest.mark.parametrize("written", ["ĲSSEL ﬀ ǅ", "ΑΣ Σας ΐ", "İstanbul I", "e\u0345\u0301 ᾲ", SCENE])
def test_normalising_twice_changes_nothing(written: str) -> None:
    once = text.normalise(written)
    assert text.normalise(once) == once


def test_frozen_vectors_stay_as_they_are_in_every_dataset_ever_written() -> None:
    measured = text.measure(SCENE)
    assert measured["text_sha256"] == "e98589955f7fa706590bdd072bbc358086601220f6a7feae77627bde1828c31a"
    assert struct.unpack("<4I", measured["minhash_128"][:16]) == (3507078476, 3386306619, 2137006027, 675381923)
    assert (
        hashlib.sha256(measured["minhash_128"]).hexdigest()
        == "25735012f892e4c305ae7c1f93bc224ab9adeadea6b8d331947cb7b82283a345"
    )
    assert measured["language_script"] == "Latn"
    assert (
        hashlib.sha256(text.measure("東京の夜は長い")["minhash_128"]).hexdigest()
        == "8987ea18dfa17be2a11d644ac2ec5c6c1c345748cd0a5d6eab69473c1cc0037d"
    )
    assert (
        hashlib.sha256(text.measure("Fin")["minhash_128"]).hexdigest()
        == "51743fdd9de9448c38f121a8d6c44734f3ccb2d7ca538304f99e940e15df77f3"
    )


def test_a_text_without_words_has_a_digest_and_no_minhash() -> None:
    measured = text.measure(" \n--")
    assert measured["text_sha256"] == hashlib.sha256(b"").hexdigest()
    assert measured["minhash_128"] is None
    assert measured["language_script"] is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Белая ночь. Night", "Cyrl"),
        ("Le café", "Latn"),
        ("東京タワー", "Jpan"),
        ("北京的夜", "Hani"),
        ("서울의 밤", "Hang"),
        ("ليل", "Arab"),
        ("לילה", "Hebr"),
        ("123 …", None),
    ],
)
def test_the_script_is_that_of_most_letters(written: str, code: str | None) -> None:
    assert text.language_script(written) == code


def test_the_estimate_stays_near_the_exact_similarity() -> None:
    words = [f"w{i}" for i in range(400)]
    for kept in (400, 360, 300, 200, 0):
        other = words[:kept] + [f"x{i}" for i in range(400 - kept)]
        a, b = " ".join(words), " ".join(other)
        estimate = text.jaccard(text.measure(a)["minhash_128"], text.measure(b)["minhash_128"])
        assert estimate == pytest.approx(text.similarity(a, b), abs=0.12)


def test_similarity_is_the_share_of_common_three_word_runs() -> None:
    assert text.similarity("a b c d", "A, b; c -- e") == pytest.approx(1 / 3)
    assert text.similarity("", "!") == 1.0


def test_a_sketch_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="512 bytes, not 3"):
        text.jaccard(b"abc", bytes(512))


def test_the_corpus_drafts_and_layouts_lie_where_its_ground_truth_says(corpus: Path) -> None:
    def read(name: str) -> str:
        return (corpus / "scripts" / name).read_text("utf-8-sig")

    final = read("fountain/cyber_bob_ep1_final.fountain")
    assert text.similarity(final, read("fountain/cyber_bob_ep1_draft.fountain")) == pytest.approx(0.805, abs=0.01)
    assert text.similarity(final, read("text/cyber_bob_ep1_final_layout.txt")) == pytest.approx(0.925, abs=0.01)
    assert text.similarity(final, read("fountain/the_library_freak-out.fountain")) == pytest.approx(0.009, abs=0.005)
