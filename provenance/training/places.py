"""Where the admitted items lie: a plain index, 88 bytes an item, made once and handed to every reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from provenance.dataset.index import load_arrays
from provenance.dataset.shard import ShardInfo
from provenance.dataset.store import Store
from provenance.dataset.version import Version
from provenance.model.words import Kind


@dataclass(frozen=True)
class Places:
    """Items in the order of the index. shards: of the whole version; offset, length: bytes in the shard's file.

    row: int64[n], in the version's index. shard: int32[n]. offset, length: int64[n]. payload_sha256, item_id:
    uint8[n, 32].
    """

    shards: tuple[ShardInfo, ...]
    row: npt.NDArray[np.int64]
    shard: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    payload_sha256: npt.NDArray[np.uint8]
    item_id: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: npt.NDArray[Any]) -> Places:
        """Return those that `which` (numbers or a mask) chooses."""
        columns = (self.row, self.shard, self.offset, self.length, self.payload_sha256, self.item_id)
        return Places(self.shards, *(column[which] for column in columns))

    @property
    def kinds(self) -> list[Kind]:
        """The kinds there are items of, by name."""
        counts = np.bincount(self.shard, minlength=len(self.shards))
        return sorted({shard.kind for shard, count in zip(self.shards, counts.tolist(), strict=True) if count})

    def of_kind(self, kind: Kind) -> Places:
        if self.kinds == [kind]:
            return self
        return self.take(np.array([shard.kind is kind for shard in self.shards], bool)[self.shard])

    def kind(self, at: int) -> Kind:
        return self.shards[int(self.shard[at])].kind


def load_places(store: Store, version: Version, rows: npt.NDArray[np.int64]) -> Places:
    """Return where the items of these index rows (rising) lie. TamperError kinds when the index is not as signed."""
    info = version.content.tables["index"]
    names = ("shard", "offset", "length", "payload_sha256", "item_id")
    columns = load_arrays(store, info, version.dataset, names)
    if len(rows) != info.rows:
        columns = {name: whole[rows] for name, whole in columns.items()}
    return Places(version.content.shards, rows, *columns.values())
