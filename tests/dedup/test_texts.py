"""Drafts and formats of a script are near; other scripts are not."""

from __future__ import annotations

import random

import numpy as np

from provenance.dedup.texts import COPY, MOST_IN_BUCKET, NEAR, near_pairs
from provenance.fingerprint import text

WORDS = [f"word{number}" for number in range(400)]


def _script(seed: int, length: int = 600) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def _sketches(texts: list[list[str]]) -> np.ndarray:
    told = [text.measure(" ".join(words))["minhash_128"] for words in texts]
    return np.frombuffer(b"".join(told), "<u4").reshape(-1, 128)


def test_a_draft_with_a_few_changed_lines_is_near_and_another_script_is_not():
    final = _script(1)
    draft = [*final[:300], *_script(9, 12), *final[320:]]
    a, b, alike, counts = near_pairs(_sketches([final, _script(2), draft, _script(3)]))
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 2)]
    assert NEAR <= alike[0] < COPY
    assert counts["texts"] == 4


def test_half_a_script_is_not_near_the_whole():
    final = _script(1)
    a, _, _, _ = near_pairs(_sketches([final, final[:300]]))
    assert len(a) == 0


def test_equal_texts_are_linked_to_their_first():
    final = _script(1)
    a, b, _, _ = near_pairs(_sketches([_script(2), final, final, final]))
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == {(1, 2), (1, 3)}


def test_a_band_that_everybody_shares_is_capped_and_told():
    sketches = np.random.default_rng(1).integers(0, 1 << 32, (MOST_IN_BUCKET + 2, 128), dtype=np.uint32)
    sketches[:, :4] = 7
    a, _, _, counts = near_pairs(sketches)
    assert len(a) == 0 and counts["oversized buckets"] == 1


def test_no_text_has_no_twin():
    a, b, _, _ = near_pairs(np.empty((0, 128), np.uint32))
    assert len(a) == len(b) == 0
