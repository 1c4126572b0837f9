"""T06: somebody who may write to the dataset changes a shard. Nothing of it is believed."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from dataset_samples import DATASET, flip, payload_of, publish, reading, row, write_shard

from provenance.dataset.shard import load_columns, load_item, payload_places, read_columns
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.model.errors import ChangedError, TamperError
from provenance.model.words import Kind
from provenance.verify import Problem, verify

SEEDS = range(40)


def test_one_flipped_bit_in_a_picture_is_refused_when_that_picture_is_read(tmp_path: Path) -> None:
    store, rows = Store(tmp_path), [row(Kind.ART, seed) for seed in SEEDS]
    shard = write_shard(store, Kind.ART, rows)
    with reading(store, shard.path) as handle:
        offsets, lengths = payload_places(handle, Kind.ART, DATASET)
        flip(tmp_path / shard.path, int(offsets[7]) + 3)
        for at, found in enumerate(rows):
            digest = bytes.fromhex(found["payload_sha256"])
            if at == 7:
                with pytest.raises(ChangedError, match="not the one that was signed"):
                    load_item(handle, int(offsets[at]), int(lengths[at]), digest)
            else:
                assert load_item(handle, int(offsets[at]), int(lengths[at]), digest) == payload_of(found)


def test_no_bit_flip_anywhere_in_a_shard_passes_a_proven_read(tmp_path: Path) -> None:
    store, chance = Store(tmp_path), random.Random(6)
    shard = write_shard(store, Kind.SCRIPTS, [row(Kind.SCRIPTS, seed) for seed in SEEDS])
    for _ in range(200):
        at, mask = chance.randrange(shard.bytes), 1 << chance.randrange(8)
        flip(tmp_path / shard.path, at, mask)
        with pytest.raises(ChangedError, match="not the ones that were signed"):
            load_columns(store, shard, DATASET, ["item_id"])
        flip(tmp_path / shard.path, at, mask)
    assert load_columns(store, shard, DATASET, ["item_id"]).num_rows == len(SEEDS)


def test_page_checksums_catch_a_flip_in_the_pages_that_a_plain_read_lets_pass(tmp_path: Path) -> None:
    """The plain reader is shown beside ours: the checksum must be the reason, not luck."""
    store, rows = Store(tmp_path), [row(Kind.ART, seed) for seed in SEEDS]
    shard = write_shard(store, Kind.ART, rows)
    with reading(store, shard.path) as handle:
        offsets, _ = payload_places(handle, Kind.ART, DATASET)
    flip(tmp_path / shard.path, int(offsets[3]) + 20)
    changed = pq.ParquetFile(tmp_path / shard.path).read(columns=["image"])["image"][3].as_py()["bytes"]
    assert changed != payload_of(rows[3])
    with reading(store, shard.path) as handle, pytest.raises(ChangedError, match="cannot be read as the Parquet"):
        read_columns(handle, Kind.ART, DATASET, ["image"])


def test_payload_bytes_that_lie_about_the_pages_are_noticed(tmp_path: Path) -> None:
    store, rows = Store(tmp_path), [row(Kind.SCRIPTS, seed) for seed in SEEDS]
    shard = write_shard(store, Kind.SCRIPTS, rows)
    with reading(store, shard.path) as handle:
        offsets, _ = payload_places(handle, Kind.SCRIPTS, DATASET)
        # One length prefix says more, its neighbour less: the page is as full as before.
        flip(tmp_path / shard.path, int(offsets[5]) - 4, 1)
        with pytest.raises(TamperError, match="payload_bytes is not the length"):
            payload_places(handle, Kind.SCRIPTS, DATASET)


def test_verify_names_the_shard_that_was_changed_cut_removed_or_put_beside(tmp_path: Path) -> None:
    dataset, trust = tmp_path / "ds", Trust(tmp_path / "home")
    version = publish(dataset, tmp_path / "home", {Kind.FRAMES: range(3), Kind.ART: range(2)})
    frames, art = (dataset / shard.path for shard in version.content.shards)
    sound = frames.read_bytes()

    flip(frames, 500)
    assert [(f.problem, f.path) for f in verify(dataset, trust=trust).problems] == [
        (Problem.CHANGED, version.content.shards[0].path)
    ]
    frames.write_bytes(sound[:-1])
    assert [f.problem for f in verify(dataset, trust=trust).problems] == [Problem.CHANGED]
    frames.unlink()
    assert [f.problem for f in verify(dataset, trust=trust).problems] == [Problem.MISSING]
    frames.symlink_to(art)
    assert [f.problem for f in verify(dataset, trust=trust).problems] == [Problem.CHANGED]
    frames.unlink()
    frames.write_bytes(sound)
    (dataset / "data" / "art" / "more.parquet").write_bytes(sound)
    found = verify(dataset, trust=trust)
    assert [(f.problem, f.path) for f in found.problems] == [(Problem.EXTRA, "data/art/more.parquet")]
    (dataset / "data" / "art" / "more.parquet").unlink()
    assert verify(dataset, trust=trust).sound


def test_a_deep_verification_finds_an_index_that_points_elsewhere(tmp_path: Path) -> None:
    """A signed index with wrong places is a fault of the builder, and found all the same."""
    import dataset_samples

    dataset, home = tmp_path / "ds", tmp_path / "home"
    honest = dataset_samples.payload_places

    def shifted(handle: int, kind: Kind, name: str) -> tuple[object, object]:
        offsets, lengths = honest(handle, kind, name)
        return offsets + 1, lengths

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset_samples, "payload_places", shifted)
        publish(dataset, home, {Kind.FRAMES: range(3)})
    assert verify(dataset, trust=Trust(home)).sound
    found = verify(dataset, trust=Trust(home), deep=True)
    assert [f.sentence for f in found.problems] == ["the index does not say where its payloads lie"]
