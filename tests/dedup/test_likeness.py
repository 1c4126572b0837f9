"""The judge on pictures that lie on each other: what was done is named, another drawing is told from a changed copy."""

from __future__ import annotations

import glob
from pathlib import Path

import drawings
import numpy as np
import pytest
from PIL import Image

from provenance.dedup import corners
from provenance.dedup.corners import Features
from provenance.dedup.laying import lay
from provenance.dedup.likeness import Likeness, Relation
from provenance.dedup.pictures import near_pairs


def _judged(one: Image.Image, two: Image.Image) -> Likeness:
    (link,) = near_pairs(drawings.fingerprints([one, two]), every=True).links
    return link.likeness


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("re-encode q40", ()),
        ("resize 50 %", ()),
        ("crop 15 %", ("framed anew",)),
        ("crop 25 % off-centre", ("framed anew",)),
        ("letterbox", ("bars",)),
        ("pillarbox", ("bars",)),
        ("mirror", ("mirror",)),
        ("mirror + bars", ("mirror", "bars")),
        ("turn 90", ("turned by 90",)),
        ("rotate 5", ("turned a little",)),
        ("grade", ("tones",)),
        ("contrast -40 %", ("tones",)),
        ("caption", ("band at the bottom",)),
        ("watermark strong", ("overlay",)),
        ("inset 40 %", ("shown inside the other",)),
        ("mirror + crop 10 %", ("mirror", "framed anew")),
    ],
)
def test_the_change_is_named(change: str, words: tuple[str, ...]):
    told = _judged(drawings.scene(1), drawings.TRANSFORMS[change](drawings.scene(1)))
    assert told.relation is (Relation.NEAR if words else Relation.SAME)
    assert set(words) <= set(told.changes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("degrees", [5, -5, -3])
def test_a_turned_copy_is_seen_in_the_frame_of_the_original_whichever_comes_first(seed: int, degrees: float):
    # In its own frame, the black in the corners of the copy would lie beside lines of the original.
    sketched = drawings.fingerprints([drawings.sketch(seed), drawings.rotated(degrees)(drawings.sketch(seed))])
    features = Features.of(sketched.local, sketched.size)
    views = [glance.astype(np.float32) for glance in sketched.glance]
    for a, b in ((0, 1), (1, 0)):
        found = corners.fit(features, features, a, b)
        assert found is not None
        laid = lay(views[a], views[b], features.shape[[a, b]], found)
        assert np.array_equal(laid.here, views[0])


def test_every_panel_of_the_corpus_that_was_turned_is_found(corpus: Path):
    names = sorted(glob.glob(str(corpus / "art" / "munchausen" / "storyboard_2.0" / "*.png")))
    panels = [drawings.opened(name) for name in names]
    sketched = drawings.fingerprints(panels + [drawings.rotated(5)(panel) for panel in panels])
    linked = {(link.a, link.b) for link in near_pairs(sketched, every=True).links if link.likeness.near}
    assert len(panels) > 10
    assert linked == {(at, at + len(panels)) for at in range(len(panels))}
