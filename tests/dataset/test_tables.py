"""The tables: one pass to write, proven when read, groups of equal content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from dataset_samples import DATASET, asset, flip
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.dataset import index as module
from provenance.dataset.index import TableInfo, TableWriter, digests, exact_groups, load_table, stream_table
from provenance.dataset.schema import ASSETS, INDEX
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, CommitError, InputError


def index_rows(count: int) -> pa.RecordBatch:
    chance = np.random.default_rng(count)
    columns = []
    for field in INDEX:
        if pa.types.is_fixed_size_binary(field.type):
            columns.append(pa.array([chance.bytes(32) for _ in range(count)], field.type))
        elif pa.types.is_string(field.type):
            columns.append(pa.array(["frames"] * count))
        elif pa.types.is_boolean(field.type):
            columns.append(pa.array([None] * count, field.type))
        else:
            columns.append(pa.array(range(count), field.type))
    return pa.RecordBatch.from_arrays(columns, schema=INDEX)


def write(store: Store, rows: pa.RecordBatch, step: int) -> TableInfo:
    with TableWriter(store, "index", DATASET) as writer:
        for start in range(0, rows.num_rows, step):
            writer.write(rows.slice(start, step))
        return writer.finish()


def test_batches_of_any_size_give_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 64)
    rows = index_rows(300)
    found = {write(Store(tmp_path / str(step)), rows, step) for step in (1, 63, 64, 65, 300)}
    assert len(found) == 1
    (info,) = found
    assert load_table(Store(tmp_path / "1"), "index", info, DATASET).to_batches()[0].schema.equals(INDEX)
    back = load_table(Store(tmp_path / "1"), "index", info, DATASET).combine_chunks()
    assert back.equals(pa.Table.from_batches([rows]).combine_chunks())


def test_a_table_streams_in_order_and_by_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROUP_ROWS", 64)
    store, rows = Store(tmp_path), index_rows(200)
    info = write(store, rows, 50)
    batches = list(stream_table(store, "index", info, DATASET, ["row", "offset"]))
    assert len(batches) == 4
    assert [value for batch in batches for value in batch.column(0).to_pylist()] == list(range(200))


def test_a_table_too_large_to_hold_is_proven_as_a_copy_that_is_ours_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = Store(tmp_path / "store"), index_rows(200)
    info = write(store, rows, 50)
    held = load_table(store, "index", info, DATASET)
    monkeypatch.setattr(module, "HELD_BYTES", 0)
    monkeypatch.setattr(store, "load", None)
    batches = stream_table(store, "index", info, DATASET)
    first = next(batches)
    place = tmp_path / "store" / info.path
    place.write_bytes(bytes(info.bytes))  # between the proof and the use: too late
    assert pa.Table.from_batches([first, *batches]).equals(held.combine_chunks())
    with pytest.raises(ChangedError):
        load_table(store, "index", info, DATASET)
    place.write_bytes(b"short")
    with pytest.raises(ChangedError):
        load_table(store, "index", info, DATASET)


def test_no_room_for_the_copy_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    info = write(store, index_rows(20), 20)
    monkeypatch.setattr(module, "HELD_BYTES", 0)
    monkeypatch.setattr("provenance.dataset.store.tempfile.TemporaryFile", lambda **_: open("/dev/full", "wb", 0))  # noqa: SIM115
    with pytest.raises(CommitError, match=r"cannot be copied to be proven: No space left .* TMPDIR"):
        load_table(store, "index", info, DATASET)


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with TableWriter(store, "quarantine", DATASET) as writer:
        info = writer.finish()
    assert info.rows == 0
    assert load_table(store, "quarantine", info, DATASET).num_rows == 0
    assert list(stream_table(store, "quarantine", info, DATASET)) == []


def test_rows_of_other_columns_or_with_an_empty_value_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with TableWriter(store, "assets", DATASET) as writer:
        writer.write_rows([asset(1)])
        with pytest.raises(InputError, match="no column 'verdict'"):
            writer.write_rows([asset(2) | {"verdict": "cleared"}])
        with pytest.raises(InputError, match="'unit' of the assets table must not be empty"):
            writer.write_rows([{key: value for key, value in asset(2).items() if key != "unit"}])
        with pytest.raises(InputError, match="other columns than those of the assets table"):
            writer.write(index_rows(2))
        info = writer.finish()
    assert load_table(store, "assets", info, DATASET, ["asset"]).column(0).to_pylist() == ["film/1.png"]
    assert info.rows == 1 and ASSETS.get_field_index("outcome") > 0


def test_a_table_of_other_bytes_rows_or_owner_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    info = write(store, index_rows(20), 20)
    with pytest.raises(ChangedError, match="21 were signed"):
        load_table(store, "index", TableInfo(info.path, info.sha256, 21, info.bytes), DATASET)
    flip(tmp_path / info.path, 100)
    with pytest.raises(ChangedError, match="not the ones that were signed"):
        load_table(store, "index", info, DATASET)


def first_of_each(content: list[bytes]) -> list[int]:
    seen: dict[bytes, int] = {}
    return [seen.setdefault(digest, at) for at, digest in enumerate(content)]


def as_array(content: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(content), np.uint8).reshape(-1, 32)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_groups_are_those_of_a_slow_loop_also_when_digests_share_their_beginning(
    parts: list[tuple[int, int, int]],
) -> None:
    content = [bytes([a]) * 8 + bytes([b]) * 16 + bytes([c]) * 8 for a, b, c in parts]
    assert exact_groups(as_array(content)).tolist() == first_of_each(content)


def test_groups_of_many_random_digests() -> None:
    chance = np.random.default_rng(5)
    content = chance.integers(0, 256, (500, 32), np.uint8)[chance.integers(0, 500, 5_000)]
    assert exact_groups(content).tolist() == first_of_each([bytes(digest) for digest in content])


def test_digests_of_a_sliced_and_a_chunked_column() -> None:
    values = [bytes([at]) * 32 for at in range(6)]
    array = pa.array(values, pa.binary(32))
    assert digests(array).tobytes() == b"".join(values)
    assert digests(array[2:4]).tobytes() == b"".join(values[2:4])
    assert digests(pa.chunked_array([array[:1], array[4:]])).tobytes() == values[0] + values[4] + values[5]
    assert digests(pa.chunked_array([], pa.binary(32))).shape == (0, 32)
