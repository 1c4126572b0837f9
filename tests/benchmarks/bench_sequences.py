"""Videos matched in time: recall and range error by what was done to the copy, beside vPDQ's share of hashes.

PROVENANCE_CORPUS=... python tests/benchmarks/bench_sequences.py [--films 4] [--hours 8]

Films with cuts, pans and walking figures are drawn and encoded; copies of 60 s, 10 s and 5 s of each are changed,
encoded and read as a build reads them, one frame a second. Found: a match that covers at least 0.8 of the true range,
its offset right within a second. Error: how far its ends lie from the true ones, in the film. Beside it the rule of
vPDQ: at least 0.8 of the copy's frames, here one a second, have a frame of the film within 31 bits; it tells no times.
False: matches between films that have nothing in common.

The cost of matching is measured on trails that are made up: programmes of ten minutes, each of shots of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "dedup"))  # where films is

import films
from _report import measure, report

from provenance.dedup.neighbours import within, words
from provenance.dedup.sequences import matches
from provenance.dedup.views import Track
from provenance.fingerprint.trail import PER_SECOND

SECONDS = 60
GOAL = 0.95
HARD = ("crop 20 %", "turned by 5 degrees", "in a picture", "twice as fast", "half as fast")  # told, no goal
CHANGES: dict[str, dict[str, Any]] = {
    "re-encode": {"quality": 40},
    "resize to a half": {"look": films.resized(160, 90)},
    "letterbox": {"look": films.boxed},
    "crop 5 %": {"look": films.cropped(0.05)},
    "crop 10 %": {"look": films.cropped(0.10)},
    "pan and scan": {"look": films.panned},
    "mirror": {"look": films.mirrored},
    "subtitles": {"look": films.subtitled},
    "logo": {"look": films.marked},
    "grade": {"look": films.graded},
    "grey": {"look": films.grey},
    "24 to 25, sped up": {"rate": 25, "speed": 25 / 24},
    "0.8 of the speed": {"speed": 0.8},
    "1.25 of the speed": {"speed": 1.25},
    "24 to 30 a second": {"rate": 30},
    "24 to 12 a second": {"rate": 12},
    "letterbox, grade, sped up": {
        "look": lambda picture: films.boxed(films.graded(picture)),
        "rate": 25,
        "speed": 25 / 24,
    },
    "crop 20 %": {"look": films.cropped(0.20)},
    "turned by 5 degrees": {"look": films.turned},
    "in a picture": {"look": films.in_another},
    "twice as fast": {"speed": 2.0},
    "half as fast": {"speed": 0.5},
}


@dataclass(frozen=True)
class Copy:
    """A changed copy of part of a film. truth: seconds of the film it shows; from: where in the copy that begins."""

    film: int
    change: str
    part: str
    truth: tuple[float, float]
    begins: float
    track: Track
    hashes: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=4)
    parser.add_argument("--hours", type=float, default=8.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "film.mp4"
        drawn = [films.Film(seed, SECONDS) for seed in range(asked.films)]
        whole = [_read(films.encoded(place, film, 0, SECONDS), number) for number, film in enumerate(drawn)]
        copies = list(_copies(place, drawn))
    _recall(whole, copies)
    _strangers([track for track, _ in whole], copies)
    corpus = Path(os.environ.get("PROVENANCE_CORPUS", ""))
    if (corpus / "dedup" / "derived_video").is_dir():
        _labelled(corpus)
    else:
        print("no corpus (PROVENANCE_CORPUS): its labelled videos are left out")
    _cost(asked.hours)


def _read(path: Path, number: int) -> tuple[Track, np.ndarray]:
    told = [each.fields for each in films.extracts(path)]
    hashes = [each["pdq_256"] for each in told if each["pdq_quality"] >= 50]  # vPDQ's own least quality
    return films.track_of_fields(told, number), np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)


def _copies(place: Path, drawn: list[films.Film]) -> Iterator[Copy]:
    for number, film in enumerate(drawn):
        other = films.Film(500 + number, SECONDS)
        # Odd places: neither on a second nor on a frame of the film.
        ten, five = 20.31 + number, 40.77 - number
        parts = {"whole": (0.0, float(SECONDS)), "10 s": (ten, ten + 10), "5 s": (five, five + 5)}
        for change, options in CHANGES.items():
            for part, (low, high) in parts.items():
                path = films.encoded(place, film, low, high, **options)
                yield Copy(number, change, part, (low, high), 0.0, *_read(path, 10_000))
        path = films.encoded(place, _spliced(other, film, SECONDS / 2, SECONDS, 0), 0, SECONDS)
        yield Copy(number, "first half replaced", "whole", (SECONDS / 2, SECONDS), SECONDS / 2, *_read(path, 10_000))
        for part in ("10 s", "5 s"):
            low, high = parts[part]
            path = films.encoded(place, _spliced(other, film, 20, 20 + high - low, low - 20), 0, 40)
            yield Copy(number, "clip inside another film", part, (low, high), 20.0, *_read(path, 10_000))


def _spliced(around: films.Film, inside: films.Film, low: float, high: float, later: float) -> films.Frames:
    """One film, and another in its place from `low` to `high`, there from `low + later` on."""
    return lambda time: inside(time + later) if low <= time < high else around(time)


def _recall(whole: list[tuple[Track, np.ndarray]], copies: list[Copy]) -> None:
    print(f"{'recall, median error of the ends (s)':36}{'whole':>12}{'10 s':>14}{'5 s':>14}   speed off   vPDQ 31")
    every: dict[str, float] = {}
    for change in dict.fromkeys(copy.change for copy in copies):
        row, speeds, vpdq = "", [], []
        hits: list[bool] = []
        for part in ("whole", "10 s", "5 s"):
            told = [copy for copy in copies if copy.change == change and copy.part == part]
            errors = []
            for copy in told:
                track, hashes = whole[copy.film]
                error, speed = _found(track, copy)
                errors.append(error)
                hits.append(error is not None)
                speeds += [speed] if speed is not None else []
                near = within(words(copy.hashes), 31, words(hashes)).a
                vpdq.append(len(np.unique(near)) >= 0.8 * max(1, len(copy.hashes)))
            good = [error for error in errors if error is not None]
            shown = f"{len(good) / len(told):.2f} ({np.median(good):.2f})" if good else ("0.00" if told else "")
            row += f"{shown:>14}"
        every[change] = float(np.mean(hits))
        off = f"{100 * np.median(speeds):.2f} %" if speeds else "-"
        print(f"{change:34}{row}{off:>12}{np.mean(vpdq):>10.2f}")
    goals = {name: value for name, value in every.items() if name not in HARD}
    worst = min(goals, key=goals.__getitem__)
    report("sequences: least recall of a change", goals[worst], GOAL, at_least=True, unit="", detail=worst)
    print("without a goal: " + ", ".join(f"{name} {every[name]:.2f}" for name in HARD))


def _found(track: Track, copy: Copy) -> tuple[float | None, float | None]:
    """Return how far the ends of the match are off, None when there is none, and by what share its speed is."""
    low, high = copy.truth
    true_speed = float(CHANGES.get(copy.change, {}).get("speed", 1.0))
    for match in matches([track, copy.track])[0]:
        covered = min(high, match.first[1]) - max(low, match.first[0])
        begins = copy.begins + (match.first[0] - low) / true_speed
        if covered >= 0.8 * (high - low) and abs(match.second[0] - begins) <= 1:
            error = max(abs(match.first[0] - low), abs(match.first[1] - high))
            return error, abs(match.speed / true_speed - 1)
    return None, None


def _strangers(whole: list[Track], copies: list[Copy]) -> None:
    """Matches between copies and films that they are not of, and between the films."""
    # Copies of one film count as of one file: whether they match each other is not asked here.
    told = [copy for copy in copies if copy.change in CHANGES and copy.change not in HARD]
    of = [*range(len(whole)), *(copy.film for copy in told)]
    tracks = [replace(track, asset=film) for film, track in zip(of, whole + [copy.track for copy in told], strict=True)]
    false = len(matches(tracks)[0])
    pairs = sum(of[a] != of[b] for a in range(len(of)) for b in range(a))
    vpdq = 0
    for at, one in enumerate(told):
        for other in told[:at]:
            if one.film != other.film:
                near = within(words(one.hashes), 31, words(other.hashes)).a
                vpdq += len(np.unique(near)) >= 0.8 * max(1, len(one.hashes))
    report(f"sequences: false matches of {pairs:,} pairs", false, 0, at_least=False, unit="", detail=f"vPDQ {vpdq}")


def _labelled(corpus: Path) -> None:
    """The corpus's own: offsets of 14 s (10 s for the pan and scan) and the speed of the transfer."""
    teaser = films.track(corpus / "video/bbb/bbb_0-30s_720p_vp8.webm", 0)
    told = {
        "dedup/derived_video/bbb_graded.mp4": (14, 18),
        "dedup/derived_video/bbb_letterbox_bars.mp4": (14, 18),
        "dedup/derived_video/bbb_subtitled_logo.mp4": (14, 18),
        "dedup/derived_video/bbb_pal_speedup.mp4": (14, 18),
        "video/bbb/bbb_480x360_10s_h264.mp4": (10, 20),
        "video/bbb/bbb_160x90_h264.mp4": (14, 28),
        "video/bbb/bbb_1080_mpeg2_2500ms.ts": (0, 2.5),
    }
    hits = []
    for name, (low, high) in told.items():
        found = matches([teaser, films.track(corpus / name, 1)])[0]
        shown = "; ".join(
            f"{each.first[0]:.2f} to {each.first[1]:.2f} s, speed {each.speed:.3f}" for each in found
        )  # fmt: skip
        hits.append(bool(found) and max(abs(found[0].first[0] - low), abs(found[0].first[1] - high)) < 0.5)
        print(f"  corpus: {Path(name).name:28} ({low} to {high} s): {shown or 'not found'}")
    pairs = [("flower.mp4", "flower.webm"), ("rabbit_320x240.webm", "rabbit_720x480.webm")]
    for one, two in pairs:
        found = matches([films.track(corpus / "video" / one, 0), films.track(corpus / "video" / two, 1)])[0]
        hits.append(len(found) == 1)
    names = ["his_girl_friday_640x480.mp4", "nasa_13013_320x180.mp4", "tears_of_steel_960x400.webm",
             "rabbit_320x240.webm", "flower.mp4", "bbb/bbb_0-30s_720p_vp8.webm",
             "bbb/bbb_wakeup_720p25_h264.mp4"]  # fmt: skip
    false = matches([films.track(corpus / "video" / name, number) for number, name in enumerate(names)])[0]
    report("corpus: labelled videos found", float(np.mean(hits)), GOAL, at_least=True, unit="")
    report("corpus: false matches among distinct videos", len(false), 0, at_least=False, unit="")


