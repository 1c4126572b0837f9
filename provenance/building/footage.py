"""Videos of a version as tracks, and their matches as links between the frames that were taken.

A frame inside a matched range is linked with the frame of the other track that lies nearest to its time there, in the
same shot: what frame against frame does not see, the films they belong to say. Another version of a shot, drawn to
differ in one place, is not linked.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.chains import Chain
from provenance.building.kept import Arrays, Kept
from provenance.dataset.shard import ShardInfo, read_shard
from provenance.dataset.store import Store
from provenance.dedup import sequences
from provenance.dedup._beside import Box
from provenance.dedup.likeness import SIDE, Relation, compare
from provenance.dedup.sequences import Match
from provenance.dedup.views import LOOK, Entries, Track, looks, mirrored, sketch
from provenance.fingerprint import trail

_COLUMNS = [
    "asset_path", "track", "time_numerator", "time_denominator", "shot", "rotation", "width", "height", "trim_box",
]  # fmt: skip
_GLANCES = ["glance_64", "trimmed_glance_64"]
_HELD_TABLES = 4
_ONE_MOMENT = 0.07  # seconds: frames this close show the same drawing, or two made to differ
_AROUND = 0.15  # seconds in which a cut may be told wrong
_CANDIDATES = 3  # frames that may be a frame's counterpart: the nearest may lie behind a cut
_ALIKE = 0.5  # cosine of two views of one shot, where it is not known that they are
_SAME_BARS = 0.02  # of width or height
_WITHOUT_SHOTS = 1.1  # frames apart, where no shots are known: a counterpart lies no farther

Rows = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]

# What is kept of a chain: its frames, row by row of it; its tracks; and what of these looks for neighbours. Who changes
# how they are told, `bars` too, gives LOOKS another name.
_FRAME = np.dtype([("track", "<i4"), ("row", "<i4"), ("time", "<f8"), ("shot", "<i8")])
_TRACK = np.dtype([("asset", "<i4"), ("rotation", "<i4"), ("barred", "?"), ("inside", "<f8", 4)])
_KEPT = {"frames": _FRAME, "tracks": _TRACK, "looks": LOOK}


@dataclass(frozen=True)
class Taken:
    """The frames that a build took of one track. row: int64[n], index rows; time: float64[n], rising; shot: int64[n], 0
    where not known. at: their shards, with the first index row of each."""

    asset: int
    row: Rows
    time: Times
    shot: Rows
    rotation: int
    inside: Box | None
    at: tuple[tuple[int, ShardInfo], ...]


class Footage(Sequence[Track]):
    """The video tracks of a version. Their trails are read when they are asked for, and few are held."""

    def __init__(
        self, store: Store, dataset: str, chains: Sequence[Chain], wanted: npt.NDArray[np.bool_], kept: Kept
    ) -> None:
        """wanted: bool[index rows]; a track takes part when one of its frames is."""
        self._store, self._dataset = store, dataset
        self._held: OrderedDict[tuple[str, tuple[str, ...]], pa.Table] = OrderedDict()
        taken: list[Taken] = []
        entries, assets = [np.empty(0, LOOK)], 0
        for chain in chains:
            told = kept.arrays(chain.key, _KEPT, partial(self._read, chain))
            number = np.full(len(told["tracks"]), -1)
            for track, each in enumerate(_taken(told, chain, assets)):
                if wanted[each.row].any():
                    number[track] = len(taken)
                    taken.append(each)
            assets += int(told["tracks"]["asset"].max(initial=-1)) + 1
            look = told["looks"][number[told["looks"]["track"]] >= 0]
            look["track"] = number[look["track"]]
            entries.append(look)
        self.taken = tuple(taken)
        self._entries = Entries(np.array([each.asset for each in taken], np.int64), np.concatenate(entries))

    def __len__(self) -> int:
        return len(self.taken)

    def __getitem__(self, number: Any) -> Any:
        return self._track(self.taken[number])

    def _track(self, taken: Taken) -> Track:
        records = self._column(taken, ["trail_16"]).column(0).to_pylist()
        return track_of(taken.asset, records, taken.rotation, taken.inside)

    def matches(self, new: npt.NDArray[np.bool_]) -> tuple[list[Match], Counter[str]]:
        """Return the matches of tracks of which one at least has new frames. new: bool[index rows]."""
        asks = np.array([bool(new[each.row].any()) for each in self.taken], bool)
        return sequences.matches(self, asks, self._entries)

    def links(self, match: Match) -> tuple[Rows, Rows, Counter[str]]:
        """Return the index rows of frames in a match and of their counterparts, and what was counted."""
        tracks: tuple[Track, Track] = self[match.a], self[match.b]
        taken = self.taken[match.a], self.taken[match.b]
        ranges, to = (match.first, match.second), (match.to_second, match.to_first)
        found: list[tuple[int, int, int]] = []  # frame of a, frame of b, and which frame it is that asks
        counts: Counter[str] = Counter()
        for side in (0, 1):
            own, other = taken[side], taken[1 - side]
            inside = np.flatnonzero((own.time >= ranges[side][0] - 1e-6) & (own.time <= ranges[side][1] + 1e-6))
            counts["video frames in matches"] += len(inside)
            there = to[side](own.time[inside])
            low, high = ranges[1 - side]
            for frame, time, shots in zip(
                inside.tolist(), there.tolist(), _shots(tracks[1 - side], there), strict=True
            ):
                for near in _nearest(other, time, shots, low - 0.1, high + 0.1):
                    found.append((frame, near, frame) if side == 0 else (near, frame, len(taken[0].row) + frame))
        one, two, asks = np.array(found, np.int64).reshape(-1, 3).T
        same = self._same_shot(match, tracks, one, two)
        # The nearest of those that are of the same shot, for each that asks.
        _, first = np.unique(asks[same], return_index=True)
        one, two = np.unique(np.stack([one[same][first], two[same][first]]), axis=1)
        counts["video frames without counterpart"] = counts["video frames in matches"] - len(first)
        if self._is_variant(match, one, two):
            counts["video matches only alike"] = 1
            one, two = one[:0], two[:0]
        return taken[0].row[one], taken[1].row[two], +counts

    def _same_shot(self, match: Match, tracks: tuple[Track, Track], one: Rows, two: Rows) -> npt.NDArray[np.bool_]:
        """Return which pairs lie in one shot seen from both tracks: a cut that one of them missed, the other tells.

        Where a cut is near, the views at both moments must look alike, too.
        """
        a, b = self.taken[match.a], self.taken[match.b]
        at = a.time[one], b.time[two]
        seen = _shots(tracks[0], match.to_first(at[1])), _shots(tracks[1], match.to_second(at[0]))
        units = [sketch(track) for track in tracks]
        if match.form == "mirror":
            units[1] = mirrored(units[1])
        first, second = (
            each.unit[0][np.clip(np.searchsorted(track.time, times + 1e-3, side="right") - 1, 0, None)]
            for each, track, times in zip(units, tracks, at, strict=True)
        )
        alike = (first * second).sum(axis=1) >= _ALIKE
        same = np.ones(len(one), bool)
        for number, (in_a, in_b) in enumerate(zip(*seen, strict=True)):
            shot_a, shot_b = int(a.shot[one[number]]), int(b.shot[two[number]])
            if (in_a and shot_a and shot_a not in in_a) or (in_b and shot_b and shot_b not in in_b):
                same[number] = False
            elif len(in_a) != 1 or len(in_b) != 1:
                same[number] = alike[number]
        return same

    def _is_variant(self, match: Match, one: Rows, two: Rows) -> bool:
        """Return whether most pairs that show one moment differ in one place: drawings made to differ, as for lips.

        Most, for a subtitle, too, is one place in some shots.
        """
        a, b = self.taken[match.a], self.taken[match.b]
        moment = np.flatnonzero(np.abs(match.to_second(a.time[one]) - b.time[two]) <= _ONE_MOMENT)
        if not len(moment):
            return False
        glances = [self._column(each, _GLANCES) for each in (a, b)]
        alike = 0
        for at in moment.tolist():
            first, second = (_glance(table, int(row)) for table, row in zip(glances, (one[at], two[at]), strict=True))
            if first is not None and second is not None:
                second = second[:, ::-1] if match.form == "mirror" else second
                alike += compare(first, second).relation is Relation.ALIKE
        return 2 * alike > len(moment)

    def _column(self, taken: Taken, columns: list[str]) -> pa.Table:
        """Return columns of a track's frames, in the order of time."""
        tables = []
        for first, shard in taken.at:
            table = self._table(shard, columns)
            inside = taken.row[(taken.row >= first) & (taken.row < first + table.num_rows)] - first
            tables.append(table.take(pa.array(inside)))
        return pa.concat_tables(tables)

    def _table(self, shard: ShardInfo, columns: list[str]) -> pa.Table:
        key = shard.path, tuple(columns)
        if key not in self._held:
            self._held[key] = read_shard(self._store, shard, self._dataset, columns)
            if len(self._held) > _HELD_TABLES:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return self._held[key]

    def _read(self, chain: Chain) -> Arrays:
        """Return what is kept of a chain: its frames and tracks, and what of these looks for neighbours."""
        found = self._found(chain)
        rows = chain.rows
        frames, tracks, told = [np.empty(0, _FRAME)], np.zeros(len(found), _TRACK), [np.empty(0, LOOK)]
        for number, taken in enumerate(found):
            frame = np.empty(len(taken.row), _FRAME)
            frame["track"], frame["row"] = number, np.searchsorted(rows, taken.row)
            frame["time"], frame["shot"] = taken.time, taken.shot
            frames.append(frame)
            barred = taken.inside is not None
            tracks[number] = taken.asset, taken.rotation, barred, taken.inside or (0.0,) * 4
            told.append(looks(self._track(taken), number))
        return {"frames": np.concatenate(frames), "tracks": tracks, "looks": np.concatenate(told)}

    def _found(self, chain: Chain) -> list[Taken]:
        """Return the tracks in the order of their first rows; those of one asset share its number."""
        rows: dict[tuple[bytes, int], list[tuple[int, dict[str, Any]]]] = {}
        for first, shard in chain.shards:
            for row, told in enumerate(read_shard(self._store, shard, self._dataset, _COLUMNS).to_pylist(), first):
                if told["time_numerator"] is not None and told["time_denominator"]:
                    rows.setdefault((told["asset_path"], told["track"] or 0), []).append((row, told))
        assets: dict[bytes, int] = {}
        found = []
        for key, frames in rows.items():
            columns = [each for _, each in frames]
            taken = np.array([row for row, _ in frames], np.int64)
            found.append(
                Taken(
                    assets.setdefault(key[0], len(assets)),
                    taken,
                    np.array([each["time_numerator"] / each["time_denominator"] for each in columns]),
                    np.array([each["shot"] or 0 for each in columns], np.int64),
                    columns[0]["rotation"] or 0,
                    bars([each["trim_box"] for each in columns], [(each["width"], each["height"]) for each in columns]),
                    chain.holding(taken),
                )
            )
        return found


