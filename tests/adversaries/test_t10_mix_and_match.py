"""T10: genuine pieces of one dataset, ledger or role are put in the place of another's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dataset_samples import AT, DATASET, publish, reading, row, write_content, write_ledger, write_shard

from provenance.dataset import chain, keyring, ledger, signing, version
from provenance.dataset.index import load_table
from provenance.dataset.opening import open_dataset
from provenance.dataset.shard import read_columns
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.model.errors import BadSignatureError, ForeignError, SchemaError, TamperError
from provenance.model.words import Kind
from provenance.verify import Problem, verify

OTHER = "e" * 64


def test_a_shard_of_another_dataset_is_foreign_although_it_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shard = write_shard(store, Kind.ART, [row(Kind.ART, 1)], dataset=OTHER)
    with reading(store, shard.path) as handle, pytest.raises(ForeignError, match=f"belongs to dataset {OTHER}"):
        read_columns(handle, Kind.ART, DATASET, ["item_id"])


def test_an_index_of_another_dataset_is_foreign(tmp_path: Path) -> None:
    store = Store(tmp_path)
    content = write_content(store, {Kind.ART: range(2)}, dataset=OTHER)
    with pytest.raises(ForeignError, match="belongs to dataset"):
        load_table(store, "index", content.tables["index"], DATASET)


def test_a_version_of_another_dataset_under_the_same_key_does_not_continue_this_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(tmp_path / "one", home, {Kind.ART: range(2)})
    publish(tmp_path / "two", home, {Kind.ART: range(2)}, dataset=OTHER)
    publish(tmp_path / "two", home, {Kind.ART: range(3)}, dataset=OTHER)
    shutil.copy(tmp_path / "two" / "versions" / "000002.json", tmp_path / "one" / "versions")
    with pytest.raises(TamperError, match="does not follow from the entry before it"):
        open_dataset(tmp_path / "one", trust=Trust(home))


def test_all_versions_of_another_dataset_do_not_fit_the_keys_of_this_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    publish(tmp_path / "one", home, {Kind.ART: range(2)})
    publish(tmp_path / "two", home, {Kind.ART: range(2)}, dataset=OTHER)
    shutil.copy(tmp_path / "two" / "versions" / "000001.json", tmp_path / "one" / "versions")
    with pytest.raises(ForeignError, match=f"belongs to {OTHER}"):
        open_dataset(tmp_path / "one", trust=Trust(home))


def test_the_ledger_of_another_dataset_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, dataset in (("one", DATASET), ("two", OTHER)):
        publish(tmp_path / name, home, {Kind.ART: range(2)}, dataset=dataset)
    write_ledger(tmp_path / "one", home, {"statements": ["RS-1"]})
    shutil.copytree(tmp_path / "one" / "ledger", tmp_path / "two" / "ledger")
    shutil.copytree(tmp_path / "one" / "keys" / "rights", tmp_path / "two" / "keys" / "rights")
    found = verify(tmp_path / "two", trust=Trust(home))
    assert [(f.problem, f.path) for f in found.problems] == [(Problem.CHAIN, "keys/rights/000001.json")]


def test_a_ledger_entry_is_no_version_and_a_version_is_no_ledger_entry(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    publish(place, home, {Kind.ART: range(2)})
    write_ledger(place, home, {"statements": ["RS-1"]})
    store = Store(place)
    build, rights = keyring.load(store, Role.BUILD), keyring.load(store, Role.RIGHTS)
    with pytest.raises(BadSignatureError, match="must sign"):
        chain.read_all(store, ledger.FOLDER, ledger.PREDICATE, build.signers)
    with pytest.raises(SchemaError, match="is no https://provenance"):
        chain.read_all(store, ledger.FOLDER, version.PREDICATE, rights.signers)


def test_a_version_whose_shards_and_tables_change_places_is_refused(tmp_path: Path) -> None:
    """Signed by the right key, but a path that does not follow from kind and digest points where it should not."""
    place, home = tmp_path / "ds", tmp_path / "home"
    first = publish(place, home, {Kind.ART: range(2), Kind.FRAMES: range(2)})
    store, key = Store(place), signing.own_key(Role.BUILD, home)
    body = first.content.as_json()
    body["shards"][0]["path"] = body["shards"][1]["path"]
    chain.append(store, version.FOLDER, version.PREDICATE, DATASET, body, first.content.objects, [key], first.entry, AT)
    with pytest.raises(SchemaError, match="lies elsewhere"):
        open_dataset(place, trust=Trust(home))


def test_the_ledger_that_a_version_was_built_with_cannot_be_another_later(tmp_path: Path) -> None:
    place, home = tmp_path / "ds", tmp_path / "home"
    first = publish(place, home, {Kind.ART: range(2)})
    write_ledger(place, home, {"statements": ["RS-1"]})
    store, key = Store(place), signing.own_key(Role.BUILD, home)
    from dataclasses import replace

    content = replace(first.content, ledger={"number": 1, "digest": "0" * 64})
    version.commit_version(store, DATASET, content, key, first, AT)
    found = verify(place, trust=Trust(home))
    assert (Problem.CHAIN, "ledger/000001.json") in [(f.problem, f.path) for f in found.problems]
