"""Whatever comes, goes or moves between two builds, the groups are those of a build from scratch, for far less work."""

from __future__ import annotations

import contextlib
import io
import random
import sqlite3
import sys
from pathlib import Path

import drawings
import films
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from studio import Studio

from provenance.building import footage, neargroups, sketches, units
from provenance.building.kept import Kept
from provenance.dataset.index import load_table
from provenance.dataset.opening import open_dataset
from provenance.dataset.shard import read_shard
from provenance.model.errors import CommitError
from provenance.twins import Twins

WORDS = [f"Mira says {n * n} and then {n * n * n}, and the lantern answers {7 * n}." for n in range(90)]


def _file(image) -> bytes:
    held = io.BytesIO()
    image.convert("RGB").save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def material() -> dict[str, bytes]:
    """Pictures and scripts of which many belong together: changed copies, parts, drafts, lookalikes."""
    made: dict[str, bytes] = {}
    changes = {
        "boxed": drawings.letterbox,
        "mirrored": drawings.mirrored,
        "part": drawings.crop(0.2),
        "small": drawings.resized(0.6),
    }
    for seed in range(5):
        scene = drawings.scene(seed, (420, 260))
        made[f"scene {seed}.png"] = _file(scene)
        for name, change in changes.items():
            made[f"scene {seed} {name}.png"] = _file(change(scene))
    for mouth in range(3):
        made[f"face {mouth}.png"] = _file(drawings.face(mouth, seed=1))
    for draft in range(4):
        lines = [line if n % 20 else line.replace("Mira", f"Nobody {draft}") for n, line in enumerate(WORDS)]
        made[f"draft {draft}.fountain"] = ("INT. MILL - NIGHT\n\n" + "\n\n".join(lines)).encode()
    return made


def _groups(studio: Studio) -> list[tuple[str, int, int]]:
    opened = open_dataset(studio.dataset)
    info = opened.head.content.tables["index"]
    index = load_table(opened.store, "index", info, opened.id, ["item_id", "near_group", "copy_group"])
    ids, near, copies = (column.to_pylist() for column in index.columns)
    return [(one.hex(), *groups) for one, *groups in zip(ids, near, copies, strict=True)]


def _named(studio: Studio) -> set[tuple[int, frozenset[str]]]:
    """The groups as sets of items, in whatever order they lie. Which of the two groups: 0 for near, 1 for copies."""
    told = _groups(studio)
    found: set[tuple[int, frozenset[str]]] = set()
    for which in (0, 1):
        for first in {each[1 + which] for each in told}:
            found.add((which, frozenset(each[0] for each in told if each[1 + which] == first)))
    return found


def _spoil(file: Path, chance: random.Random) -> None:
    """Lose what was kept of fingerprints, or some of it, or let it rot: as often as not."""
    how = chance.randrange(6)
    if how == 0:
        file.unlink(missing_ok=True)
    elif how == 1 and file.exists():
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(file)) as base, base:
            base.execute("delete from kept where abs(random()) % 2 = 0")
            base.execute("update kept set data = zeroblob(length(data)) where abs(random()) % 2 = 0")
    elif how == 2 and file.exists():
        file.write_bytes(file.read_bytes()[: chance.randrange(1, 200_000)])