def _taken(told: Arrays, chain: Chain, assets: int) -> Iterator[Taken]:
    """Yield the tracks of a chain. assets: how many came before."""
    frames, rows = told["frames"], chain.rows
    ends = np.searchsorted(frames["track"], np.arange(len(told["tracks"]) + 1))
    for track, (asset, rotation, barred, inside) in enumerate(told["tracks"].tolist()):
        mine = frames[ends[track] : ends[track + 1]]
        row = rows[mine["row"]]
        box: Box | None = tuple(inside) if barred else None
        time, shot = np.ascontiguousarray(mine["time"]), mine["shot"].astype(np.int64)
        yield Taken(assets + asset, row, time, shot, rotation, box, chain.holding(row))


def track_of(asset: int, records: Sequence[bytes | None], rotation: int, inside: Box | None) -> Track:
    """Return a track from the trails of its frames, in the order of time. rotation: degrees clockwise to turn it."""
    entries = trail.unpack(b"".join(record or b"" for record in records))
    view = np.ascontiguousarray(np.rot90(entries["view"], -(rotation // 90), axes=(1, 2)))
    return Track(asset, entries["ms"] / 1000, view, entries["shot"].astype(np.int64), inside)


def bars(boxes: Sequence[Sequence[int] | None], sizes: Sequence[tuple[int, int]]) -> Box | None:
    """Return what lies inside the bars of a track: the median of its frames' boxes, when most frames have that one.

    A dark edge in one shot is no bar: bars stay.
    """
    told = [np.array(box) / (size * 2) for box, size in zip(boxes, sizes, strict=True) if box is not None]
    if 2 * len(told) <= len(boxes):
        return None
    middle = np.median(told, axis=0)
    if 2 * sum(bool(np.abs(box - middle).max() < _SAME_BARS) for box in told) <= len(boxes):
        return None
    left, top, right, bottom = (float(value) for value in middle)
    return left, top, right, bottom


def _shots(track: Track, times: Times) -> list[set[int]]:
    """Return which shots a track is in around each time: two where a cut is near; none where none are known."""
    told = []
    for time in times.tolist():
        low, high = np.searchsorted(track.time, [time - _AROUND, time + _AROUND])
        before = max(0, int(np.searchsorted(track.time, time, side="right")) - 1)
        told.append(set(track.shot[min(low, before) : max(high, before + 1)].tolist()) - {0})
    return told


def _nearest(other: Taken, time: float, shots: set[int], low: float, high: float) -> list[int]:
    """Return the frames nearest to a time, in these shots and this range, nearest first; of two as near the earlier."""
    may = (other.time >= low) & (other.time <= high)
    if shots and other.shot.any():
        may &= np.isin(other.shot, list(shots))
    else:
        pace = float(np.median(np.diff(other.time))) if len(other.time) > 1 else 1.0
        may &= np.abs(other.time - time) <= _WITHOUT_SHOTS * pace
    rows = np.flatnonzero(may)
    away = np.abs(other.time[rows] - time)
    return [int(row) for row in rows[np.argsort(away, kind="stable")[:_CANDIDATES]]]


def _glance(table: pa.Table, row: int) -> npt.NDArray[np.float32] | None:
    whole, inside = (table.column(name)[row].as_py() for name in _GLANCES)
    told = inside or whole
    return np.frombuffer(told, np.uint8).reshape(SIDE, SIDE).astype(np.float32) if told else None
