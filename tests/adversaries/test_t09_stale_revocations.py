"""T09: newer revocations are held back: the ledger at hand is genuine, and old."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from dataset_samples import AT, publish, write_ledger

from provenance.dataset import keyring, ledger
from provenance.dataset.chain import Entry
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust, require_fresh
from provenance.model.errors import StaleLedgerError
from provenance.model.words import Kind


def head(tmp_path: Path, days: int) -> Entry:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    write_ledger(place, home, {"statements": ["RS-1"]}, days=days)
    store = Store(place)
    return ledger.read_ledger(store, keyring.load(store, Role.RIGHTS))[-1]


def test_a_ledger_head_is_good_until_its_last_moment_and_not_after(tmp_path: Path) -> None:
    entry = head(tmp_path, days=7)
    require_fresh(entry, AT + dt.timedelta(days=7))
    with pytest.raises(StaleLedgerError) as told:
        require_fresh(entry, AT + dt.timedelta(days=7, seconds=1))
    assert str(told.value) == (
        "ledger/000001.json: is valid until 2026-11-30T10:00:00Z, and it is 2026-11-30T10:00:01Z. "
        "Next: fetch the ledger's newest entries from the rights desk"
    )
    assert told.value.exit_code == 20


def test_an_entry_that_does_not_say_until_when_is_stale(tmp_path: Path) -> None:
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})
    store = Store(tmp_path / "ds")
    keys = keyring.load(store, Role.BUILD)
    with pytest.raises(StaleLedgerError, match="valid until None"):
        require_fresh(keys.entries[0], AT)


def test_a_clock_set_back_does_not_make_a_stale_ledger_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, trust = head(tmp_path, days=7), Trust(tmp_path / "home")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int((AT + dt.timedelta(days=30)).timestamp())))
    trust.moment()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(AT.timestamp())))
    with pytest.raises(StaleLedgerError, match="it is 2026-12-23"):
        require_fresh(entry, trust.moment())
