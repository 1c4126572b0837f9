"""Videos are matched in time: a changed clip is found at its place in the film; what only looks alike is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest
from PIL import Image, ImageDraw

from provenance.dedup.sequences import Match, matches
from provenance.dedup.views import LOOKS, Track, looks
from provenance.fingerprint import trail

SECONDS = 24


@pytest.fixture(scope="module")
def film() -> films.Film:
    return films.Film(1, SECONDS)


@pytest.fixture(scope="module")
def whole(film: films.Film, tmp_path_factory: pytest.TempPathFactory) -> Track:
    return films.track(films.encoded(tmp_path_factory.mktemp("film") / "film.mp4", film, 0, SECONDS), 0)


def _only(tracks: list[Track]) -> Match:
    found, _ = matches(tracks)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 40},
        {"look": films.boxed},
        {"look": films.cropped(0.05)},
        {"look": films.panned},
        {"look": films.subtitled},
        {"look": films.graded},
        {"rate": 30},
        {"rate": 25, "speed": 25 / 24},
        {"speed": 0.8},
        {"speed": 1.25},
    ],
    ids=["re-encode", "letterbox", "crop", "pan and scan", "subtitles", "grade", "30 fps", "PAL", "slower", "faster"],
)
def test_a_changed_clip_is_one_match_with_its_times_in_the_film(
    film: films.Film, whole: Track, tmp_path: Path, options: dict[str, Any]
):
    low, high = 6.27, 15.27
    found = _only([whole, films.track(films.encoded(tmp_path / "clip.mp4", film, low, high, **options), 1)])
    speed = options.get("speed", 1.0)
    assert np.abs(np.array(found.first) - (low, high)).max() < 0.5
    assert np.abs(np.array(found.second) - (0, (high - low) / speed)).max() < 0.5
    assert abs(found.speed / speed - 1) < 0.02
    assert found.form == "upright" and found.agreement > 0.9


def test_a_mirrored_clip_is_told_as_mirrored(film: films.Film, whole: Track, tmp_path: Path):
    path = films.encoded(tmp_path / "clip.mp4", film, 6.27, 15.27, look=films.mirrored)
    found = _only([whole, films.track(path, 1)])
    assert found.form == "mirror" and abs(found.first[0] - 6.27) < 0.3


def test_a_replaced_half_is_left_out_of_the_range(film: films.Film, whole: Track, tmp_path: Path):
    other = films.Film(9, SECONDS)
    path = films.encoded(tmp_path / "half.mp4", lambda time: (other if time < 12 else film)(time), 0, SECONDS)
    found = _only([whole, films.track(path, 1)])
    assert abs(found.first[0] - 12) < 0.3 and abs(found.second[0] - 12) < 0.3
    assert abs(found.first[1] - SECONDS) < 0.3


def test_films_that_share_nothing_do_not_match(whole: Track, tmp_path: Path):
    others = [films.track(films.encoded(tmp_path / "o.mp4", films.Film(seed, 12), 0, 12), seed) for seed in range(2, 6)]
    assert matches([whole, *others])[0] == []


def test_the_tracks_of_one_file_are_not_matched_with_each_other(whole: Track):
    assert matches([whole, whole])[0] == []
    assert len(matches([whole, replace(whole, asset=1)])[0]) == 1


def _card(text: str) -> Image.Image:
    card = Image.new("RGB", films.SIZE, (20, 20, 60))
    ImageDraw.Draw(card).text((60, 60), text, fill="white", font_size=30)
    return card


def test_a_slate_and_black_that_two_films_share_are_no_match(tmp_path: Path):
    """Five seconds of one title card and three of black before each of two films."""
    slate, black = _card("LANTERN HILL"), Image.new("RGB", films.SIZE)
    tracks = []
    for seed in (2, 3):
        own = films.Film(seed, 6)

        def shown(time: float, own: films.Film = own) -> Image.Image:
            return slate if time < 5 else black if time < 8 else own(time - 8)

        tracks.append(films.track(films.encoded(tmp_path / "film.mp4", shown, 0, 14), seed))
    assert matches(tracks)[0] == []


def test_black_that_both_end_in_does_not_stretch_a_match(film: films.Film, tmp_path: Path):
    black = Image.new("RGB", films.SIZE)
    tracks = [
        films.track(
            films.encoded(tmp_path / "f.mp4", lambda time, end=end: film(time) if time < end else black, low, end + 6),
            n,
        )
        for n, (low, end) in enumerate(((0, 16.0), (6, 16.0)))
    ]
    found = _only(tracks)
    assert found.first[1] < 16.3 and found.second[1] < 10.3


def test_another_take_before_the_same_painting_is_no_match(tmp_path: Path):
    """The same camera, the same set: only who walks in it is another."""
    takes = [
        films.track(films.encoded(tmp_path / "t.mp4", lambda time, who=who: films.shot(1003, time, who), 0, 8), who)
        for who in (1, 2)
    ]
    assert matches(takes)[0] == []
    assert len(matches([takes[0], replace(takes[0], asset=9)])[0]) == 1


def test_heads_that_speak_other_lines_on_a_still_ground_are_no_match(tmp_path: Path):
    heads = [films.drawings.face(mouth, 3).resize((176, 180)) for mouth in range(6)]

    def speaking(seed: int) -> Callable[[float], Image.Image]:
        order = np.random.default_rng(seed).integers(0, 6, 100)

        def shown(time: float) -> Image.Image:
            out = Image.new("RGB", films.SIZE, (120, 150, 90))
            out.paste(heads[order[int(time * 8)]], (70, 0))
            return out

        return shown

    tracks = [films.track(films.encoded(tmp_path / "h.mp4", speaking(seed), 0, 8), seed) for seed in (1, 2)]
    assert matches(tracks)[0] == []


def test_only_pairs_with_something_new_are_told_and_they_are_told_alike(film: films.Film, whole: Track, tmp_path: Path):
    clip = films.track(films.encoded(tmp_path / "c.mp4", film, 3, 12, look=films.graded), 1)
    later = films.track(films.encoded(tmp_path / "c.mp4", film, 8.5, 18), 2)
    every, _ = matches([whole, clip, later])
    assert {(each.a, each.b) for each in every} == {(0, 1), (0, 2), (1, 2)}
    added, _ = matches([whole, clip, later], np.array([False, False, True]))
    assert added == [each for each in every if each.b == 2]


def test_frames_taken_sparsely_are_matched_by_those_alone(film: films.Film, whole: Track, tmp_path: Path):
    """An intra-coded master is reached by seeking: its trail is a view a second, and the film's fills the gaps."""
    master = films.track(films.encoded(tmp_path / "m.mov", film, 4, 14, codec="prores_ks"), 1)
    assert len(master.time) == 10
    found = _only([whole, master])
    assert abs(found.first[0] - 4) < 0.3 and found.first[1] > 12.5 and found.speed == 1.0


