"""Captions: text that goes with pictures, and what it was taken from: derived, and never wider than its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.dataset.index import load_table
from provenance.dataset.schema import CAPTIONS
from provenance.dataset.store import Store
from provenance.dataset.version import Version

TABLE = "captions"


@dataclass(frozen=True)
class Captions:
    """Captions by picture. row: int64[n], rising, of the pictures in the index. text: string[n], never empty.

    script: int64[n], the index row of the item that a text was taken from. asset: int64[n], the row in the assets table
    of the file that it was taken from. -1 where it was taken from no such thing.
    """

    row: npt.NDArray[np.int64]
    text: pa.StringArray
    script: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def of(self, row: int) -> tuple[str, int] | None:
        """Return the caption of the picture of an index row, and the row of the script it was taken from, or -1."""
        at = int(np.searchsorted(self.row, row))
        if at == len(self.row) or self.row[at] != row:
            return None
        return self.text[at].as_py(), int(self.script[at])

    def take(self, which: npt.NDArray[Any]) -> Captions:
        """Return those that `which` (numbers or a mask) chooses."""
        at = np.arange(len(self))[which]
        return Captions(self.row[at], self.text.take(pa.array(at)), self.script[at], self.asset[at])

    @property
    def scripts(self) -> npt.NDArray[np.int64]:
        """The index rows of the items that texts were taken from, rising, each once."""
        return np.unique(self.script[self.script >= 0])

    def table(self) -> pa.Table:
        """Return them as the table of a version; see `dataset.schema.CAPTIONS`."""
        parents = [
            pa.array(found, CAPTIONS.field(name).type, mask=found < 0)
            for name, found in (("script", self.script), ("asset", self.asset))
        ]
        return pa.table([pa.array(self.row), self.text, *parents], schema=CAPTIONS)


def captions_of(found: Sequence[tuple[int, str, int, int]]) -> Captions:
    """Return captions from rows of (picture, text, script or -1, asset or -1), one for each picture."""
    rows, texts, scripts, assets = zip(*sorted(found), strict=True) if found else ((), (), (), ())
    long = [np.array(each, np.int64) for each in (rows, scripts, assets)]
    return Captions(long[0], pa.array(texts, pa.string()), long[1], long[2])


def load_captions(store: Store, version: Version) -> Captions | None:
    """Return the captions that a version brings, None when it has none. TamperError kinds when not as signed."""
    info = version.content.tables.get(TABLE)
    if info is None:
        return None
    table = load_table(store, TABLE, info, version.dataset)
    script, asset = (table.column(name).fill_null(-1).to_numpy().astype(np.int64) for name in ("script", "asset"))
    text = pa.array(table.column("text").to_pylist(), pa.string())
    return Captions(table.column("row").to_numpy(), text, script, asset)
