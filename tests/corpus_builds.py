"""One build of the corpus archive for all tests that read it, also when they run in several processes."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provenance import build as building


@dataclass(frozen=True)
class Built:
    """A dataset that was built once and is only read. told: the build's report, as its JSON."""

    studio: Path
    dataset: Path
    told: dict[str, Any]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What became of each asset and member, from the assets and the quarantine table."""
        return self.told["rows"]


def once(name: str, tmp_path_factory: pytest.TempPathFactory, archive: Path, rights: Path | None) -> Built:
    """Build an archive, or take the build that another process of this test run has made.

    Whoever comes second makes its own keys and trust: it takes over those of the first, as a second machine would.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / f"built-{name}"
    shared.mkdir(exist_ok=True)
    dataset, told = shared / "dataset", shared / "told.json"
    with open(shared / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            sheets = (str(rights),) if rights is not None else ()
            report = building.build(building.Plan(str(archive), str(dataset), sheets, workers=2))
            told.write_text(json.dumps(report.as_json() | {"text": report.text(), "rows": rows(dataset)}))
    return Built(archive.parent, dataset, json.loads(told.read_text()))


def rows(dataset: Path) -> list[dict[str, Any]]:
    """Return asset, raw paths, outcome, cause and message of every asset and member."""
    from provenance.dataset.index import load_table
    from provenance.dataset.opening import open_dataset

    opened = open_dataset(dataset)
    found = []
    for table in ("assets", "quarantine"):
        info = opened.head.content.tables[table]
        for row in load_table(opened.store, table, info, opened.id).to_pylist():
            paths = [os.fsdecode(file["path"]) for file in row["files"]]
            found.append(
                {
                    "asset": row["asset"],
                    "type": row["type"],
                    "paths": paths,
                    "outcome": row.get("outcome") or "quarantine",
                    "cause": row.get("cause"),
                    "message": row.get("message"),
                }
            )
    return found
