"""One small studio, built once; each test that changes something gets a copy of it, with keys and trust of its own."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance import rightsdesk
from provenance.model.words import Use
from provenance.rights.ledger import Revoke
from provenance.rights.policy import Duplicates, Policy

SCENES = "\n\n".join(f"INT. ROOM {number} - DAY\n\nA lamp number {number} flickers." for number in range(3))
TODAY = dt.date.today()


def ask(**changes: object) -> Policy:
    told: dict[str, object] = {
        "name": "training test",
        "use": Use.AI_GENERATIVE_TRAINING,
        "purpose": "commercial",
        "territories": frozenset({"US"}),
        "duplicates": Duplicates.KEEP,
    }
    return Policy(**(told | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The studio as it was built: read only."""
    studio = Studio(tmp_path_factory.mktemp("handoff"))
    for number in range(16):
        studio.add(f"lantern/art/{number:02}.png", picture(number))
    for number in range(4):
        studio.add(f"harbour/art/{number:02}.png", picture(40 + number))
    studio.add("harbour/art/copy.png", picture(40))
    studio.add("lantern/scripts/lantern.fountain", SCENES.encode())
    studio.add("found/unknown.png", picture(60))
    studio.record("lantern/**", record_id="L", credit="Art by the Lantern crew")
    studio.record("harbour/**", record_id="H", work="Harbour", credit="Courtesy of Harbour Films")
    studio.build()
    return studio


@pytest.fixture
def studio(built: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A copy of the studio that a test may change."""
    shutil.copytree(built.home, tmp_path / "studio")
    shutil.copytree(os.environ["PROVENANCE_HOME"], tmp_path / "home")
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    copy = object.__new__(Studio)
    copy.__dict__.update(built.__dict__)
    copy.home = tmp_path / "studio"
    copy.archive, copy.dataset, copy.register = (copy.home / name for name in ("archive", "dataset", "register.csv"))
    return copy


def revoke(dataset: Path, statement: str) -> None:
    """Sign a revocation onto the ledger of a dataset, as the rights desk does."""
    desk = rightsdesk.open_desk(dataset)
    body = Revoke(by="desk", why="withdrawn", effective=TODAY, statement=statement)
    rightsdesk.append(desk.store, desk.dataset.id, desk.book, [body], desk.moment)
