"""What training takes once: copies of a picture, and no picture that a pan or a clip merely leads to."""

from __future__ import annotations

import drawings
import numpy as np
from PIL import Image

from provenance.dedup.copies import of_pictures
from provenance.dedup.pictures import near_pairs


def _pan(frames: int) -> list[Image.Image]:
    """A camera goes over a wide painting: each frame overlaps the next, the first and the last do not."""
    wide = drawings.scene(21, (2400, 500))
    step = (wide.width - 800) // (frames - 1)
    return [drawings.stored(wide.crop((at * step, 0, at * step + 800, 500)), quality=90) for at in range(frames)]


def _copies(images: list[Image.Image], assets: list[int], quality: list[int] | None = None) -> list[int]:
    one_group = np.zeros(len(images), np.int64)
    better = np.array(quality or [1] * len(images), np.int64)
    return of_pictures(drawings.fingerprints(images), one_group, np.array(assets, np.int64), better).tolist()


def test_no_frame_of_a_pan_is_lost_that_was_joined_into_one_group():
    assert _copies(_pan(9), [0] * 9) == list(range(9))


def test_frames_of_a_pan_are_laid_over_each_other_without_a_common_edge():
    # Once this stopped a build: a band along an edge that neither of the two frames has.
    links = near_pairs(drawings.fingerprints(_pan(9))).links
    assert any(link.likeness.near for link in links)


def test_a_held_shot_is_taken_once():
    held = [drawings.stored(drawings.scene(4), quality=quality) for quality in (95, 90, 85, 80)]
    assert _copies(held, [0] * 4) == [0, 0, 0, 0]


def test_the_film_leads_and_its_clip_adds_nothing_even_where_the_clip_is_sharper_or_mirrored():
    film = _pan(9)
    clip = [drawings.resized(1.5)(film[at]) for at in (2, 7)]
    mirrored = [film[5].transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    images = [*clip, *film, *mirrored]
    assets, quality = [0] * 2 + [1] * 9 + [2], [2] * 2 + [1] * 10
    assert _copies(images, assets, quality) == [0, 1, 2, 3, 0, 5, 6, 7, 8, 1, 10, 7]


def test_copies_of_a_painting_from_everywhere_are_one():
    painting = drawings.scene(7)
    images = [drawings.crop(0.2)(painting), painting, drawings.letterbox(painting)]
    assert _copies(images, [4, 5, 6]) == [0, 0, 0]


def test_drawings_of_a_mouth_are_each_taken():
    assert _copies([drawings.face(mouth) for mouth in range(4)], [0] * 4) == [0, 1, 2, 3]


def test_the_order_of_links_and_of_groups_does_not_matter():
    film, other = _pan(5), [drawings.scene(30), drawings.resized(0.5)(drawings.scene(30))]
    sketched = drawings.fingerprints([film[0], other[0], *film[1:], other[1]])
    near = np.array([8, 3, 8, 8, 8, 8, 3], np.int64)
    asset = np.array([1, 2, 1, 1, 1, 1, 3], np.int64)
    assert of_pictures(sketched, near, asset, np.ones(7, np.int64)).tolist() == [0, 1, 2, 3, 4, 5, 1]
