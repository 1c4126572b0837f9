"""T09: newer revocations are held back: the ledger at hand is genuine, and old."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from studio import Studio, small

from provenance.dataset.trust import Trust
from provenance.model import clock
from provenance.model.errors import StaleLedgerError


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    studio = small(tmp_path)
    studio.build()
    return studio


def _at(moment: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment.timestamp())))


def test_a_ledger_head_is_good_until_its_last_moment_and_not_after(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = studio.admit().book.state.valid_until
    assert until is not None
    _at(until, monkeypatch)
    assert len(studio.admit().rows)
    _at(until + dt.timedelta(seconds=1), monkeypatch)
    with pytest.raises(StaleLedgerError, match="revocations may be missing") as told:
        studio.admit()
    assert clock.stamp(until) in str(told.value)
    assert told.value.exit_code == 20


def test_a_clock_set_back_does_not_make_a_stale_ledger_fresh(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    until = studio.admit().book.state.valid_until
    assert until is not None
    _at(until + dt.timedelta(days=30), monkeypatch)
    Trust().moment()
    _at(until - dt.timedelta(days=1), monkeypatch)
    with pytest.raises(StaleLedgerError, match="revocations may be missing"):
        studio.admit()
