"""Shards of frames in runs that no video lies across: what is kept of a video can be named by the shards of its run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from provenance.dataset.shard import ShardInfo
from provenance.dedup.views import LOOKS
from provenance.model.words import Kind, sha256_hex

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chain:
    """Shards of frames that share assets: no asset lies in two chains. shards: each with its first index row."""

    shards: tuple[tuple[int, ShardInfo], ...]

    @property
    def key(self) -> str:
        """What names what is kept of it."""
        shards = ",".join(shard.sha256 for _, shard in self.shards)
        return f"footage/{LOOKS}/{sha256_hex(shards.encode())}"

    @property
    def rows(self) -> Rows:
        """The index rows of its frames, rising."""
        return np.concatenate([np.arange(first, first + shard.rows) for first, shard in self.shards])

    def holding(self, rows: Rows) -> tuple[tuple[int, ShardInfo], ...]:
        """Return the shards in which some of these index rows lie."""
        return tuple(each for each in self.shards if ((rows >= each[0]) & (rows < each[0] + each[1].rows)).any())


def placed(shards: Sequence[ShardInfo], kinds: Sequence[Kind]) -> Iterator[tuple[int, ShardInfo]]:
    """Yield the shards of these kinds, in the order of the index, each with its first index row."""
    at = 0
    for shard in shards:
        if shard.kind in kinds:
            yield at, shard
        at += shard.rows


def chains(shards: Sequence[ShardInfo], asset: Rows) -> list[Chain]:
    """Return the shards of frames, in the order of the index, as chains. asset: of every index row."""
    found: list[list[tuple[int, ShardInfo]]] = []
    for at, shard in placed(shards, (Kind.FRAMES,)):
        last = found[-1][-1] if found else None
        if last is not None and asset[last[0] + last[1].rows - 1] == asset[at]:
            found[-1].append((at, shard))
        else:
            found.append([(at, shard)])
    return [Chain(tuple(each)) for each in found]