def test_the_trail_of_a_drawn_sequence_never_changes():
    rows, columns = np.mgrid[0:27, 0:98]
    gathered = trail.Trail()
    for number in range(60):
        time = Fraction(number, 24)
        if gathered.wants(time):
            gathered.add(
                time, 1 + number // 30, ((rows * 7 + columns * (3 + number) + number * 5) % 256).astype(np.uint8)
            )
    record = gathered.take()
    entries = trail.unpack(record)
    assert entries["ms"].tolist() == [125 * number for number in range(20)]
    assert entries["shot"].tolist() == [1] * 10 + [2] * 10
    assert hashlib.sha256(record).hexdigest() == FROZEN
    assert gathered.take() == b""


FROZEN = "095e3447e7649445d8e947279e5ef974ad341080c4ae6a36d6c134f50ce419d5"


def test_a_view_is_the_mean_of_equal_parts():
    thumb = np.zeros((24, 16), np.uint8)
    thumb[:3] = 90  # two of sixteen parts of 24 rows: the first whole, the second whole
    assert trail.view(thumb)[:3, 0].tolist() == [90, 90, 0]
    thumb[:] = 201
    assert (trail.view(thumb) == 201).all() and trail.view(np.full((5, 3), 7, np.uint8)).shape == (16, 16)


def test_corpus_copies_of_the_teaser_are_found_at_their_place(corpus: Path):
    teaser = films.track(corpus / "video/bbb/bbb_0-30s_720p_vp8.webm", 0)
    copies = {
        "dedup/derived_video/bbb_letterbox_bars.mp4": (14, 18),
        "dedup/derived_video/bbb_subtitled_logo.mp4": (14, 18),
        "dedup/derived_video/bbb_pal_speedup.mp4": (14, 18),
        "video/bbb/bbb_480x360_10s_h264.mp4": (10, 20),
    }
    for number, (name, truth) in enumerate(copies.items(), 1):
        found = _only([teaser, films.track(corpus / name, number)])
        assert np.abs(np.array(found.first) - truth).max() < 0.3, name
    other = films.track(corpus / "video/bbb/bbb_wakeup_720p25_h264.mp4", 9)
    assert matches([teaser, other])[0] == []


def test_corpus_pattern_of_vpdq_is_one_match_from_end_to_end(corpus: Path):
    names = ("pattern-hd-no-bar.mp4", "pattern-sd-grey-bar.mp4")
    found = _only([films.track(corpus / "dedup" / "vpdq" / name, number) for number, name in enumerate(names)])
    assert found.speed == 1.0 and max(found.first[0], found.second[0]) < 0.2
    assert min(found.first[1], found.second[1]) > 6.7


def test_what_is_kept_of_a_track_is_what_its_name_says():
    """A frozen vector: whoever changes what `looks` says must give it another name, or old and new are compared."""
    chance = np.random.default_rng(0)
    time = np.arange(400) / 8
    ends = np.repeat(np.repeat(chance.integers(0, 256, (21, 4, 4)), 4, 1), 4, 2)  # pictures that fade into each other
    step = np.arange(20)[:, None, None]
    view = np.concatenate([(a * (20 - step) + b * step) // 20 for a, b in pairwise(ends)]).astype(np.uint8)
    view[100:140] = view[100]  # held
    view[300:] = chance.integers(126, 130, view[300:].shape)  # nothing to see
    told = looks(Track(5, time, view, np.zeros(400, np.int64), (0.0, 0.125, 1.0, 0.875)), 7)
    digest = hashlib.sha256(told.tobytes()).hexdigest()[:16]
    assert (LOOKS, len(told), int(told["thin"].sum()), digest) == ("looks-v1", 256, 236, "5eeb894c9d3c0002")
