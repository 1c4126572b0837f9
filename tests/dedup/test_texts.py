"""Drafts and formats of a script are near; other scripts are not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.dedup import texts as dedup_texts
from provenance.dedup.groups import grouped
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


def _drafts(seed: int, count: int) -> np.ndarray:
    """Sketches of which many are drafts or copies of earlier ones, and some share a band with many."""
    chance = np.random.default_rng(seed)
    sketches = chance.integers(0, 1 << 32, (count, 128), dtype=np.uint32)
    for row in range(1, count):
        if chance.random() < 0.6:
            sketches[row] = sketches[chance.integers(row)]
            changed = chance.random(128) < chance.choice([0.0, 0.1, 0.3])
            sketches[row, changed] = chance.integers(0, 1 << 32, int(changed.sum()), dtype=np.uint32)
        elif chance.random() < 0.3:
            sketches[row, :4] = 7
    return sketches


@given(st.integers(0, 10**6), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_links_are_exactly_those_who_share_a_band_and_are_alike(seed: int, count: int):
    sketches = _drafts(seed, count)
    a, b, alike, _ = near_pairs(sketches)
    links = list(zip(a.tolist(), b.tolist(), strict=True))
    assert len(links) == len(set(links)) and all(one < two for one, two in links)
    first = [next(row for row in range(count) if (sketches[row] == each).all()) for each in sketches]
    bands = sketches.reshape(count, 32, 4)
    expected = {(first[row], row): 1.0 for row in range(count) if first[row] != row}
    for one in range(count):
        for two in range(one + 1, count):
            share = float((sketches[one] == sketches[two]).mean())
            speak = first[one] == one and first[two] == two
            if speak and share >= NEAR and (bands[one] == bands[two]).all(axis=1).any():
                expected[one, two] = share
    assert dict(zip(links, alike.tolist(), strict=True)) == expected


@given(st.integers(0, 10**6), st.integers(1, 60), st.floats(0, 1), st.sampled_from([3, 256]))
@settings(max_examples=80, deadline=None)
def test_groups_and_what_is_new_give_the_groups_of_all(seed: int, count: int, share: float, most: int):
    sketches = _drafts(seed, count)
    new = np.random.default_rng(seed).random(count) < share
    old = np.flatnonzero(~new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedup_texts, "MOST_IN_BUCKET", most)
        before = near_pairs(sketches[old])
        a, b, _, _ = near_pairs(sketches, new)
        every = near_pairs(sketches)
    assert all(new[a] | new[b])
    known = set(zip(old[before[0]].tolist(), old[before[1]].tolist(), strict=True))
    ends = np.concatenate([old[before[0]], a]), np.concatenate([old[before[1]], b])
    found, anew = grouped(count, *ends), grouped(count, every[0], every[1])
    if most == 256:
        assert found.tolist() == anew.tolist()
        assert set(zip(a.tolist(), b.tolist(), strict=True)).isdisjoint(known)
    else:  # what was found while a bucket was small stands when it has grown
        assert all(found[row] <= anew[row] for row in range(count))
        assert len(np.unique(np.stack([found, anew]), axis=1).T) == len(np.unique(anew))


def test_keys_that_meet_by_chance_make_nothing_equal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dedup_texts, "_mixed", lambda numbers: np.zeros(len(numbers), np.uint64))
    sketches = _drafts(3, 20)
    a, b, alike, _ = near_pairs(sketches)
    assert all((sketches[a] == sketches[b]).mean(axis=1) == alike)
    assert grouped(20, a, b).tolist() == grouped(20, *_every(sketches)).tolist()


def _every(sketches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All near pairs, each compared with each."""
    alike = (sketches[:, None] == sketches[None]).mean(axis=2)
    one, two = np.nonzero(alike >= NEAR)
    return one[one < two], two[one < two]
