"""The demonstration as a new user runs it, and README's word for what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("demo")
    script = str(ROOT / "examples/studio_archive/demo.py")
    done = subprocess.run([sys.executable, script, "demo"], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "demo/dataset/README.md").is_file()
    return done.stdout


def readme_lines() -> list[str]:
    block = re.search(r"<!-- demo -->\n```\n(.*?)```\n<!-- /demo -->", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    return [line for line in block[1].splitlines() if line.strip()]


def test_the_demo_prints_what_readme_shows(demo: str) -> None:
    # How many bytes Parquet takes is its own version's affair.
    printed, shown = (re.sub(r"[\d.]+ kB", "some kB", text) for text in (demo, "\n".join(readme_lines())))
    missing = [line for line in shown.splitlines() if line not in printed.splitlines()]
    assert missing == []


def test_the_demo_leaves_the_users_keys_alone(demo: str) -> None:
    assert "demo/home/keys" in demo
    assert os.environ["PROVENANCE_HOME"] not in demo
