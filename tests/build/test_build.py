"""Pure, resumable, incremental: what a build promises of its results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from studio import SCRIPT, Studio, picture, small

from provenance import build as building
from provenance.admit import admit
from provenance.building import extraction
from provenance.building.assembly import Assembly
from provenance.building.report import BuildReport
from provenance.dataset import signing
from provenance.model.errors import InputError, RightsError, UsageError


def test_every_file_has_exactly_one_outcome_and_the_counts_add_up(tmp_path: Path) -> None:
    studio = small(tmp_path)
    report = studio.build()
    assert dict(report.files) == {"items": 9, "context": 1, "quarantine": 1}
    assert dict(report.items) == {"art": 8, "scripts": 3}
    assert report.quarantined[0][:2] == ("broken/half.png", "truncated")
    assert report.exit_code == 10
    assert "files: 11 = 9 items + 1 context + 1 quarantine" in report.text()


def test_an_unchanged_rebuild_extracts_nothing_and_commits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = small(tmp_path)
    (studio.archive / "broken/half.png").unlink()
    studio.build()
    before = studio.objects()
    time.sleep(2.1)  # younger files are hashed again, to be safe
    studio.build()
    calls: list[object] = []
    monkeypatch.setattr(extraction, "run_unit", lambda job, unit: calls.append(unit))
    report = studio.build()
    assert calls == []
    assert (report.extracted, report.changed, report.version) == (0, False, 1)
    assert studio.objects() == before


def test_an_unchanged_rebuild_tells_the_counts_of_the_first_and_puts_no_table_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = small(tmp_path)
    studio.add("broken/none.png", b"")
    first = studio.build()
    monkeypatch.setattr(Assembly, "content", lambda *_: pytest.fail("the tables were put together again"))
    again = studio.build()
    assert (again.changed, again.version) == (False, 1)
    for name in ("files", "members", "items", "causes", "quarantined", "assets", "shards", "payload_bytes"):
        assert getattr(again, name) == getattr(first, name) != 0, name
    assert list(first.causes) == list(again.causes) == ["truncated", "empty"]


class _PutTogether(Exception):
    pass


@pytest.mark.parametrize("change", ["a limit", "the rule of near groups", "a file gone", "a file moved", "a record"])
def test_a_build_that_differs_in_anything_is_not_taken_for_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    studio, limit = small(tmp_path), None
    studio.build()
    match change:
        case "a limit":
            limit = 1000
        case "the rule of near groups":
            monkeypatch.setattr("provenance.build.near_rule", lambda _: "near-v0")
        case "a file gone":
            (studio.archive / "art/owned/00.png").unlink()
        case "a file moved":
            (studio.archive / "art/owned/00.png").rename(studio.archive / "zzz.png")
        case "a record":
            studio.records[0]["notes"] = "seen again"

    def content(*_: object) -> None:
        raise _PutTogether

    monkeypatch.setattr(Assembly, "content", content)
    with pytest.raises(_PutTogether):
        studio.build(limit=limit)


def test_an_unchanged_rebuild_loads_no_decoder_and_nothing_that_joins(tmp_path: Path) -> None:
    studio = small(tmp_path)
    (studio.archive / "broken/half.png").unlink()
    studio.build()
    time.sleep(2.1)  # younger files are hashed again, to be safe
    studio.build()
    probe = "import sys; from provenance import cli; cli.sys.exit = lambda _: print(sorted(sys.modules)); cli.main()"
    command = [sys.executable, "-c", probe, "build", str(studio.archive), "--out", str(studio.dataset)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "unchanged: nothing to commit" in done.stdout
    loaded = done.stdout.splitlines()[-1]
    for name in ("av", "PIL", "scipy", "numba", "imagehash", "pypdfium2", "rensa", "pandas.core", "rich"):
        assert f"'{name}'" not in loaded, name


@pytest.mark.parametrize("workers", [2, 3])
def test_worker_count_does_not_change_a_digest(tmp_path: Path, workers: int) -> None:
    one, many = small(tmp_path / "one"), small(tmp_path / "many")
    one.build()
    many.build(workers=workers)
    assert one.objects() == many.objects()


def test_a_changed_an_added_and_a_removed_file_touch_only_their_units(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    for number in range(150):
        studio.add(f"art/{number:03}.png", picture(number, (24, 16)))
    studio.record("**")
    first = studio.build()
    first_shards = {path for path in studio.objects() if path.startswith("data/")}
    assert sum(first.units.values()) > 3
    time.sleep(2.1)
    studio.build()
    studio.add("art/075.png", picture(999, (24, 16)))
    changed = studio.build()
    assert 0 < changed.extracted < 150
    assert changed.units["known"] >= sum(first.units.values()) - 1
    studio.add("art/0755.png", picture(1000, (24, 16)))
    added = studio.build()
    assert 0 < added.extracted < 150
    (studio.archive / "art/0755.png").unlink()
    removed = studio.build()
    assert removed.items["art"] == 150
    kept = {shard.path for shard in admit(studio.dataset, studio.policy()).version.content.shards}
    assert len(kept & first_shards) >= len(first_shards) - 2


def test_a_failed_asset_is_retried_and_comes_in_once_it_is_whole(tmp_path: Path) -> None:
    studio = small(tmp_path)
    assert studio.build().causes == {"truncated": 1}
    studio.add("broken/half.png", picture(30))
    report = studio.build()
    assert not report.causes
    assert report.items["art"] == 9


def test_a_failed_asset_that_fails_again_changes_nothing(tmp_path: Path) -> None:
    studio = small(tmp_path)
    studio.build()
    time.sleep(2.1)
    studio.build()
    report = studio.build()
    assert report.units["kept"] == 1
    assert (report.changed, report.version) == (False, 1)


def test_a_change_of_rights_alone_opens_no_file_and_rewrites_no_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = small(tmp_path)
    (studio.archive / "broken/half.png").unlink()
    studio.build()
    time.sleep(2.1)
    studio.build()
    shards = {path for path in studio.objects() if path.startswith("data/")}
    assert studio.verdicts()["scripts/lantern.fountain"].decision == "cleared"
    studio.records[2]["uses_allowed"] = "evaluation"
    studio.records[2]["uses_refused"] = "ai_generative_training"
    monkeypatch.setattr(extraction, "run_unit", lambda job, unit: pytest.fail("a file of the archive was opened"))
    report = studio.build()
    assert report.version == 2
    assert {path for path in studio.objects() if path.startswith("data/")} == shards
    assert studio.verdicts()["scripts/lantern.fountain"].reasons == ("use-refused",)


def test_killed_at_any_moment_and_run_again_the_dataset_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    calm, shaken = Studio(tmp_path / "calm"), Studio(tmp_path / "shaken")
    for studio in (calm, shaken):
        for number in range(120):
            studio.add(f"art/{number:03}.png", picture(number, (24, 16)))
        studio.add("s.fountain", SCRIPT.encode())
        studio.record("**")
    calm.build()
    program = (
        "import sys; sys.path.insert(0, sys.argv[3]); from provenance import build as b; "
        "b.build(b.Plan(archive=sys.argv[1], out=sys.argv[2], rights=(sys.argv[4],), workers=2))"
    )
    here = str(Path(__file__).resolve().parent.parent)
    sheet = str(shaken.write_register())
    command = [sys.executable, "-c", program, str(shaken.archive), str(shaken.dataset), here, sheet]
    killed = 0
    for delay in (0.4, 0.9, 1.2, 1.4, 1.6, 1.9):
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        killed += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert killed >= 1
    report = shaken.build()
    assert shaken.objects() == calm.objects()
    assert report.version == 1


def test_names_that_break_tools_survive_to_every_output(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    names = {
        b"a\xff.png": "a\\xff.png",
        b"rights=cleared/x.png": "rights=cleared/x.png",
        b"show[12].png": "show[12].png",
        b"new\nline.png": "new\\nline.png",
        "\u202egnp.png".encode(): "\\u202egnp.png",
        b"=1+1.png": "=1+1.png",
    }
    for number, name in enumerate(names):
        studio.add(name, picture(number))
    studio.record("**")
    report = studio.build()
    assert report.items["art"] == len(names)
    assert set(studio.verdicts()) == set(names.values())


def test_members_of_a_zip_are_assets_under_their_own_records(tmp_path: Path) -> None:
    import zipfile

    studio = Studio(tmp_path)
    place = studio.add("incoming/pack.zip", b"")
    with zipfile.ZipFile(place, "w") as pack:
        pack.writestr("good/a.png", picture(1))
        pack.writestr("bad/b.png", picture(2)[:80])
        pack.writestr("../../evil.png", picture(3))
    studio.record("incoming/pack.zip")
    report = studio.build()
    assert dict(report.files) == {"items": 1}
    assert dict(report.members) == {"items": 1, "quarantine": 2}
    verdicts = studio.verdicts()
    assert verdicts["incoming/pack.zip/good/a.png"].decision == "cleared"
    assert {cause for _, cause, _ in report.quarantined} == {"truncated", "unsafe"}
    assert not list(tmp_path.rglob("evil.png"))


def test_a_frame_that_cannot_be_read_leaves_its_sequence_and_the_others_stay(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    for number in range(1001, 1007):
        studio.add(f"plates/sh_{number}.png", picture(number) if number != 1003 else picture(number)[:70])
    studio.record("**")
    report = studio.build()
    assert report.items["frames"] == 5
    assert report.quarantined[0][0] == "plates/sh_1003.png"
    assert sum(report.files.values()) == 6


def test_a_record_on_one_frame_counts_for_that_frame_alone(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    for number in range(1001, 1005):
        studio.add(f"plates/sh_{number}.png", picture(number))
    studio.record("plates/**")
    studio.record("plates/sh_1002.png", uses_allowed="", uses_refused="ai_generative_training")
    studio.build()
    assert studio.admit().by_decision() == {"cleared": 3, "review": 0, "refused": 1}


def test_without_a_register_nothing_is_admitted(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    report = studio.build()
    assert any("no register" in notice for notice in report.notices)
    with pytest.raises(RightsError, match="no rights ledger"):
        studio.admit()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    studio = small(tmp_path)
    report = building.survey_only(studio.plan())
    assert report.files["to read"] == 11
    assert not studio.dataset.exists()


def test_an_empty_archive_is_refused_in_one_sentence(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    with pytest.raises(InputError, match="holds no file"):
        studio.build()


def test_a_dataset_that_would_hold_its_archive_is_refused(tmp_path: Path) -> None:
    studio = small(tmp_path)
    with pytest.raises(UsageError, match="must not hold the archive"):
        studio.build(out=str(tmp_path))


def test_a_dataset_inside_the_archive_is_not_crawled(tmp_path: Path) -> None:
    studio = small(tmp_path)
    inside = studio.archive / "zz_dataset"
    studio.build(out=str(inside))
    report = studio.build(out=str(inside))
    assert sum(report.files.values()) == 11


def test_only_the_first_assets_are_built_under_a_limit(tmp_path: Path) -> None:
    studio = small(tmp_path)
    report = studio.build(limit=3)
    assert report.assets == 3


def test_what_a_desktop_left_behind_is_context_and_not_lost(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.add(".DS_Store", b"\0\0\0\1Bud1" + bytes(40))
    studio.record("a.png")
    report = studio.build()
    assert dict(report.files) == {"items": 1, "context": 1}


def test_a_failed_asset_is_retried_also_when_the_memory_of_the_last_build_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = small(tmp_path)
    studio.build()
    for memory in (signing.home() / "builds").iterdir():
        memory.unlink()
    tried: list[bytes] = []
    real = extraction._mended
    monkeypatch.setattr(
        extraction,
        "_mended",
        lambda hands, unit, readings, failed: tried.extend(failed) or real(hands, unit, readings, failed),
    )
    report = studio.build()
    assert tried == [b"broken/half.png"]
    assert (report.units["kept"], report.changed) == (1, False)


def test_what_the_search_for_near_duplicates_capped_stands_in_the_report_and_its_json() -> None:
    report = BuildReport("show")
    assert "capped" not in report.text()
    report.near.update({"oversized buckets": 3, "capped": 1200})
    assert "3 oversized buckets capped" in report.text() and "1,200 times" in report.text()
    assert report.as_json()["near_duplicates"] == {"capped": 1200, "oversized buckets": 3}
