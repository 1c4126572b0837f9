"""What videos share in time reaches the groups, the rights, and the people who ask for twins."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image
from studio import Studio

from provenance.building.chains import chains
from provenance.building.footage import Footage
from provenance.building.kept import Kept
from provenance.cli import run
from provenance.dataset.index import load_table
from provenance.dataset.opening import open_dataset
from provenance.rights.reasons import Decision

SECONDS = 18
CLIP = (5.4, 13.4)  # between the grid of the film and that of the clip lie four tenths of a second


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place, film = tmp_path_factory.mktemp("media") / "film.mp4", films.Film(4, SECONDS)
    made: dict[str, tuple[Any, ...]] = {
        "films/whole.mp4": (film, 0, SECONDS, {}),
        "social/clip.mp4": (film, *CLIP, {"look": films.cropped(0.08), "speed": 1.25}),
        "other/film.mp4": (films.Film(5, 8), 0, 8, {}),
    }
    return {
        name: films.encoded(place, shown, low, high, **options).read_bytes()
        for name, (shown, low, high, options) in made.items()
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, media: dict[str, bytes]) -> Studio:
    studio = Studio(tmp_path_factory.mktemp("footage"))
    for name, data in media.items():
        studio.add(name, data)
    studio.record("**")
    studio.record("films/**", status="revoked", status_date="2026-09-01")
    studio.build()
    return studio


def _frames(studio: Studio) -> tuple[np.ndarray, list[tuple[str, float]]]:
    """The near groups of the dataset, and of which file and time each row is."""
    opened = open_dataset(studio.dataset)
    tables = opened.head.content.tables
    index = load_table(opened.store, "index", tables["index"], opened.id)
    names = load_table(opened.store, "assets", tables["assets"], opened.id, ["asset"]).column(0).to_pylist()
    told = [
        (names[row["asset"]], row["time_numerator"] / row["time_denominator"])
        for row in index.select(["asset", "time_numerator", "time_denominator"]).to_pylist()
    ]
    return index.column("near_group").to_numpy(), told


def test_every_frame_of_a_clip_of_a_revoked_film_waits_for_a_person(studio: Studio):
    """Cropped and sped up: frame against frame finds some of the frames; in time all of them are found."""
    groups, told = _frames(studio)
    film = {group for group, (name, _) in zip(groups, told, strict=True) if name == "films/whole.mp4"}
    clip = [group for group, (name, _) in zip(groups, told, strict=True) if name == "social/clip.mp4"]
    assert len(clip) == 7 and set(clip) <= film
    verdicts = studio.verdicts()
    assert verdicts["films/whole.mp4"].decision is Decision.REFUSED
    assert verdicts["social/clip.mp4"].decision is Decision.REVIEW
    assert verdicts["social/clip.mp4"].reasons == ("near-twin-revoked",)
    assert verdicts["other/film.mp4"].decision is Decision.CLEARED


def _speaking(seed: int) -> films.Frames:
    """A head that speaks before a painting over which the camera pans: with another seed it says another line."""
    heads = [films.drawings.face(mouth, 3).resize((176, 180)) for mouth in range(6)]
    # The same drawing for a second, and never the one of the other line.
    order = np.random.default_rng(9).integers(0, 6, 100)

    def shown(time: float) -> Image.Image:
        out = films.shot(1005, time, 7).copy()
        out.paste(heads[(order[int(time + 0.5)] + 2 * seed) % 6], (int(60 + 15 * time), 0))
        return out

    return shown


def test_two_lines_of_one_head_before_a_moving_ground_are_not_linked(tmp_path: Path):
    studio = Studio(tmp_path)
    for seed in (1, 2):
        studio.add(f"lips/{seed}.mp4", films.encoded(tmp_path / "l.mp4", _speaking(seed), 0, 6).read_bytes())
    studio.add("lips/again.mp4", films.encoded(tmp_path / "l.mp4", _speaking(1), 0, 6, quality=34).read_bytes())
    studio.build()
    opened = open_dataset(studio.dataset)
    shards = opened.head.content.shards
    every = np.ones(len(_frames(studio)[1]), bool)
    index = load_table(opened.store, "index", opened.head.content.tables["index"], opened.id, ["asset"])
    cut = chains(shards, index.column("asset").to_numpy())
    found = Footage(opened.store, opened.id, cut, every, Kept(None))
    matches, _ = found.matches(every)
    linked = {(match.a, match.b): len(found.links(match)[0]) for match in matches}
    assert linked == {(0, 1): 0, (0, 2): 6, (1, 2): 0} or linked == {(0, 1): 6, (0, 2): 0, (1, 2): 0}


def test_no_group_holds_two_shots(studio: Studio):
    groups, told = _frames(studio)
    cuts = films.Film(4, SECONDS).cuts
    shots: dict[int, set[int]] = {}
    for group, (name, time) in zip(groups.tolist(), told, strict=True):
        if name == "films/whole.mp4":
            shots.setdefault(group, set()).add(int(np.searchsorted(cuts, time, side="right")))
    assert len(shots) > 3 and all(len(held) == 1 for held in shots.values())


def test_a_film_that_comes_later_gives_the_groups_that_a_new_build_gives(
    studio: Studio, media: dict[str, bytes], tmp_path: Path
):
    grown = Studio(tmp_path / "grown")
    for name in ("social/clip.mp4", "other/film.mp4", "films/whole.mp4"):
        grown.add(name, media[name])
        grown.build()
    assert _frames(grown)[1] == _frames(studio)[1]
    assert _frames(grown)[0].tolist() == _frames(studio)[0].tolist()


def test_twins_tells_the_ranges_in_words_and_numbers(studio: Studio, capsys: pytest.CaptureFixture[str]):
    assert run(["twins", str(studio.dataset), "social/clip.mp4", "--json"]) == 0
    (twin,) = json.loads(capsys.readouterr().out)
    (found,) = twin["ranges"]
    assert twin["asset"] == "films/whole.mp4" and twin["relation"] == "near"
    assert abs(found["start"]) < 0.3 and abs(found["end"] - 6.4) < 0.3
    assert abs(found["twin_start"] - CLIP[0]) < 0.3 and abs(found["twin_end"] - CLIP[1]) < 0.3
    assert abs(found["speed"] - 0.8) < 0.01 and found["form"] == "upright" and found["agreement"] > 0.9
    assert run(["twins", str(studio.dataset), "films/whole.mp4"]) == 0
    told = capsys.readouterr().out
    assert " = 0:00.0 to 0:06." in told and "1.2" in told and "times as fast" in told


def test_the_contact_sheet_shows_frames_of_the_range_beside_each_other(studio: Studio, tmp_path: Path):
    sheet = tmp_path / "sheet.html"
    assert run(["twins", str(studio.dataset), "films/whole.mp4", "--html", str(sheet)]) == 0
    page = sheet.read_text()
    assert page.count("data:image/jpeg") == 6
    assert "times as fast" in page and page.count("<h2>") == 1


def test_a_frame_outside_the_range_has_no_ranges(studio: Studio, capsys: pytest.CaptureFixture[str]):
    opened = open_dataset(studio.dataset)
    index = load_table(opened.store, "index", opened.head.content.tables["index"], opened.id, ["item_id"])
    names = [name for name, _ in _frames(studio)[1]]
    first = names.index("films/whole.mp4")
    assert run(["twins", str(studio.dataset), index.column(0)[first].as_py().hex(), "--json"]) == 0
    assert all(not twin["ranges"] for twin in json.loads(capsys.readouterr().out))
