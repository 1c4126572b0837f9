"""T23: code that comes in by a side door: entry points, paths from the environment, engines by a made-up name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provenance import engines
from provenance.dataset.opening import open_dataset
from provenance.model.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
EVIL = "from pathlib import Path; Path({mark!r}).touch()"


@pytest.mark.parametrize("name", ["../evil", "evil", "os", "local.evil", "_hidden", ""])
def test_an_engine_is_one_of_the_shelf_and_no_other_module(name: str) -> None:
    with pytest.raises(UsageError, match="no engine is called"):
        engines.find(name)


def test_the_package_looks_for_no_plug_in_by_entry_points() -> None:
    for file in (ROOT / "provenance").rglob("*.py"):
        text = file.read_text("utf-8")
        assert "entry_points" not in text, file
        assert "pkg_resources" not in text, file


def test_modules_beside_an_archive_or_named_by_the_environment_do_not_run_in_the_locked_child(tmp_path: Path) -> None:
    mark, evil = tmp_path / "it-ran", tmp_path / "evil"
    evil.mkdir()
    for name in ("sitecustomize", "usercustomize", "fractions", "pypdfium2", "av"):
        (evil / f"{name}.py").write_text(EVIL.format(mark=str(mark)))
    program = (
        "import os, sys; os.environ |= dict.fromkeys(('PYTHONPATH', 'CMAP_PATH', 'PYTHONHOME'), sys.argv[1])\n"
        "from provenance.sandbox import Sandbox, lock\n"
        "with Sandbox('provenance.inside:run', unlocked=not lock.status().locks) as box, box.child() as child:\n"
        "    list(child.run({'op': 'extract', 'names': ['a.txt'], 'sizes': [5], 'numbers': [], 'options': {}},"
        " [os.open('a.txt', os.O_RDONLY)]))\n"
    )
    (tmp_path / "a.txt").write_text("hello")
    done = subprocess.run([sys.executable, "-c", program, str(evil)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


def test_the_versions_of_what_made_a_dataset_are_recorded_and_signed(tmp_path: Path) -> None:
    from studio import Studio, picture

    studio = Studio(tmp_path)
    studio.add("a.png", picture(1))
    studio.build()
    tool = open_dataset(studio.dataset).head.content.tool
    assert set(tool) >= {"provenance", "python"}
    assert tool["python"] == ".".join(map(str, sys.version_info[:3]))
    assert json.dumps(dict(tool))
    assert os.fspath(tmp_path) not in json.dumps(dict(tool))
