"""T14: the machine's clock is set back, to bring an expired right or a stale ledger to life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_samples import AT, publish

from provenance.dataset.opening import open_dataset
from provenance.dataset.trust import Trust
from provenance.model.words import Kind

Clock = Callable[[dt.datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def set_to(moment: dt.datetime) -> None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment.timestamp())))

    return set_to


def test_time_never_runs_backwards_for_one_who_has_seen_a_later_moment(tmp_path: Path, clock: Clock) -> None:
    later = AT + dt.timedelta(days=400)
    clock(later)
    assert Trust(tmp_path).moment() == later
    clock(AT)
    assert Trust(tmp_path).moment() == later


def test_a_version_signed_later_than_the_clock_says_moves_the_moment(tmp_path: Path, clock: Clock) -> None:
    clock(AT)
    signed = AT + dt.timedelta(days=90)
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)}, at=signed)
    trust = Trust(tmp_path / "other-home")
    open_dataset(tmp_path / "ds", trust=trust)
    assert trust.moment() == signed


def test_a_head_that_is_given_counts_and_is_remembered(tmp_path: Path, clock: Clock) -> None:
    clock(AT)
    head = AT + dt.timedelta(days=3)
    assert Trust(tmp_path).moment(head) == head
    assert Trust(tmp_path).moment() == head


def test_versions_are_ordered_by_number_when_their_clocks_disagree(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(tmp_path / "ds", home, {Kind.ART: range(2)}, at=AT)
    publish(tmp_path / "ds", home, {Kind.ART: range(3)}, at=AT - dt.timedelta(days=365))
    opened = open_dataset(tmp_path / "ds", trust=Trust(home))
    assert opened.head.number == 2
    assert [entry.created > opened.head.created for entry in opened.entries] == [True, False]
