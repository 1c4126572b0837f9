"""The judge on pictures that lie on each other: what was done is named, another drawing is told from a changed copy."""

from __future__ import annotations

import drawings
import pytest
from PIL import Image

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
