"""The join beyond memory: two maps and a directory, so that it runs over an engine, and on one machine all the same.

1. The first map takes pieces of the hashes. For each band it writes one file, ordered by the band's uppermost bits: a
   part of the band is then a stretch of each file.
2. The second map takes a part of a band, joins it with itself and with those few parts that are within the band's share
   of it, and writes the pairs.
3. The driver reads the pairs part by part, in the order of bands and parts.

What is held at once is two pieces, however many hashes there are and however they are spread. A unit may run twice: it
writes the same bytes under the same name, whole or not at all. A directory that a killed run left is cleared first.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from provenance.dedup import _multi_index as index
from provenance.dedup import _order
from provenance.dedup._bands import Band, bands, flipped
from provenance.dedup._multi_index import Cuts, Told
from provenance.dedup._order import Side, Words
from provenance.engines import Engine, Lost
from provenance.model.errors import CommitError

PAIR = np.dtype([("a", "<i8"), ("b", "<i8"), ("distance", "<u2")])


@dataclass(frozen=True)
class Job:
    """One join. piece: hashes of one unit of the first map, and of one side of what the second holds at once."""

    folder: Path
    counts: tuple[int, ...]  # hashes of one set, or of two
    words: int
    radius: int
    most: int
    piece: int
    threads: int | None

    @cached_property
    def plan(self) -> list[Band]:
        return bands(64 * self.words, self.radius, *self.counts)

    def upper(self, band: Band) -> int:
        """Bits of a band that tell its parts apart: a part has about as many hashes as a piece."""
        wanted = (max(self.counts) // self.piece).bit_length()
        return max(0, min(wanted, band.width - 1))

    def pieces(self, side: int) -> range:
        return range(0, self.counts[side], self.piece)

    def hashes(self, side: int) -> Path:
        return self.folder / f"hashes-{side}.npy"

    def ordered(self, side: int, start: int, band: int) -> tuple[Path, Path]:
        """The hashes of a piece with their rows, in the order of the parts of a band, and where each part begins."""
        name = f"piece-{side}-{start:012}-{band:02}"
        return self.folder / f"{name}.npy", self.folder / f"{name}-starts.npy"

    def pairs(self, band: int, part: int) -> Path:
        return self.folder / f"pairs-{band:02}-{part:06}"


def spilled_join(
    sets: Sequence[Words], radius: int, most: int, folder: Path, piece: int, engine: Engine, workers: int
) -> Iterator[tuple[Told, Cuts]]:
    """Yield the pairs of one set, or of two, part by part, and what was cut off in each part. CommitError.

    folder: empty, or what a killed run left; on a cluster, one that every machine sees. most: holds for each two
    stretches that are compared, so that more is told of a crowd than in memory.
    """
    job = Job(folder, tuple(map(len, sets)), sets[0].shape[1], radius, most, piece, None if workers <= 1 else 1)
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder, "hashes", "piece", "pairs")
    for side, hashes in enumerate(sets):
        _put(job.hashes(side), hashes)
    _all(
        engine, partial(order_piece, job), [(side, at) for side in range(len(sets)) for at in job.pieces(side)], workers
    )
    _clear(folder, "hashes")
    parts = [(at, part) for at, band in enumerate(job.plan) for part in range(1 << job.upper(band))]
    cuts = _all(engine, partial(join_part, job), parts, workers)
    _clear(folder, "piece")
    for at, part in parts:
        told = np.fromfile(job.pairs(at, part), PAIR)
        job.pairs(at, part).unlink()
        yield (told["a"], told["b"], told["distance"]), Cuts(*cuts[at, part])


def _clear(folder: Path, *names: str) -> None:
    for name in names:
        for old in folder.glob(f"{name}-*"):
            old.unlink(missing_ok=True)


def _all(engine: Engine, work: Any, units: list[Any], workers: int) -> dict[Any, Any]:
    """Return what became of each unit. CommitError where one was lost."""
    answers = {}
    for answer in engine.map_unordered(work, units, workers):
        if isinstance(answer, Lost):
            raise CommitError(f"a worker of the near-duplicate join died: {answer.how}", next_step="run it again")
        answers[answer[0]] = answer[1]
    return answers


def order_piece(job: Job, unit: tuple[int, int]) -> tuple[tuple[int, int], None]:
    """First map: write a piece of one side in the order of every band's parts."""
    side, start = unit
    hashes = np.array(np.load(job.hashes(side), mmap_mode="r")[start : start + job.piece])
    for at, band in enumerate(job.plan):
        upper = job.upper(band)
        found = _order.ordered(hashes, band.start + band.width - upper, upper)
        told = np.empty(len(hashes), [("row", "<i8"), ("hash", "<u8", (job.words,))])
        told["row"], told["hash"] = found.rows + start, hashes[found.rows]
        data, starts = job.ordered(side, start, at)
        _put(data, told)
        _put(starts, found.starts)
    return unit, None


def join_part(job: Job, unit: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Second map: write the pairs of a part with itself and with the parts near it; return what was cut off."""
    at, part = unit
    band, upper = job.plan[at], job.upper(job.plan[at])
    earlier = index.before(job.plan[:at], job.words)
    alone, cuts = len(job.counts) == 1, Cuts()
    with _whole(job.pairs(at, part)) as file:
        for nth, (my_rows, one) in enumerate(_stretches(job, 0, at, part)):
            for flip in flipped(upper, band.share):
                other = part ^ flip
                if alone and other < part:
                    continue
                for place, (other_rows, two) in enumerate(_stretches(job, 0 if alone else 1, at, other)):
                    if alone and flip == 0 and place < nth:
                        continue
                    if alone and flip == 0 and place == nth:
                        two = one
                    share = band.share - flip.bit_count()
                    for a, b, distance in index.search(
                        one, two, share, job.radius, earlier, job.most, cuts, job.threads
                    ):
                        told = np.empty(len(a), PAIR)
                        told["a"], told["b"], told["distance"] = my_rows[a], other_rows[b], distance
                        if alone:
                            told["a"], told["b"] = np.minimum(told["a"], told["b"]), np.maximum(told["a"], told["b"])
                        told.tofile(file)
    return unit, (cuts.rows, cuts.buckets)


def _stretches(job: Job, side: int, at: int, part: int) -> Iterator[tuple[npt.NDArray[np.int64], Side]]:
    """Yield a part in stretches of a piece at most: their rows, and themselves in the order of the rest of the band."""
    band, upper = job.plan[at], job.upper(job.plan[at])
    held: list[Any] = []

    def stretch() -> tuple[npt.NDArray[np.int64], Side]:
        told = np.concatenate(held)
        return told["row"], _order.ordered(np.ascontiguousarray(told["hash"]), band.start, band.width - upper)

    for start in job.pieces(side):
        data, starts = job.ordered(side, start, at)
        begins = np.load(starts)
        more = np.load(data, mmap_mode="r")[begins[part] : begins[part + 1]]
        if held and sum(map(len, held)) + len(more) > job.piece:
            yield stretch()
            held.clear()
        if len(more):
            held.append(np.array(more))
    if held:
        yield stretch()


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that has its name when it is whole: a second run of its unit puts the same in its place."""
    with open(path.with_name(f"{path.stem}-{secrets.token_hex(8)}.part"), "xb") as file:
        yield file
    Path(file.name).replace(path)  # not durable, and need not be: after a power cut the join begins anew


def _put(path: Path, data: npt.NDArray[Any]) -> None:
    with _whole(path) as file:
        np.save(file, data)
