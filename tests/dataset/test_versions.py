"""Versions: what is committed is what is read, once, and plain readers see the newest and nothing else."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from dataset_samples import AT, DATASET, publish, tree, write_content

from provenance.dataset import card, keyring, signing
from provenance.dataset.opening import open_dataset
from provenance.dataset.signing import Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import FOLDER, commit_version, live_objects, merkle_root
from provenance.model.errors import ConflictError, InputError, MissingError
from provenance.model.words import Kind
from provenance.verify import verify

KINDS = {Kind.FRAMES: range(4), Kind.ART: range(3), Kind.SCRIPTS: range(2)}


def test_a_version_comes_back_as_it_was_committed(tmp_path: Path) -> None:
    version = publish(tmp_path / "ds", tmp_path / "home", KINDS)
    opened = open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))
    assert opened.head == version
    assert (opened.id, version.dataset, version.number, version.rows, version.created) == (DATASET, DATASET, 1, 9, AT)
    assert opened.version(1) == version
    with pytest.raises(MissingError, match="has no version 2; its newest is 1"):
        opened.version(2)
    with pytest.raises(InputError, match="is no dataset"):
        open_dataset(tmp_path / "nothing", trust=Trust(tmp_path / "home"))


def test_older_versions_are_read_again_from_their_files(tmp_path: Path) -> None:
    versions = [publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(count)}) for count in (1, 2, 3)]
    opened = open_dataset(tmp_path / "ds", trust=Trust(tmp_path / "home"))
    assert [opened.version(number) for number in (1, 2, 3)] == versions
    assert [entry.parent for entry in opened.entries] == [None, versions[0].digest, versions[1].digest]


def test_a_rerun_finds_its_own_commit_and_commits_nothing_twice(tmp_path: Path) -> None:
    version = publish(tmp_path / "ds", tmp_path / "home", KINDS)
    before = tree(tmp_path / "ds")
    assert publish(tmp_path / "ds", tmp_path / "home", KINDS, at=AT.replace(year=2027)) == version
    assert tree(tmp_path / "ds") == before


def test_two_builds_of_one_thing_differ_in_nothing_but_what_is_signed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        publish(tmp_path / name, tmp_path / "home", KINDS)
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    assert set(one) == set(two)
    assert {path for path in one if one[path] != two[path]} == {"keys/build/000001.json", "versions/000001.json"}


def test_the_slower_of_two_committers_is_told_so(tmp_path: Path) -> None:
    first = publish(tmp_path / "ds", tmp_path / "home", KINDS)
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(5)})
    store, key = Store(tmp_path / "ds"), signing.own_key(Role.BUILD, tmp_path / "home")
    with pytest.raises(ConflictError):
        commit_version(store, DATASET, write_content(store, {Kind.ART: range(6)}), key, first, AT)


def test_gc_spares_what_any_retained_version_names(tmp_path: Path) -> None:
    one = publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2), Kind.FRAMES: range(2)})
    two = publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2), Kind.FRAMES: range(3)})
    assert live_objects([one, two]) == {path for version in (one, two) for path, _ in version.content.objects}
    art = one.content.shards[0].path
    assert art in live_objects([two]) and one.content.shards[1].path not in live_objects([two])

    store = Store(tmp_path / "ds")
    with store.alone():
        store.remove(live_objects([one]) - live_objects([two]))
    found = verify(tmp_path / "ds", trust=Trust(tmp_path / "home"), deep=True)
    assert found.sound and found.notes == ("2 objects of older versions are gone, as gc leaves them",)


def test_the_root_is_the_merkle_tree_hash_of_rfc_6962() -> None:
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()
    leaves = [bytes([at]) for at in range(7)]

    def slowly(part: list[bytes]) -> bytes:
        if len(part) == 1:
            return hashlib.sha256(b"\0" + part[0]).digest()
        split = 1 << (len(part) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + slowly(part[:split]) + slowly(part[split:])).digest()

    for count in range(1, 8):
        assert merkle_root(leaves[:count]) == slowly(leaves[:count]).hex()


def test_the_card_lists_the_newest_shards_one_by_one_and_only_kinds_that_exist(tmp_path: Path) -> None:
    publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})
    version = publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(3)})
    text = (tmp_path / "ds" / "README.md").read_text()
    assert text.count(".parquet") == 1 and version.content.shards[0].path in text
    assert "config_name: art" in text and "frames" not in text.split("---")[1]


def test_an_archives_name_becomes_no_markup_in_the_card(tmp_path: Path) -> None:
    version = publish(tmp_path / "ds", tmp_path / "home", {Kind.ART: range(2)})
    content = replace(version.content, archive="evil`\n---\nconfigs: <script>\u202e")
    text = card.card(replace(version, content=content)).decode()
    assert text.count("\n---\n") == 1
    assert "`evil'\\n---\\nconfigs: <script>\\u202e`" in text


def test_a_card_that_is_behind_is_a_note_and_one_that_is_forged_a_finding(tmp_path: Path) -> None:
    place, trust = tmp_path / "ds", Trust(tmp_path / "home")
    publish(place, tmp_path / "home", {Kind.ART: range(2)})
    older = (place / "README.md").read_bytes()
    publish(place, tmp_path / "home", {Kind.ART: range(3)})
    newest = (place / "README.md").read_bytes()
    (place / "README.md").write_bytes(older)
    assert verify(place, trust=trust).sound and len(verify(place, trust=trust).notes) == 1
    (place / "README.md").write_bytes(newest.replace(b"split: train", b"split: other"))
    assert [found.path for found in verify(place, trust=trust).problems] == ["README.md"]


LOADER = """
import json, sys
import datasets
datasets.disable_progress_bars()
out = {}
for kind in ("frames", "art", "scripts"):
    found = datasets.load_dataset(sys.argv[1], kind, cache_dir=sys.argv[2], split="train")
    first = found[0]
    out[kind] = [found.num_rows, list(first["image"].size) if "image" in first else first["text"]]
print(json.dumps(out))
"""


def test_datasets_loads_the_newest_version_offline_and_decodes_its_pictures(tmp_path: Path) -> None:
    publish(tmp_path / "ds", tmp_path / "home", {kind: range(9) for kind in Kind})
    publish(tmp_path / "ds", tmp_path / "home", KINDS)
    ran = subprocess.run(
        [sys.executable, "-c", LOADER, str(tmp_path / "ds"), str(tmp_path / "cache")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "frames": [4, [24, 24]],
        "art": [3, [24, 24]],
        "scripts": [2, "INT. ROOM 0 - DAY\n\nÀ scene, 0 times."],
    }


def test_duckdb_reads_a_shard_plainly(tmp_path: Path) -> None:
    version = publish(tmp_path / "ds", tmp_path / "home", KINDS)
    scripts = tmp_path / "ds" / version.content.shards[2].path
    with duckdb.connect() as plain:
        found = plain.execute("select count(*), min(part) from read_parquet(?)", [str(scripts)]).fetchall()
    assert found == [(2, "part-0")]


def test_keys_of_a_dataset_are_published_once(tmp_path: Path) -> None:
    publish(tmp_path / "ds", tmp_path / "home", KINDS)
    key = signing.own_key(Role.BUILD, tmp_path / "home")
    keys = keyring.publish(Store(tmp_path / "ds"), DATASET, key, AT)
    assert [number for number, _ in keys.periods] == [1] and keys.current == key.public
    assert Store(tmp_path / "ds").numbers(FOLDER) == [1]
