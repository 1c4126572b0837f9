"""What every test may ask for: the corpus, the assembled studio archive, and the long forms on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on-demand", action="store_true", help="run the long forms too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--on-demand"):
        skip = pytest.mark.skip(reason="long form: run with --on-demand")
        for item in items:
            if "on_demand" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keys and trust files of the tests never touch those of the person who runs them."""
    os.environ["PROVENANCE_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The open-media corpus, or a skip that names it."""
    place = Path(os.environ.get("PROVENANCE_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (place / "assemble.py").is_file():
        pytest.skip(f"no corpus at {place} (set PROVENANCE_CORPUS)")
    return place


@pytest.fixture(scope="session")
def studio_archive(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembled archive: archive/, rights/register.csv, expected.csv. Shared by the session: read only."""
    dest = tmp_path_factory.mktemp("studio") / "studio"
    subprocess.run([sys.executable, str(corpus / "assemble.py"), str(dest)], check=True, capture_output=True)
    return dest
