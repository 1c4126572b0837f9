"""What a worker believes of its locked child, and what it takes from the file itself."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from studio import Studio, picture

from provenance.archive import sequences, walk
from provenance.building import assets, extraction, spool
from provenance.building.assets import AssetReader
from provenance.building.outcome import Outcome
from provenance.building.spool import Spool
from provenance.building.units import Planned
from provenance.media.shelf import Options
from provenance.model.errors import Quarantined
from provenance.model.words import Cause

FIELDS: dict[str, Any] = {
    "width": 96,
    "height": 64,
    "pixel_sha256": "0" * 64,
    "phash_64": 0,
    "rendition": "original",
    "original_media_type": "image/png",
    "original_bit_depth": 8,
    "original_color_space": "RGB",
}


class _TakenOver:
    """A child that says what an attacker has it say."""

    def __init__(self, *items: tuple[dict[str, Any], bytes]) -> None:
        self.items = items

    def run(self, job: dict[str, Any], fds: list[int], **_: Any) -> Iterator[tuple[dict[str, Any], bytes]]:
        yield {"t": "identified", "media_type": "image/png", "extractor": "raster/1", "container": False}, b""
        for changes, body in self.items:
            fields = FIELDS | changes
            yield {"t": "item", "kind": "art", "locator": "{}", "media_type": "image/png", "fields": fields}, body
        yield {"t": "done", "note": None}, b""


def _outcome(home: Path, data: bytes, *items: tuple[dict[str, Any], bytes]) -> Outcome:
    archive = home / "archive"
    archive.mkdir()
    (archive / "a.png").write_bytes(data)
    root = walk.open_root(str(archive))
    (asset,) = sequences.assets(walk.walk(root))
    planned = Planned(asset)
    child: Any = _TakenOver(*items)
    (outcome,) = AssetReader(root, child, lambda: child, Options(), str(home), 60).outcomes(
        planned, extraction._read(root, planned)
    )
    os.close(root)
    return outcome


def test_what_the_child_calls_original_is_the_file_that_was_hashed(tmp_path: Path) -> None:
    data = picture(1)
    outcome = _outcome(tmp_path, data, ({}, b""))
    assert outcome.spool is not None
    assert [payload for _, payload in outcome.spool.drain()] == [data]


@pytest.mark.parametrize(
    "items",
    [(({}, b"forged"),), (({}, b""), ({}, b"")), (({"payload_sha256": "0" * 64}, b""),), (({"rendition": None}, b""),)],
    ids=["other bytes", "twice", "its digest", "no word of how it was made"],
)
def test_a_child_passes_nothing_else_off_as_the_file(items: Any, tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, picture(1), *items)
    assert outcome.cause is Cause.CRASHED and outcome.spool is None


def test_an_original_is_its_file_byte_for_byte_wherever_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, held = Studio(tmp_path), io.BytesIO()
    with zipfile.ZipFile(held, "w") as pack:
        pack.writestr("inside.jpg", picture(1, form="JPEG"))
    studio.add("pack.zip", held.getvalue())
    large = picture(2, (320, 240), "JPEG", quality=95)
    studio.add("large.jpg", large)
    for number in (7, 8, 9):
        studio.add(f"plates/sh_{number:04}.jpg", picture(number, form="JPEG"))
    monkeypatch.setattr(extraction, "_HELD_BYTES", len(large) - 1)
    studio.build()
    found = {}
    for shard in studio.dataset.glob("data/*/*.parquet"):
        for row in pq.read_table(shard, columns=["asset", "image", "payload_sha256", "asset_sha256"]).to_pylist():
            assert row["payload_sha256"] == row["asset_sha256"]
            found[row["asset"]] = row["image"]["bytes"]
    frames = {f"plates/sh_{number:04}.jpg": picture(number, form="JPEG") for number in (7, 8, 9)}
    assert found == {"large.jpg": large, "pack.zip/inside.jpg": picture(1, form="JPEG")} | frames


def test_a_file_that_changed_after_its_hashing_is_no_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.png"
    place.write_bytes(picture(1))
    handle = os.open(place, os.O_RDONLY)
    with pytest.raises(Quarantined) as refused:
        assets._original(handle, "0" * 64)
    assert refused.value.cause is Cause.CHANGED
    monkeypatch.setattr(assets, "MOST_ORIGINAL", 10)
    with pytest.raises(Quarantined) as refused:
        assets._original(handle, "0" * 64)
    assert refused.value.cause is Cause.BOMB
    os.close(handle)


def test_items_come_back_in_order_however_much_of_them_left_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY_BYTES", 3 * (spool._ITEM_BYTES + 100))
    held = Spool(str(tmp_path))
    items = [({"t": "item", "number": number, "name": "\udcff"}, bytes([number]) * 100) for number in range(10)]
    for header, payload in items:
        held.append(header, payload)
    assert held.count == 10 and len(held._held) < 4
    assert list(held.drain()) == items
    assert list(tmp_path.iterdir()) == []
