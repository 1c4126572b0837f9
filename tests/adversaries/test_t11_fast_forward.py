"""T11: numbers are skipped, so that later ones look stale or a gap hides what was between."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dataset_samples import AT, DATASET, publish

from provenance.dataset import keyring, signing
from provenance.dataset.opening import open_dataset
from provenance.dataset.schema import FORMAT_VERSION
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import PREDICATE, Version, read_versions
from provenance.model import clock
from provenance.model.errors import MissingError, TamperError
from provenance.model.words import Kind


@pytest.fixture
def dataset(tmp_path: Path) -> Version:
    return publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})


def forge(place: Path, home: Path, first: Version, number: int, name: int, parent: str | None) -> None:
    """Sign an entry with the right key that says one number and lies under another: what a thief could do."""
    predicate = first.content.as_json() | {
        "chain": DATASET,
        "created": clock.stamp(AT),
        "nonce": "0" * 32,
        "format": FORMAT_VERSION,
        "number": number,
        "parent": parent,
    }
    payload = signing.statement(PREDICATE, predicate, first.content.objects)
    data = signing.seal(payload, [signing.own_key(Role.BUILD, home)])
    (place / "versions" / f"{name:06d}.json").write_bytes(data)


def test_a_version_far_ahead_is_refused_for_the_gap_before_it(tmp_path: Path, dataset: Version) -> None:
    forge(tmp_path / "ds", tmp_path / "home", dataset, 999_999, 999_999, dataset.digest)
    with pytest.raises(MissingError, match="is not there, though 999999 is"):
        open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))


def test_a_version_that_says_another_number_than_its_name_is_refused(tmp_path: Path, dataset: Version) -> None:
    forge(tmp_path / "ds", tmp_path / "home", dataset, 7, 2, dataset.digest)
    with pytest.raises(TamperError, match="says that it is number 7"):
        open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))


@pytest.mark.parametrize("parent", [None, "0" * 64])
def test_a_version_of_the_right_number_and_another_parent_is_refused(
    tmp_path: Path, dataset: Version, parent: str | None
) -> None:
    forge(tmp_path / "ds", tmp_path / "home", dataset, 2, 2, parent)
    with pytest.raises(TamperError, match="does not follow from the entry before it"):
        open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))


def test_a_version_in_the_middle_that_is_gone_is_missed(tmp_path: Path, dataset: Version) -> None:
    for count in (3, 4):
        publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(count)})
    (tmp_path / "ds" / "versions" / "000002.json").unlink()
    with pytest.raises(MissingError, match="is not there, though 3 is"):
        open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))


def test_a_first_version_that_follows_something_is_refused(tmp_path: Path, dataset: Version) -> None:
    forge(tmp_path / "ds", tmp_path / "home", dataset, 1, 1, dataset.digest)
    with pytest.raises(TamperError, match="does not follow"):
        open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "other"))


@pytest.mark.parametrize("name", ["0000002.json", "2.json", "000002.JSON", "000000.json", "000002.json.bak", "٢.json"])
def test_other_spellings_of_a_number_are_no_versions(tmp_path: Path, dataset: Version, name: str) -> None:
    versions = tmp_path / "ds" / "versions"
    shutil.copy(versions / "000001.json", versions / name)
    store = Store(tmp_path / "ds")
    assert store.numbers("versions") == [1]
    assert len(read_versions(store, keyring.load(store, Role.BUILD))) == 1