def _cost(hours: float) -> None:
    """CPU of matching hours of footage in programmes of ten minutes; one in ten of them is a copy of the one before."""
    chance = np.random.default_rng(1)
    count = max(4, round(hours * 6))
    programmes: list[Track] = []
    for number in range(count):
        if number % 10 == 9:
            programmes.append(replace(programmes[-1], asset=number))
        else:
            view = programme(chance)
            shot = np.repeat(np.arange(600 // 4) + 1, 4 * PER_SECOND)
            programmes.append(Track(number, np.arange(len(view)) / PER_SECOND, view, shot))
    found: list[Any] = []
    matches(programmes[:2])  # the join is compiled at first use
    small, large = (
        measure(lambda: matches(programmes[: count // 2])),
        measure(lambda: found.append(matches(programmes))),
    )
    footage = count / 6
    told, counts = found[0]
    print(f"  {count} programmes, {footage:.1f} h: {len(told)} matches of {count // 10} copies, {dict(counts)}")
    print(f"  matching: {large.cpu:.1f} CPU-s, {large.cpu / footage:.2f} CPU-s an hour of footage")
    report("sequences: growth from half the footage", large.cpu / small.cpu, 3.0, at_least=False)


def programme(chance: np.random.Generator) -> np.ndarray:
    """Ten minutes of shots of four seconds: uint8[n, 16, 16]."""
    return np.concatenate([_shot(chance) for _ in range(600 // 4)])


def _shot(chance: np.random.Generator) -> np.ndarray:
    """Four seconds of large shapes that drift: uint8[n, 16, 16]."""
    place = np.arange(16) / 16
    time = np.arange(4 * PER_SECOND)[:, None, None] / PER_SECOND
    view = np.zeros((4 * PER_SECOND, 16, 16))
    for _ in range(12):
        down, across = chance.uniform(0, 4, 2)
        drift, phase = chance.normal(0, 0.15), chance.uniform(0, 2 * np.pi)
        wave = down * place[:, None] + across * place[None]
        view += chance.uniform(0.5, 1) / (1 + down + across) * np.cos(2 * np.pi * (wave[None] + drift * time) + phase)
    return np.clip(128 + 60 * view / view.std(), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
