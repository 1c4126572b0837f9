"""The twins of an item or a file: what is the same, near or merely alike, and what was changed; and an outside list of
fingerprints held against a dataset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.building.chains import chains
from provenance.building.footage import Footage
from provenance.building.kept import Kept
from provenance.building.neargroups import load_pictures, load_texts
from provenance.dataset.index import load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.shard import ShardInfo, load_item, read_columns
from provenance.dedup import pictures, texts
from provenance.dedup.listed import read_list
from provenance.dedup.neighbours import within, words
from provenance.fingerprint import pdq
from provenance.model.errors import UsageError
from provenance.model.names import display
from provenance.model.words import Kind
from provenance.reports.contact_sheet import Cell, Pair, page

PHASH_RADIUS = 10  # of 64 bits
_CLOSEST = ("exact", "same", "near", "linked", "alike")
_COLUMNS = [
    "item_id", "kind", "shard", "row", "offset", "length", "payload_sha256", "asset", "time_numerator",
    "time_denominator", "frame", "page", "scene", "phash_64", "exact_group", "near_group",
]  # fmt: skip

_SHOWN = 3  # frames of each range on the sheet

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Span:
    """A range of a video that another one shows too, in seconds. speed: how much faster the other shows it. agreement:
    the share of it that agrees. rows: frames of both to look at, index rows."""

    here: tuple[float, float]
    there: tuple[float, float]
    speed: float
    agreement: float
    form: str
    rows: tuple[tuple[int, int], ...] = ()

    def told(self, own: str = "", other: str = "") -> str:
        """Return the range in words, with the names of both files where they are given."""
        here, there = (
            f"{clock(low)} to {clock(high)}" + (f" of {name}" if name else "")
            for (low, high), name in ((self.here, own), (self.there, other))
        )
        pace = "" if abs(self.speed - 1) < 0.002 else f", {self.speed:.3f} times as fast"
        form = "" if self.form == "upright" else f", {self.form}"
        return f"{here} = {there}{pace}{form}, {100 * self.agreement:.0f} % agree"

    def as_json(self) -> dict[str, Any]:
        return {
            "start": round(self.here[0], 2),
            "end": round(self.here[1], 2),
            "twin_start": round(self.there[0], 2),
            "twin_end": round(self.there[1], 2),
            "speed": round(self.speed, 4),
            "form": self.form,
            "agreement": round(self.agreement, 3),
        }


@dataclass(frozen=True)
class Twin:
    """Another file that shares something with the one asked about.

    relation: exact, same, near, linked (in the group, over others) or alike (not in it). rows: index rows of the pair
    that shows it best. places: where in each file, for people. items: how many items of the other are concerned. spans:
    of videos, what they share in time.
    """

    asset: str
    relation: str
    changes: tuple[str, ...]
    agreement: float | None
    rows: tuple[int, int]
    places: tuple[str, str]
    items: int
    spans: tuple[Span, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "asset": self.asset,
            "relation": self.relation,
            "changes": list(self.changes),
            "agreement": None if self.agreement is None else round(self.agreement, 3),
            "place": self.places[0],
            "twin_place": self.places[1],
            "items": self.items,
            "ranges": [span.as_json() for span in self.spans],
        }


@dataclass(frozen=True)
class Match:
    """An item of the dataset that an outside list knows. distance: in bits of `kind` (pdq or phash)."""

    asset: str
    place: str
    listed: str
    kind: str
    distance: int
    form: str = "upright"

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


class Twins:
    """A dataset's newest version, opened to be asked for twins. The kinds of TamperError; InputError."""

    def __init__(self, dataset: str | Path) -> None:
        self._opened: Opened = open_dataset(dataset)
        tables, store, name = self._opened.head.content.tables, self._opened.store, self._opened.id
        self._index = load_table(store, "index", tables["index"], name, _COLUMNS)
        shown = load_table(store, "assets", tables["assets"], name, ["asset", "asset_path", "files"])
        self._assets: list[str] = shown.column("asset").to_pylist()
        self._paths: list[bytes] = shown.column("asset_path").to_pylist()
        self._files = shown.column("files")
        self._asset = self._index.column("asset").to_numpy()

    def rows(self, what: str) -> Rows:
        """Return the index rows of a path below the archive root, or of an item by its id (eight digits or more)."""
        if len(what) >= 8 and not what.strip("0123456789abcdef"):
            ids = self._index.column("item_id").to_pylist()
            found = [row for row, identity in enumerate(ids) if identity.hex().startswith(what)]
            if found:
                return np.array(found, np.int64)
        raw = what.encode("utf-8", "surrogateescape")
        for at, (shown, path) in enumerate(zip(self._assets, self._paths, strict=True)):
            if what == shown or raw == path or self._member(at, raw):
                return np.flatnonzero(self._asset == at)
        raise UsageError(
            f"the dataset has no item and no path {display(raw)}",
            next_step="give a path from the archive root as `provenance admit --list` prints it, or an item's id",
        )

    def _member(self, at: int, path: bytes) -> bool:
        files = self._files[at].as_py()
        return len(files) > 1 and any(file["path"] == path for file in files)

    def of(self, rows: Rows) -> list[Twin]:
        """Return the twins of some items, closest first; one entry for each other file, and each other item of theirs.

        Items of the same file are left out where several were asked about: a shot is like itself.
        """
        exact, near = (self._index.column(name).to_numpy() for name in ("exact_group", "near_group"))
        own = set(self._asset[rows].tolist()) if len(rows) > 1 else set()
        best: dict[int, tuple[int, Twin]] = {}
        items: dict[int, set[int]] = {}

        def tell(relation: str, a: int, b: int, changes: tuple[str, ...] = (), agreement: float | None = None) -> None:
            asset = int(self._asset[b])
            if asset in own or a == b:
                return
            items.setdefault(asset, set()).add(b)
            rank = _CLOSEST.index(relation)
            if asset not in best or (rank, -(agreement or 0)) < (best[asset][0], -(best[asset][1].agreement or 0)):
                twin = Twin(
                    self._assets[asset], relation, changes, agreement, (a, b), (self._place(a), self._place(b)), 0
                )
                best[asset] = (rank, twin)

        asked = np.zeros(len(exact), bool)
        asked[rows] = True
        for a in rows.tolist():
            for b in np.flatnonzero(exact == exact[a]).tolist():
                tell("exact", a, b)
        for a, b, relation, changes, agreement in self._compared(asked):
            tell(relation, a, b, changes, agreement)
        spans: dict[int, list[Span]] = {}
        for span in self._in_time(asked):
            spans.setdefault(int(self._asset[span.rows[0][1]]), []).append(span)
            changes = (*(() if span.form == "upright" else (span.form,)), *_pace(span.speed))
            middle = span.rows[len(span.rows) // 2]
            for a, b in (middle, *span.rows):
                tell("near", a, b, changes)
        for a in rows.tolist():
            for b in np.flatnonzero(near == near[a]).tolist():
                tell("linked", a, b)
        found = [
            replace(
                twin, items=len(items[asset]), spans=tuple(sorted(spans.get(asset, ()), key=lambda each: each.here))
            )
            for asset, (_, twin) in best.items()
        ]
        return sorted(found, key=lambda twin: (_CLOSEST.index(twin.relation), -(twin.agreement or 1), twin.asset))

    @property
    def _shards(self) -> Sequence[ShardInfo]:
        return self._opened.head.content.shards

    def _kept(self) -> Kept:
        """What this machine kept when it built the dataset; where another did, all is read from the shards."""
        return Kept(Kept.place(self._opened.store.root), reads_only=True)

    def _in_time(self, asked: npt.NDArray[np.bool_]) -> Iterator[Span]:
        """Yield what videos among the asked show together with others: ranges that hold a frame that was asked for."""
        if not pc.any(pc.equal(self._index.column("kind").filter(pa.array(asked)), Kind.FRAMES.value)).as_py():
            return
        cut = chains(self._shards, self._asset)
        with self._kept() as kept:
            films = Footage(self._opened.store, self._opened.id, cut, np.ones(len(asked), bool), kept)
        for match in films.matches(asked)[0]:
            a, b, _ = films.links(match)
            told = (match.first, match.second, match.speed), (match.second, match.first, 1 / match.speed)
            for (here, there, speed), own, other in zip(told, (a, b), (b, a), strict=True):
                rows = [pair for pair in zip(own.tolist(), other.tolist(), strict=True) if asked[pair[0]]]
                if rows:
                    yield Span(here, there, speed, match.agreement, match.form, tuple(rows))

    def _compared(self, asked: npt.NDArray[np.bool_]) -> list[tuple[int, int, str, tuple[str, ...], float]]:
        store, name = self._opened.store, self._opened.id
        everything = np.ones(len(asked), bool)
        out = []
        kinds = set(pc.unique(self._index.column("kind").filter(pa.array(asked))).to_pylist())
        if kinds & {Kind.FRAMES.value, Kind.ART.value}:
            with self._kept() as kept, load_pictures(store, name, self._shards, everything, kept) as (rows, sketches):
                found = pictures.near_pairs(sketches, asked[rows], every=True)
            for link in found.links:
                ends = [int(rows[link.a]), int(rows[link.b])]
                for a, b in (ends, ends[::-1]):
                    if asked[a]:
                        told = link.likeness
                        out.append((a, b, told.relation.value, told.changes, told.agreement))
        if Kind.SCRIPTS.value in kinds:
            with self._kept() as kept:
                rows, minhashes = load_texts(store, name, self._shards, everything, kept)
            for at in np.flatnonzero(asked[rows]).tolist():
                alike = (minhashes == minhashes[at]).mean(axis=1)
                for other in np.flatnonzero(alike >= texts.NEAR).tolist():
                    out.append((int(rows[at]), int(rows[other]), "near", ("words",), float(alike[other])))
        return out

    def against(self, listed: str | Path, rows: Rows | None = None) -> list[Match]:
        """Return the items (all, or the rows given) that are on a list of fingerprints: CSV with `pdq` or `phash`."""
        names, hashes, phashes = read_list(listed)
        wanted = np.ones(len(self._asset), bool)
        if rows is not None:
            wanted = np.zeros(len(self._asset), bool)
            wanted[rows] = True
        out: list[Match] = []
        if hashes:
            store, name = self._opened.store, self._opened.id
            with self._kept() as kept, load_pictures(store, name, self._shards, wanted, kept) as (own, sketches):
                views, quality = (sketches.whole, sketches.inside), sketches.quality
            theirs = np.array(list(hashes), np.int64)
            lines = words(np.frombuffer(b"".join(hashes.values()), np.uint8).reshape(-1, 32))
            seen: set[tuple[int, int]] = set()
            for whole in views:
                telling = np.flatnonzero((quality >= pictures.LEAST_QUALITY) & whole.any(axis=1))
                for form in pdq.FORMS:
                    found = within(words(pdq.turned(whole[telling], form)), pictures.RADIUS, lines)
                    for a, b, bits in zip(own[telling[found.a]], theirs[found.b], found.distance, strict=True):
                        if (int(a), int(b)) not in seen:
                            seen.add((int(a), int(b)))
                            out.append(self._match(int(a), names[int(b)], "pdq", int(bits), form))
        if phashes:
            own = np.flatnonzero(wanted & self._index.column("phash_64").is_valid().to_numpy())
            mine = self._index.column("phash_64").fill_null(0).to_numpy()[own].reshape(-1, 1)
            keys = list(phashes)
            found = within(mine, PHASH_RADIUS, np.array([phashes[key] for key in keys], np.uint64).reshape(-1, 1))
            for a, b, bits in zip(found.a, found.b, found.distance, strict=True):
                out.append(self._match(int(own[a]), names[keys[int(b)]], "phash", int(bits), "upright"))
        return sorted(out, key=lambda match: (match.distance, match.asset, match.place, match.listed))

    def _match(self, row: int, listed: str, kind: str, distance: int, form: str) -> Match:
        return Match(self._assets[self._asset[row]], self._place(row), listed, kind, distance, form)

    def _place(self, row: int) -> str:
        """Where in its file an item lies, for people; empty for the whole of it."""
        told = self._index.slice(row, 1).to_pylist()[0]
        if told["time_numerator"] is not None and told["time_denominator"]:
            return f"{told['time_numerator'] / told['time_denominator']:.2f} s"
        for name in ("frame", "scene", "page"):
            if told[name] is not None:
                return f"{name} {told[name]}"
        return ""

    def sheet(self, what: str, found: Sequence[Twin]) -> str:
        """Return the twins side by side as one HTML page that needs nothing else and runs no script."""
        pairs = []
        for twin in found:
            shown = [("", twin.rows)] if not twin.spans else [
                (span.told(what, twin.asset) if at == 0 else "", rows)
                for span in twin.spans for at, rows in enumerate(_spread(span.rows, _SHOWN))
            ]  # fmt: skip
            for at, (words_, (a, b)) in enumerate(shown):
                cells = self._cell(a, what), self._cell(b, twin.asset)
                pairs.append(Pair(*cells, *((twin.relation, twin.changes) if at == 0 else ("", ())), words_))
        return page(what, pairs)

    def _cell(self, row: int, name: str) -> Cell:
        told = self._index.slice(row, 1).to_pylist()[0]
        shard = self._opened.head.content.shards[told["shard"]]
        handle = self._opened.store.open(shard.path)
        try:
            payload = load_item(handle, told["offset"], told["length"], told["payload_sha256"], shard.path)
            media_type = read_columns(handle, shard.kind, self._opened.id, ["media_type"], shard.path)
        finally:
            os.close(handle)
        return Cell(name, self._place(row), payload, media_type.column(0)[told["row"]].as_py())


def clock(seconds: float) -> str:
    """Return a time in a video for people: hours only where there are some."""
    minutes, rest = divmod(round(max(0.0, seconds), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _pace(speed: float) -> tuple[str, ...]:
    return () if abs(speed - 1) < 0.002 else ("faster" if speed > 1 else "slower",)


def _spread(rows: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Return the first, the last and some between them."""
    at = np.unique(np.linspace(0, len(rows) - 1, count).round().astype(int))
    return [rows[each] for each in at.tolist()]
