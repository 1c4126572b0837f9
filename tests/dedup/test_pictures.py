"""What is done to copies is seen through; drawings that differ in one place stay apart; what is blank joins nobody."""

from __future__ import annotations

import glob
from dataclasses import fields
from pathlib import Path

import drawings
import lookalikes
import numpy as np
import pytest
from PIL import Image

from provenance.dedup import likeness
from provenance.dedup.groups import grouped
from provenance.dedup.likeness import AGREES, Relation, compare
from provenance.dedup.pictures import Found, Pictures, near_pairs

KNOWN_TO_FAIL = {"inset 25 %", "inset 33 %"}  # small insets are found more often than not: see bench_dedup


@pytest.fixture(scope="module")
def originals() -> list[Image.Image]:
    return [drawings.scene(1), drawings.scene(4), drawings.sketch(2)]


def _near(found: Found) -> set[tuple[int, int]]:
    return {(link.a, link.b) for link in found.links if link.likeness.near}


@pytest.mark.parametrize("name", [name for name in drawings.TRANSFORMS if name not in KNOWN_TO_FAIL])
def test_a_copy_is_known_whatever_was_done_to_it(name: str, originals: list[Image.Image]):
    copies = [drawings.TRANSFORMS[name](image) for image in originals]
    found = near_pairs(drawings.fingerprints([*originals, *copies]), every=True)
    assert _near(found) == {(at, at + len(originals)) for at in range(len(originals))}


def test_different_pictures_are_not_joined():
    images = [drawings.scene(seed) for seed in range(20, 32)] + [drawings.sketch(seed) for seed in range(20, 32)]
    assert _near(near_pairs(drawings.fingerprints(images), every=True)) == set()


def test_the_mouths_of_one_head_are_alike_and_never_near():
    images = [drawings.face(mouth, seed=1) for mouth in range(5)]
    found = near_pairs(drawings.fingerprints(images), every=True)
    assert _near(found) == set()
    assert {link.likeness.relation for link in found.links} == {Relation.ALIKE}


def test_pictures_under_one_caption_are_not_joined_by_the_caption():
    images = [drawings.caption(drawings.sketch(seed)) for seed in range(5)]
    assert _near(near_pairs(drawings.fingerprints(images), every=True)) == set()


@pytest.mark.parametrize("name", lookalikes.SETS)
def test_different_pictures_with_something_in_common_are_not_joined(name: str):
    images = lookalikes.SETS[name](4, 60)
    assert _near(near_pairs(drawings.fingerprints(images), every=True)) == set()


@pytest.mark.parametrize("share", [0.4, 0.5])
def test_two_pictures_in_which_one_picture_is_shown_are_each_its_twin_and_not_each_others(share: float):
    shown = drawings.scene(7)
    hosts = [drawings.inset(share, host)(shown) for host in (1, 2)]
    found = near_pairs(drawings.fingerprints([shown, *hosts]), every=True)
    assert _near(found) == {(0, 1), (0, 2)}
    assert all("shown inside the other" in link.likeness.changes for link in found.links if link.likeness.near)


def test_a_copy_that_was_not_changed_is_the_same(originals: list[Image.Image]):
    (link,) = near_pairs(drawings.fingerprints([originals[0], drawings.stored(originals[0], quality=90)])).links
    assert link.likeness.relation is Relation.SAME and link.likeness.changes == ()


def test_black_frames_join_nobody_and_are_counted():
    black = [Image.new("RGB", (320, 180), (level, level, level)) for level in (0, 1, 255)]
    found = near_pairs(drawings.fingerprints([*black, drawings.scene(3)]))
    assert found.links == [] and found.counts["too little to see"] == 3


def test_a_still_that_is_held_is_searched_for_once():
    held = drawings.fingerprints([drawings.scene(3)])
    pictures = drawings.joined([held] * 60 + [drawings.fingerprints([drawings.letterbox(drawings.scene(3))])])
    found = near_pairs(pictures)
    joined = grouped(61, *found.near())
    assert joined.tolist() == [0] * 61
    assert found.counts["compared"] < 2 * 61


