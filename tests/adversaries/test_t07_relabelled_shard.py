"""T07: a shard's columns, folder or name are made to say what its rows do not. No path reaches a reader."""

from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_samples import DATASET, reading, row, write_shard

from provenance.dataset import index, shard
from provenance.dataset.schema import FORMAT_VERSION, PAYLOAD
from provenance.dataset.shard import payload_places, read_columns
from provenance.dataset.store import Store
from provenance.model.errors import ChangedError, ForeignError, SchemaError, TamperError
from provenance.model.words import Kind, canonical_json


def table(place: Path) -> pa.Table:
    store = Store(place)
    written = write_shard(store, Kind.ART, [row(Kind.ART, seed) for seed in range(3)])
    return pq.ParquetFile(place / written.path).read()


def renamed(found: pa.Table, name: str, new: str) -> pa.Table:
    return found.rename_columns([new if column == name else column for column in found.column_names])


def retyped(found: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    at = found.column_names.index(name)
    return found.set_column(at, found.schema.field(at).with_type(kind), found[name].cast(kind))


def with_metadata(found: pa.Table, **more: bytes) -> pa.Table:
    return found.replace_schema_metadata({**found.schema.metadata, **{k.encode(): v for k, v in more.items()}})


def nullable(found: pa.Table) -> pa.Table:
    fields = [field.with_nullable(True) for field in found.schema]
    return found.cast(pa.schema(fields, found.schema.metadata))


WIDE = len(PAYLOAD[Kind.ART])

RELABELLINGS: list[tuple[str, Callable[[pa.Table], pa.Table], type[TamperError], str]] = [
    (
        "a column twice",
        lambda t: t.append_column("rights_basis", t["rights_holder"]),
        SchemaError,
        f"has {WIDE + 1} columns",
    ),
    (
        "a column more",
        lambda t: t.append_column("cleared", t["item_id"]),
        SchemaError,
        f"{WIDE + 1} columns where {WIDE}",
    ),
    ("a column less", lambda t: t.drop_columns(["rights_signals"]), SchemaError, f"{WIDE - 1} columns where {WIDE}"),
    ("another case", lambda t: renamed(t, "rights_basis", "Rights_Basis"), SchemaError, "'Rights_Basis'"),
    ("another order", lambda t: t.select(t.column_names[::-1]), SchemaError, "column 1 is 'rights_signals'"),
    ("another type", lambda t: retyped(t, "payload_bytes", pa.int32()), SchemaError, "int32"),
    ("NULLs allowed", nullable, SchemaError, "never empty"),
    ("another kind", lambda t: with_metadata(t, provenance=mark(holds="frames")), SchemaError, "holds frames, not art"),
    ("another format", lambda t: with_metadata(t, provenance=mark(format=9)), SchemaError, "format 9"),
    ("another dataset", lambda t: with_metadata(t, provenance=mark(dataset="e" * 64)), ForeignError, "belongs to"),
    ("no owner", lambda t: t.replace_schema_metadata({}), ForeignError, "does not say"),
    ("an owner of no sense", lambda t: with_metadata(t, provenance=b"[1]"), ForeignError, "does not say"),
]


def mark(**more: object) -> bytes:
    return canonical_json({"dataset": DATASET, "format": FORMAT_VERSION, "holds": "art", **more})


@pytest.mark.parametrize(
    ("change", "refusal", "sentence"), [case[1:] for case in RELABELLINGS], ids=[c[0] for c in RELABELLINGS]
)
def test_a_shard_of_any_other_schema_or_owner_is_refused_before_a_row_is_read(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], refusal: type[TamperError], sentence: str
) -> None:
    store = Store(tmp_path / "ds")
    changed = change(table(tmp_path / "ds"))
    pq.write_table(changed, tmp_path / "ds" / "changed.parquet")
    with reading(store, "changed.parquet") as handle:
        with pytest.raises(refusal, match=sentence):
            read_columns(handle, Kind.ART, DATASET, ["item_id"])
        with pytest.raises(refusal, match=sentence):
            payload_places(handle, Kind.ART, DATASET)


def test_a_payload_that_is_null_is_refused(tmp_path: Path) -> None:
    found = table(tmp_path)
    pictures = found["image"].to_pylist()
    pictures[1] = {"bytes": None, "path": None}
    lengths = found["payload_bytes"].to_pylist()
    lengths[1] = 0
    at = found.column_names.index("payload_bytes")
    changed = found.set_column(0, found.schema.field(0), pa.array(pictures, found.schema.field(0).type))
    changed = changed.set_column(at, found.schema.field(at), pa.array(lengths, pa.int64()))
    pq.write_table(changed, tmp_path / "null.parquet", compression="none", use_dictionary=False)
    with (
        reading(Store(tmp_path), "null.parquet") as handle,
        pytest.raises(ChangedError, match="do not fill their page"),
    ):
        payload_places(handle, Kind.ART, DATASET)


def test_a_folder_that_is_called_as_a_column_changes_no_value(tmp_path: Path) -> None:
    """The trap, shown beside our reader: a plain scan lets the folder's name stand for the column."""
    place = tmp_path / "rights_basis=ownership"
    store = Store(place)
    found = row(Kind.ART, 1) | {"rights_basis": "none"}
    written = write_shard(store, Kind.ART, [found])
    trapped = duckdb.sql(
        f"select rights_basis from read_parquet('{place}/data/art/*', hive_partitioning=true)"
    ).fetchall()
    assert trapped == [("ownership",)]
    with reading(store, written.path) as handle:
        assert read_columns(handle, Kind.ART, DATASET, ["rights_basis"]).column(0).to_pylist() == ["none"]


def test_a_shard_with_a_pattern_in_its_path_is_read_itself_and_not_its_neighbour(tmp_path: Path) -> None:
    place = tmp_path / "show[12]"
    written = write_shard(Store(place), Kind.ART, [row(Kind.ART, 1)])
    shutil.copytree(place, tmp_path / "show1")
    with reading(Store(place), written.path) as handle:
        (tmp_path / "show1" / written.path).write_bytes(b"the neighbour")
        assert read_columns(handle, Kind.ART, DATASET, ["asset"]).num_rows == 1


def test_no_reader_takes_a_path_or_a_pattern(tmp_path: Path) -> None:
    for function in (shard.read_columns, shard.load_item, shard.payload_places):
        assert "handle" in inspect.signature(function).parameters
    for function in (shard.load_columns, index.load_table, index.stream_table):
        assert "store" in inspect.signature(function).parameters
    with pytest.raises(TamperError):
        Store(tmp_path).open("../outside.parquet")
    os.mkfifo(tmp_path / "pipe.parquet")
    with pytest.raises(ChangedError, match="not a regular file"):
        Store(tmp_path).open("pipe.parquet")


def test_the_schemas_name_no_column_that_says_who_may_train() -> None:
    names = {name for schema in PAYLOAD.values() for name in schema.names}
    assert not [
        name for name in names if any(word in name for word in ("clear", "allow", "permit", "train", "verdict"))
    ]


def test_hostile_parquet_files_of_the_corpus_are_refused_by_name(corpus: Path, tmp_path: Path) -> None:
    hostile = sorted((corpus / "hostile" / "parquet").glob("*.parquet"))
    assert hostile
    for file in hostile:
        shutil.copy(file, tmp_path / "hostile.parquet")
        for kind in Kind:
            with reading(Store(tmp_path), "hostile.parquet") as handle, pytest.raises(TamperError):
                read_columns(handle, kind, DATASET, ["item_id"])
