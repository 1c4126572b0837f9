"""Shards: the same rows give the same bytes, and every payload lies where it is said to lie."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dataset_samples import DATASET, payload_of, reading, row, write_shard

from provenance.dataset import shard as module
from provenance.dataset.schema import PAYLOAD, PAYLOAD_LEAF
from provenance.dataset.shard import ShardWriter, load_columns, load_item, payload_places, read_columns
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, InputError
from provenance.model.words import Kind


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("sizes", [[0], [1], [0, 5, 0], [70_000, 3, 1_200_000, 0, 1], list(range(300))])
def test_one_read_at_the_stored_place_gives_each_payload(tmp_path: Path, kind: Kind, sizes: list[int]) -> None:
    store = Store(tmp_path)
    rows = [row(kind, at, b"%d" % (at % 10) * size) for at, size in enumerate(sizes)]
    shard = write_shard(store, kind, rows)
    with reading(store, shard.path) as handle:
        offsets, lengths = payload_places(handle, kind, DATASET)
        assert lengths.tolist() == sizes
        for found, offset, length in zip(rows, offsets.tolist(), lengths.tolist(), strict=True):
            assert load_item(handle, offset, length, bytes.fromhex(found["payload_sha256"])) == payload_of(found)


def test_pages_and_row_groups_of_every_size_are_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 130)
    monkeypatch.setattr(module, "GROUP_BYTES", 3_000_000)
    store = Store(tmp_path)
    rows = [row(Kind.FRAMES, at, bytes([at % 256]) * (at * 997 % 90_000)) for at in range(400)]
    shard = write_shard(store, Kind.FRAMES, rows)
    metadata = pq.read_metadata(tmp_path / shard.path)
    assert metadata.num_row_groups > 4
    with reading(store, shard.path) as handle:
        offsets, lengths = payload_places(handle, Kind.FRAMES, DATASET)
        for found, offset, length in zip(rows, offsets.tolist(), lengths.tolist(), strict=True):
            assert load_item(handle, offset, length, bytes.fromhex(found["payload_sha256"])) == payload_of(found)


def test_how_rows_are_handed_over_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 32)
    rows = [row(Kind.ART, at) for at in range(100)]
    digests = set()
    for step in (1, 3, 32, 33, 100):
        with ShardWriter(Store(tmp_path / str(step)), Kind.ART, DATASET) as writer:
            for start in range(0, 100, step):
                writer.append_many(rows[start : start + step])
            digests.add(writer.finish().sha256)
    assert len(digests) == 1


def test_a_shard_is_named_by_its_bytes_and_putting_it_again_is_harmless(tmp_path: Path) -> None:
    store, rows = Store(tmp_path), [row(Kind.ART, at) for at in range(5)]
    first, second = write_shard(store, Kind.ART, rows), write_shard(store, Kind.ART, rows)
    assert first == second
    data = (tmp_path / first.path).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data), first.rows) == (first.sha256, first.bytes, 5)
    assert first.path == f"data/art/{first.sha256}.parquet"
    assert store.names("data/art") == [f"{first.sha256}.parquet"]
    assert store.names("tmp") == []


def test_payloads_are_plain_and_all_else_is_packed_and_every_page_has_a_checksum(tmp_path: Path) -> None:
    for kind in Kind:
        shard = write_shard(Store(tmp_path), kind, [row(kind, at) for at in range(50)])
        group = pq.read_metadata(tmp_path / shard.path).row_group(0)
        for at in range(group.num_columns):
            chunk = group.column(at)
            plain = chunk.path_in_schema == PAYLOAD_LEAF[kind]
            assert chunk.compression == ("UNCOMPRESSED" if plain else "ZSTD")
            assert not (plain and (chunk.has_dictionary_page or chunk.is_stats_set))


def test_a_shard_says_whose_it_is_and_holds_no_time(tmp_path: Path) -> None:
    shard = write_shard(Store(tmp_path), Kind.ART, [row(Kind.ART, 1)])
    metadata = pq.read_schema(tmp_path / shard.path).metadata
    assert json.loads(metadata[b"provenance"]) == {"dataset": DATASET, "format": 2, "holds": "art"}
    assert metadata.keys() == {b"provenance", b"huggingface"}
    again = write_shard(Store(tmp_path / "later"), Kind.ART, [row(Kind.ART, 1)])
    assert again.sha256 == shard.sha256


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"item_id": None}, "'item_id' of art must not be empty"),
        ({"cleared": True}, "art have no column 'cleared'"),
        ({"width": "wide"}, "does not fit its columns"),
        ({"width": 2**31}, "does not fit its columns"),
        ({"payload_bytes": 1}, "payload_bytes is 1 for a payload of"),
        ({"image": None}, "no payload that can be kept"),
        ({"image": {"bytes": None, "path": None}}, "no payload that can be kept"),
        ({"asset": "\ud800"}, "does not fit its columns"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_leaves_nothing(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    store = Store(tmp_path)
    with ShardWriter(store, Kind.ART, DATASET) as writer:
        writer.append_many([row(Kind.ART, 1)])
        with pytest.raises(InputError, match=sentence):
            writer.append_many([row(Kind.ART, 2) | change])
    assert store.names("data/art") == [] and store.names("tmp") == []


def test_a_writer_that_is_left_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 4)
    store = Store(tmp_path)
    with pytest.raises(KeyError), ShardWriter(store, Kind.ART, DATASET) as writer:
        writer.append_many(row(Kind.ART, at) for at in range(10))
        assert len(store.names("tmp")) == 1
        raise KeyError
    assert store.names("tmp") == [] and store.names("data/art") == []
    with pytest.raises(InputError, match="has no rows"):
        ShardWriter(store, Kind.ART, DATASET).finish()


def test_columns_come_back_as_they_went_in(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [row(Kind.SCRIPTS, at) | {"characters": ["Äda", "ボブ"], "page_start": at} for at in range(3)]
    shard = write_shard(store, Kind.SCRIPTS, rows)
    wanted = ["characters", "page_start", "page_end", "text"]
    with reading(store, shard.path) as handle:
        found = read_columns(handle, Kind.SCRIPTS, DATASET, wanted).to_pylist()
    assert found == [{name: each.get(name) for name in wanted} for each in rows]
    assert load_columns(store, shard, DATASET, wanted).to_pylist() == found
    assert set(PAYLOAD[Kind.SCRIPTS].names) >= set(wanted)


def test_a_read_beyond_the_end_or_of_nonsense_is_a_refusal_and_no_crash(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shard = write_shard(store, Kind.ART, [row(Kind.ART, 1)])
    with reading(store, shard.path) as handle:
        for offset, length in ((10**9, 10), (-1, 10), (0, -1), (2**70, 1)):
            with pytest.raises(ChangedError):
                load_item(handle, offset, length, b"x" * 32)