def test_adding_pictures_finds_the_links_that_joining_all_would_have_found(originals: list[Image.Image]):
    sketched = drawings.fingerprints([*originals, *(drawings.letterbox(image) for image in originals)])
    new = np.array([False] * 3 + [True] * 3)
    assert _near(near_pairs(sketched, new)) == _near(near_pairs(sketched))


def test_few_that_are_new_among_many_find_what_a_search_of_all_finds():
    """All their forms are asked at one index, then; and corners of the old are not joined with each other."""
    old = [drawings.scene(seed) for seed in range(24)]
    added = [drawings.mirrored(old[2]), drawings.crop(0.2)(old[7]), drawings.stored(old[11], quality=60)]
    sketched = drawings.fingerprints([*old, *added])
    new = np.arange(len(sketched)) >= len(old)
    found = _near(near_pairs(sketched, new))
    assert found == _near(near_pairs(sketched)) == {(2, 24), (7, 25), (11, 26)}


def test_nothing_has_no_twins():
    one = drawings.fingerprints([drawings.scene(1)])
    none = Pictures(**{each.name: getattr(one, each.name)[:0] for each in fields(Pictures)})
    assert near_pairs(none).links == []


def test_distinct_drawings_of_the_corpus_stay_apart(corpus: Path):
    names: list[str] = []
    for pattern in (
        "characters/mh/*.png",
        "characters/stritracer/*.png",
        "storyboard_1.0/*.png",
        "storyboard_2.0/*.png",
    ):
        names += sorted(glob.glob(str(corpus / "art" / "munchausen" / pattern)))
    assert len(names) > 25
    sketched = drawings.fingerprints([drawings.opened(name) for name in names])
    assert _near(near_pairs(sketched, every=True)) == set()


def test_every_labelled_copy_of_the_corpus_is_found(corpus: Path):
    folder = corpus / "dedup" / "derived_image"
    originals = {
        "coriander": "art/pepper_carrot/concept/2015-05-13_coriander_concept-art_by-David-Revoy.jpg",
        "ep06cover": "art/pepper_carrot/ep06/gfx_Pepper-and-Carrot_by-David-Revoy_E06.png",
        "borya": "art/munchausen/concept/borya.png",
        "board2040": "art/munchausen/storyboard_2.0/2040.png",
        "wingit": "art/blender_studio/wing_it_orig.jpg",
    }
    names = sorted(path.name for path in folder.iterdir())
    images = [drawings.opened(corpus / place) for place in originals.values()] + [
        drawings.opened(folder / name) for name in names
    ]
    found = _near(near_pairs(drawings.fingerprints(images), every=True))
    stems = list(originals)
    owner = [*stems, *(name.partition("__")[0] for name in names)]
    missed = {name for at, name in enumerate(names, len(stems)) if (stems.index(owner[at]), at) not in found}
    assert missed == set()
    assert all(owner[a] == owner[b] for a, b in found)


def test_a_band_outside_what_two_pictures_share_is_no_caption():
    # Laid over each other they share all but the left edge; with that edge left out, nothing is left out.
    picture = np.random.default_rng(7).uniform(0, 255, (64, 64)).astype(np.float32)
    shared = np.ones((64, 64), bool)
    shared[:, :16] = False
    assert likeness._spans(picture, picture, shared, shared) is False
    rest = shared.copy()
    rest[:8] = False
    captioned = np.where(shared & ~rest, np.float32(20), picture)
    assert likeness._spans(picture, captioned, shared, rest) is True


def test_a_sketch_cut_by_little_is_not_taken_for_another_drawing_because_of_how_it_lies():
    sketch = drawings.sketch(0)
    sketched = drawings.fingerprints([sketch, drawings.crop(0.03)(sketch)])
    as_they_lie = compare(*(glance.astype(np.float32) for glance in sketched.glance))
    assert as_they_lie.relation is Relation.ALIKE and as_they_lie.agreement < AGREES
    assert [(link.a, link.b) for link in near_pairs(sketched).links if link.likeness.near] == [(0, 1)]
