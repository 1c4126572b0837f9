"""Shots: cuts are found where they are, and not where the picture merely moves, flashes, flickers or fades."""

from __future__ import annotations

import numpy as np
from video_samples import extracts, number_of, numbered, write

from provenance.media._shots import REACH, SHORTEST, Cuts

X264 = {"preset": "ultrafast", "crf": "18", "g": "250"}


def starts(thumbs):
    """The frames at which shots begin."""
    cuts, answers = Cuts(), []
    for thumb in thumbs:
        answer = cuts.push(thumb)
        if answer is not None:
            answers.append(answer)
    answers += cuts.flush()
    assert len(answers) == len(thumbs)
    return [at for at, begins in enumerate(answers) if begins]


def scene(seed, frames, speed=1, gain=1.0):
    """A textured ground that slides by, with grain that changes each frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 210, (8, 24))
    ground = np.kron(coarse, np.ones((8, 8)))
    for at in range(frames):
        moved = np.roll(ground, at * speed, axis=1)[:54, :96]
        yield np.clip(moved * gain + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8)


def test_a_cut_between_two_scenes_is_found_at_its_frame():
    assert starts([*scene(1, 20), *scene(2, 30), *scene(3, 25)]) == [0, 20, 50]


def test_answers_come_in_order_and_only_so_late():
    cuts = Cuts()
    late = [cuts.push(thumb) for thumb in scene(1, 12)]
    assert late[:REACH] == [None] * REACH
    assert late[REACH:] == [True] + [False] * (11 - REACH)
    assert cuts.flush() == [False] * REACH


def test_fast_motion_and_grain_are_no_cut():
    assert starts(list(scene(4, 60, speed=9))) == [0]


def test_a_flash_of_up_to_three_frames_is_no_cut():
    for length in (1, 2, 3):
        frames = list(scene(5, 40))
        for at in range(20, 20 + length):
            frames[at] = np.full_like(frames[at], 250)
        assert starts(frames) == [0], length


def test_a_flash_in_the_last_frame_before_a_cut_does_not_hide_the_cut():
    frames = [*scene(5, 20), *scene(6, 20)]
    assert starts(frames) == [0, 20]


def test_a_title_that_appears_over_a_still_ground_is_no_cut():
    frames = list(scene(7, 30, speed=0))
    for at in range(15, 30):
        frames[at][20:34, 10:86] = 245
    assert starts(frames) == [0]


def test_a_fade_through_black_begins_a_shot_where_the_picture_returns():
    out = [
        np.clip(16 + (thumb - 16.0) * (1 - at / 20), 16, 255).astype(np.uint8)
        for at, thumb in enumerate(scene(8, 20, speed=0))
    ]
    black = [np.full((54, 96), 16, np.uint8)] * 6
    back = [
        np.clip(16 + (thumb - 16.0) * min(1, at / 20), 16, 255).astype(np.uint8)
        for at, thumb in enumerate(scene(9, 30))
    ]
    (first, second) = starts([*scene(8, 10, speed=0), *out, *black, *back])
    assert first == 0
    assert 36 <= second <= 40


def test_a_film_that_begins_in_black_does_not_begin_twice():
    black = [np.full((54, 96), 16, np.uint8)] * 12
    rise = [np.clip(16 + (thumb - 16.0) * (at / 20), 16, 255).astype(np.uint8) for at, thumb in enumerate(scene(9, 20))]
    assert starts([*black, *rise]) == [0]


def test_two_cuts_lie_apart_but_a_trimmed_first_shot_may_be_short():
    assert starts([*scene(1, 2), *scene(2, 30)]) == [0, 2]
    assert starts([*scene(1, 20), *scene(2, SHORTEST - 3), *scene(3, 20)])[:2] == [0, 20]


def test_a_change_of_size_begins_a_shot():
    assert starts([*scene(1, 20), *(thumb[:40, :80] for thumb in scene(1, 20))]) == [0, 20]


def textured(number, seed):
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.uniform(30, 220, (3, 12, 3)), np.ones((16, 16, 1)))
    picture = numbered(number)
    picture[:48] = ground
    return picture


def test_frames_know_their_shot_and_shots_give_their_middle(tmp_path):
    lengths = [48, 30, 72]
    pictures = [textured(at, seed) for at, seed in enumerate(np.repeat([1, 2, 3], lengths).tolist())]
    for at, picture in enumerate(pictures):
        picture[48:60] = [20, 130, 240][0 if at < 48 else 1 if at < 78 else 2]
    path = write(tmp_path / "a.mp4", "libx264", frames=pictures, options=X264)
    assert [(item.locator.frame, item.fields["shot"]) for item in extracts(path)] == [
        (0, 1),
        (24, 1),
        (48, 2),
        (72, 2),
        (96, 3),
        (120, 3),
        (144, 3),
    ]
    shots = extracts(path, "shots")
    assert [item.fields["shot"] for item in shots] == [1, 2, 3]
    # Of 48, 30 and 72 frames each fourth, second, eighth is a candidate; the nearest to 23.5, 14.5 and 35.5 of each.
    assert [item.locator.frame for item in shots] == [24, 48 + 14, 78 + 32]
    assert [number_of(item.payload) for item in shots] == [item.locator.frame for item in shots]


def test_a_long_shot_gives_a_frame_for_each_ten_seconds(tmp_path):
    pictures = [numbered(at) for at in range(260)]
    for picture in pictures:
        picture[48:] = 90
    path = write(tmp_path / "a.mp4", "libx264", frames=pictures[:246], rate=10, options=X264)  # 24.6 seconds
    # Full spans hold 100 frames, of which each eighth is a candidate; what is left is too short to count.
    assert [item.locator.frame for item in extracts(path, "shots")] == [48, 148]
    path = write(tmp_path / "b.mp4", "libx264", frames=pictures, rate=10, options=X264)
    assert [item.locator.frame for item in extracts(path, "shots")] == [48, 148, 228]
