from __future__ import annotations

from pathlib import Path

from provenance.building.memo import YOUNG_NS, Memo

OLD = (1, 2, 3, 10, 20)
LATER = 10 * YOUNG_NS


def test_a_digest_is_remembered_for_the_same_file(tmp_path: Path) -> None:
    with Memo(tmp_path / "m.sqlite") as memo:
        memo.learn([(b"a/\xff", OLD, "d1")], LATER)
    with Memo(tmp_path / "m.sqlite") as memo:
        assert memo.digest(b"a/\xff", OLD) == "d1"


def test_a_forged_mtime_does_not_pass_because_the_ctime_moved(tmp_path: Path) -> None:
    with Memo(tmp_path / "m.sqlite") as memo:
        memo.learn([(b"a", OLD, "d1")], LATER)
        assert memo.digest(b"a", (1, 2, 3, 10, 21)) is None


def test_a_file_written_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    with Memo(tmp_path / "m.sqlite") as memo:
        young = (1, 2, 3, LATER, LATER)
        memo.learn([(b"a", young, "d1")], LATER + YOUNG_NS // 2)
        assert memo.digest(b"a", young) is None


def test_finished_units_survive_a_restart_until_they_are_committed(tmp_path: Path) -> None:
    with Memo(tmp_path / "m.sqlite") as memo:
        memo.finish("k", {"shards": [1]})
    with Memo(tmp_path / "m.sqlite") as memo:
        assert memo.finished("k") == {"shards": [1]}
        memo.forget_finished()
        assert memo.finished("k") is None


def test_a_broken_memory_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "m.sqlite"
    file.write_bytes(b"this is no database at all, " * 100)
    with Memo(file) as memo:
        assert memo.digest(b"a", OLD) is None
