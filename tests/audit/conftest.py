"""The secretive studio as a dataset and as a release of it, for the public documents."""

from __future__ import annotations

import pytest
from secretive_studio import Case, asked, secretive
from studio import Studio

from provenance import audit as verb
from provenance import release as releasing


@pytest.fixture(scope="session", name="secretive")
def _secretive(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return secretive(tmp_path_factory.mktemp("secretive"))


@pytest.fixture(scope="session", params=["dataset", "release"])
def case(request: pytest.FixtureRequest, secretive: Studio, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The dataset with all that is refused in it, and a release of what is cleared."""
    policy = asked(secretive)
    if request.param == "dataset":
        return Case(secretive.dataset, verb.audit(secretive.dataset, policy), secretive.archive)
    place = tmp_path_factory.mktemp("released") / "release"
    releasing.release(secretive.dataset, policy, place)
    return Case(place, verb.audit(place, policy, ledger=secretive.dataset), secretive.archive)
