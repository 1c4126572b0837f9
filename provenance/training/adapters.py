"""Admitted items for those who do not use torch: Arrow batches with every column, and a Hugging Face dataset."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.dataset.shard import load_columns
from provenance.dataset.store import Store
from provenance.model.errors import UsageError
from provenance.model.words import Kind
from provenance.training.captions import Captions
from provenance.training.places import Places
from provenance.training.reader import Reader
from provenance.training.reads import ReadLog
from provenance.training.watch import Watch


def arrow_batches(
    store: Store,
    dataset: str,
    places: Places,
    log: ReadLog,
    watch: Watch,
    columns: Sequence[str] | None = None,
    rows: int = 256,
    captions: Captions | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the admitted rows of one kind with their columns (all, or those named), shard by shard, in index order.

    Pictures have captions in "text": those given, whatever the shard says; without captions the column is left out.
    Every byte of a shard is proven before its first row is yielded; one shard is held at a time. TamperError kinds.
    """
    starts = np.flatnonzero(np.diff(places.shard, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(places)], strict=True):
        number = int(places.shard[start])
        info = places.shards[number]
        told = info.kind is not Kind.SCRIPTS and captions is not None
        names = list(columns) if columns is not None else _names(info.kind)
        if columns is None and info.kind is not Kind.SCRIPTS and not told:
            names.remove("text")
        unknown = set(names) - set(_names(info.kind))
        if unknown:
            raise UsageError(f"{info.kind.value} have no column {min(unknown)!r}", next_step="see manifests/FORMAT.md")
        table = load_columns(store, info, dataset, list(dict.fromkeys([*names, "item_id"])))
        # Rows of a shard follow each other in the index, from the first row of the shard on.
        inside = places.row[start:end] - _first(places, number)
        for at in range(0, len(inside), rows):
            watch.require_time()
            part = table.take(pa.array(inside[at : at + rows]))
            if [bytes.fromhex(each) for each in part.column("item_id").to_pylist()] != [
                each.tobytes() for each in places.item_id[start + at : start + at + len(part)]
            ]:
                raise AssertionError("rows of a proven shard and a proven index must agree")
            marked = places.row[start + at : start + at + len(part)].tolist()
            if "text" in names and info.kind is not Kind.SCRIPTS:
                found = [captions.of(row) if captions is not None else None for row in marked]
                texts = pa.array([each[0] if each is not None else None for each in found], pa.string())
                part = part.set_column(part.schema.get_field_index("text"), "text", texts)
                marked += [each[1] for each in found if each is not None and each[1] >= 0]
            for row in marked:
                log.mark(row)
            yield from part.select(names).combine_chunks().to_batches()


def hugging_face(reader: Reader, log: ReadLog, watch: Watch, captions: Captions | None = None) -> Any:
    """Return a `datasets.Dataset` of the admitted items of one kind: "row", "item_id", "image" or "text", or both.

    It holds places, not payloads: a payload is read, proven and decoded when its row is asked for, and nothing is
    copied into a cache. Methods that write a copy, such as `save_to_disk`, write places only.
    """
    from datasets import Dataset
    from PIL import Image

    places = reader.places
    ids = pa.array([each.tobytes().hex() for each in places.item_id], pa.string())
    table = pa.table({"at": pa.array(np.arange(len(places))), "row": pa.array(places.row), "item_id": ids})
    text = len(places) > 0 and places.kind(0) is Kind.SCRIPTS

    def load(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        watch.require_time()
        found: list[Any] = []
        for at in batch["at"]:
            payload = reader.payload(at)
            log.mark(int(places.row[at]))
            if text:
                found.append(payload.decode())
            else:
                with Image.open(io.BytesIO(payload)) as image:
                    image.load()
                    found.append(image)
        rows = [int(places.row[at]) for at in batch["at"]]
        hexes = [places.item_id[at].tobytes().hex() for at in batch["at"]]
        out = {"row": rows, "item_id": hexes, "text" if text else "image": found}
        if captions is not None and not text:
            said = [captions.of(row) or ("", -1) for row in rows]
            out["text"] = [each for each, _ in said]
            for source in {source for _, source in said if source >= 0}:
                log.mark(source)
        return out

    return Dataset(table).with_transform(load)


def _names(kind: Kind) -> list[str]:
    from provenance.dataset.schema import PAYLOAD

    return list(PAYLOAD[kind].names)


def _first(places: Places, shard: int) -> int:
    return sum(info.rows for info in places.shards[:shard])
