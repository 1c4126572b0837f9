"""T08: an older version or ledger, rightly signed, is put back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dataset_samples import publish, write_ledger

from provenance.dataset.opening import open_dataset
from provenance.dataset.trust import FILE, Trust
from provenance.model.errors import ForeignError, MissingError, RollbackError, UsageError
from provenance.model.words import Kind
from provenance.verify import Problem, verify


def test_a_dataset_that_is_put_back_to_an_older_version_is_refused(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    shutil.copytree(place, tmp_path / "yesterday")
    publish(place, home, {Kind.ART: range(3)})
    assert open_dataset(place, trust=Trust(home)).head.number == 2
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "yesterday", place)
    with pytest.raises(RollbackError, match="ends at 1, and 2 was seen before"):
        open_dataset(place, trust=Trust(home))


def test_an_old_mirror_elsewhere_is_a_rollback_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(tmp_path / "ds", home, {Kind.ART: range(2)})
    shutil.copytree(tmp_path / "ds", tmp_path / "mirror")
    publish(tmp_path / "ds", home, {Kind.ART: range(3)})
    with pytest.raises(RollbackError, match="ends at 1, and 2 was seen before"):
        open_dataset(tmp_path / "mirror", trust=Trust(home))


def test_somebody_who_has_seen_less_may_open_the_mirror(tmp_path: Path) -> None:
    """The promise goes no further than what this machine has seen."""
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})
    shutil.copytree(tmp_path / "ds", tmp_path / "mirror")
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(3)})
    assert open_dataset(tmp_path / "mirror", trust=Trust(tmp_path / "elsewhere")).head.number == 1


def test_two_histories_under_one_key_are_noticed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(tmp_path / "ds", home, {Kind.ART: range(2)})
    shutil.copytree(tmp_path / "ds", tmp_path / "fork")
    publish(tmp_path / "ds", home, {Kind.ART: range(3)})
    shutil.copytree(home, tmp_path / "home2", ignore=shutil.ignore_patterns(FILE))
    publish(tmp_path / "fork", tmp_path / "home2", {Kind.ART: range(4)})
    with pytest.raises(RollbackError, match="another entry 2 than the one seen before"):
        open_dataset(tmp_path / "fork", trust=Trust(home))


def test_a_ledger_without_its_last_revocation_is_refused(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    write_ledger(place, home, {"statements": ["RS-1"]}, {"revoked": ["RS-1"]})
    assert verify(place, trust=Trust(home)).sound
    (place / "ledger" / "000002.json").unlink()
    found = verify(place, trust=Trust(home))
    assert [(f.problem, f.sentence[:40]) for f in found.problems] == [
        (Problem.CHAIN, "ends at 1, and 2 was seen before; restor")
    ]


def test_a_ledger_that_is_gone_altogether_is_refused(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    write_ledger(place, home, {"statements": ["RS-1"]})
    assert verify(place, trust=Trust(home)).sound
    shutil.rmtree(place / "ledger")
    shutil.rmtree(place / "keys" / "rights")
    assert [f.problem for f in verify(place, trust=Trust(home)).problems] == [Problem.CHAIN]


def test_a_dataset_whose_chain_is_emptied_is_missing_and_not_new(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    shutil.rmtree(place / "versions")
    shutil.rmtree(place / "keys")
    with pytest.raises(MissingError, match="held a signed chain and is empty now"):
        open_dataset(place, trust=Trust(home))


def test_another_dataset_in_the_place_of_a_known_one_is_refused(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    shutil.rmtree(place)
    publish(place, tmp_path / "stranger", {Kind.ART: range(2)}, dataset="e" * 64)
    with pytest.raises(ForeignError, match="holds another chain than when it was last opened"):
        open_dataset(place, trust=Trust(home))


def test_a_damaged_trust_file_is_not_forgotten_in_silence(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    (home / FILE).write_text("{")
    with pytest.raises(UsageError, match="trust file cannot be read"):
        open_dataset(place, trust=Trust(home))