@pytest.mark.parametrize("seed", range(4))
def test_groups_after_any_changes_are_those_of_a_new_build(seed: int, material: dict[str, bytes], tmp_path: Path):
    chance = random.Random(seed)
    grown = Studio(tmp_path / "grown")
    for step in range(4):
        there = sorted(path for path in grown.archive.rglob("*") if path.is_file()) if step else []
        for path in chance.sample(there, len(there) // 4):
            if chance.random() < 0.5:
                path.unlink()
            else:
                path.rename(path.with_name(f"{chance.randrange(10)} {path.name}"))
        for name in chance.sample(sorted(material), 12 if step == 0 else 5):
            grown.add(f"{chance.choice('abc')}/{name}", material[name])
        _spoil(Kept.place(grown.dataset), chance)
        grown.build()
    anew = Studio(tmp_path / "anew")
    for path in grown.archive.rglob("*"):
        if path.is_file():
            anew.add(path.relative_to(grown.archive).as_posix(), path.read_bytes())
    anew.build()
    assert _groups(grown) == _groups(anew)
    assert len({near for _, near, _ in _groups(anew)}) < len(_groups(anew)) - 3


def test_what_is_added_anywhere_is_compared_and_what_was_there_is_not_compared_again(
    material: dict[str, bytes], tmp_path: Path
):
    studio = Studio(tmp_path)
    for name, data in material.items():
        if name != "scene 2 boxed.png":
            studio.add(f"b/{name}", data)
    first = studio.build()
    studio.add("b/scene 2 boxed.png", material["scene 2 boxed.png"])
    second = studio.build()
    assert second.units["finished"] == 1, "the unit that it came into is read again"
    assert first.near["compared"] > 15
    assert 1 <= second.near["compared"] <= 5
    # No text is new: none is read.
    assert "texts" not in second.near and first.near["texts"] == 4


def test_shards_of_what_is_old_are_not_opened_again_but_for_what_is_compared(
    material: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened: list[str] = []

    def watched(store, shard, *given):
        opened.append(shard.sha256)
        return read_shard(store, shard, *given)

    monkeypatch.setattr(units, "MARKER_EVERY", 3)
    for module in (sketches, neargroups, footage):
        monkeypatch.setattr(module, "read_shard", watched)
    studio = Studio(tmp_path)
    for name, data in material.items():
        studio.add(f"{name.split()[0]}/{name}", data)
    studio.add("films/a.mp4", films.encoded(tmp_path / "a.mp4", films.Film(1, 12), 0, 12).read_bytes())
    studio.build()
    old = {shard.sha256 for shard in open_dataset(studio.dataset).head.content.shards}
    assert set(opened) == old and len(old) >= 3
    opened.clear()
    studio.add("later/scene 0 mirrored.png", _file(drawings.mirrored(drawings.scene(9, (420, 260)))))
    studio.add("later/draft 9.fountain", material["draft 1.fountain"].replace(b"Mira", b"Mara"))
    studio.add("later/b.mp4", films.encoded(tmp_path / "b.mp4", films.Film(2, 12), 0, 12).read_bytes())
    studio.build()
    new = {shard.sha256 for shard in open_dataset(studio.dataset).head.content.shards} - old
    assert set(opened) == new and len(new) < len(old)
    opened.clear()
    twins = Twins(studio.dataset)
    assert [twin.asset for twin in twins.of(twins.rows("scene/scene 1.png"))] != []
    assert not opened, "who asks for twins reads what the build kept"
    Kept.place(studio.dataset).unlink()
    studio.add("more/part.png", _file(drawings.crop(0.1)(drawings.scene(0, (420, 260)))))
    studio.build()
    assert len(set(opened) & old) >= 2, "what was lost is read again"


def test_what_is_moved_is_not_searched_for_at_all(material: dict[str, bytes], tmp_path: Path):
    studio = Studio(tmp_path)
    for name, data in material.items():
        studio.add(f"b/{name}", data)
    studio.build()
    before = _named(studio)
    (studio.archive / "b").rename(studio.archive / "z")
    report = studio.build()
    assert report.changed and report.near["compared"] == 0
    assert _named(studio) == before


def test_when_what_held_two_together_goes_they_part(tmp_path: Path):
    whole = drawings.scene(4, (1200, 640))
    studio = Studio(tmp_path)
    for name, box in {"left": (0, 0, 640, 640), "middle": (0, 0, 1200, 640), "right": (560, 0, 1200, 640)}.items():
        studio.add(f"parts/{name}.png", _file(whole.crop(box)))
    studio.build()
    assert np.unique([near for _, near, _ in _groups(studio)]).tolist() == [0]
    (studio.archive / "parts/middle.png").unlink()
    studio.build()
    assert [near for _, near, _ in _groups(studio)] == [0, 1]


def test_a_disk_without_room_for_the_comparison_is_told_in_one_sentence(
    material: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    studio = Studio(tmp_path)
    for name in ("scene 1.png", "scene 1 boxed.png"):
        studio.add(name, material[name])
    with monkeypatch.context() as full:
        full.setattr(sketches.tempfile, "TemporaryFile", lambda **_: open("/dev/full", "r+b"))  # noqa: SIM115
        with pytest.raises(CommitError, match=r"no room for the pictures to be compared \(No space left on device\)"):
            studio.build()
    assert studio.build().near["compared"] >= 1
    assert [near for _, near, _ in _groups(studio)] == [0, 0]
