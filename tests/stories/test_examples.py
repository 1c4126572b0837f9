"""Every story under examples/: its README's commands are run, and print what README shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import transcript

ROOT = transcript.ROOT
STORIES = sorted(readme for readme in (ROOT / "examples").glob("*/README.md") if transcript.steps(readme.read_text()))


def test_there_are_stories() -> None:
    assert {readme.parent.name for readme in STORIES} >= {"rights_desk_day", "pipeline"}


@pytest.mark.parametrize("readme", STORIES, ids=lambda readme: readme.parent.name)
def test_a_story_prints_what_its_readme_shows(readme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("examples", "manifests"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROVENANCE_HOME", f"demo/{readme.parent.name}/home")
    monkeypatch.setenv("LOGNAME", "desk")
    for told, went in transcript.play(readme):
        assert transcript.agrees(told, went), f"$ {told.command}\n" + "\n".join(transcript.plain(went.printed))


def test_what_a_readme_leaves_out_may_be_anything_and_what_it_shows_may_not() -> None:
    went = transcript.Step("x", ("one", "two", "three"))
    assert transcript.agrees(transcript.Step("x", ("one", "...", "three")), went)
    assert not transcript.agrees(transcript.Step("x", ("one", "...", "four")), went)
    assert not transcript.agrees(transcript.Step("x", ("one", "three")), went)
    day = transcript.Step("x", ("good until 2026-12-23 16:38 UTC, SHA256:60f7-cb31-53f1",))
    assert transcript.agrees(transcript.Step("x", ("good until 2027-01-02 03:04 UTC, SHA256:aaaa-bbbb",)), day)
