"""T22: a second writer, and a collector of garbage, while somebody reads or builds."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from studio import Studio, picture

from provenance.admit import admit
from provenance.building import extraction
from provenance.dataset.store import Store
from provenance.gc import gc
from provenance.model.errors import CommitError
from provenance.verify import verify


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    studio = Studio(tmp_path)
    for number in range(3):
        studio.add(f"{number}.png", picture(number))
    studio.record("**")
    studio.build()
    return studio


def test_garbage_is_not_collected_while_a_build_has_objects_that_no_version_names_yet(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.add("3.png", picture(3))
    plain, refused = extraction.run_unit, list[str]()

    def run(job: extraction.Job, unit: object) -> extraction.Done:
        done = plain(job, unit)  # type: ignore[arg-type]
        with pytest.raises(CommitError, match="using it") as caught:
            gc(studio.dataset)
        refused.append(str(caught.value))
        return done

    monkeypatch.setattr(extraction, "run_unit", run)
    assert studio.build().items["art"] == 4
    assert refused
    assert verify(studio.dataset, deep=True).sound


def test_a_second_build_of_the_same_dataset_is_told_to_wait_and_damages_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.add("3.png", picture(3))
    plain, told = extraction.run_unit, list[str]()

    def run(job: extraction.Job, unit: object) -> extraction.Done:
        def second() -> None:
            try:
                studio.build()
            except CommitError as error:
                told.append(str(error))

        other = threading.Thread(target=second)
        other.start()
        other.join()
        return plain(job, unit)  # type: ignore[arg-type]

    monkeypatch.setattr(extraction, "run_unit", run)
    assert studio.build().version == 2
    assert told
    assert "another build" in told[0]
    assert Store(studio.dataset).numbers("versions") == [1, 2]
    assert verify(studio.dataset).sound


def test_what_an_older_retained_version_names_outlives_the_collector(studio: Studio) -> None:
    (studio.archive / "0.png").unlink()
    studio.build()
    gc(studio.dataset, keep=2)
    assert len(admit(studio.dataset, studio.policy(), version=1).rows) == 3
    gc(studio.dataset, keep=1)
    assert len(admit(studio.dataset, studio.policy()).rows) == 2
    assert verify(studio.dataset).sound
