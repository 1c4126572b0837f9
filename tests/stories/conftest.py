"""The stories of the real archive share one build of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_builds import Built, once


@pytest.fixture(scope="session")
def corpus_dataset(studio_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The assembled studio archive, built with its register."""
    return once("corpus", tmp_path_factory, studio_archive / "archive", studio_archive / "rights/register.csv")
