"""The near groups of a version: fingerprints read from its shards, joined, and numbered by their first row.

Two groups of one item. Its near group is all that shares its picture or words: drafts of a scene and the frames of a
pan, too; what a holder says of one is heard for all of it. Its copy group, inside that, is what may stand for it in
training: nothing in it shows or says anything new.

A pure function of the items: a build that knows most of them from the version before gives the same groups as one from
scratch. Groups of which no member is gone stand, and what is new is joined with all; of the others, the members that
are left are joined with each other again. Where the search is capped (slates, textures), what was found before stands.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.building.carried import Carried, Groups
from provenance.building.chains import Chain, chains, placed
from provenance.building.footage import Footage
from provenance.building.kept import Arrays, Kept
from provenance.building.sketches import SMALL, Corners, Glances, Sketches, as_bytes, corners_key, small, small_key
from provenance.dataset.shard import ShardInfo, read_shard
from provenance.dataset.store import Store
from provenance.dedup import pictures, texts
from provenance.dedup.copies import of_pictures
from provenance.dedup.groups import grouped
from provenance.dedup.pictures import Pictures
from provenance.model.words import Kind

NAME = "near-v6"  # what a version's groups were made by; another rule has another name

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint32]
Likeness = npt.NDArray[np.float64]

_SEEN, _READ = (Kind.FRAMES, Kind.ART), (Kind.SCRIPTS,)
_TEXT = np.dtype([("row", "<i4"), ("minhash", "<u4", 128)])


@dataclass(frozen=True)
class Items:
    """What is known of every index row. exact: the first row with equal content; such rows are copies. asset: its row
    in the assets table. quality: of two copies the better one has more. int64[rows] each."""

    exact: Rows
    asset: Rows
    quality: Rows


def near_groups(
    store: Store, dataset: str, shards: Sequence[ShardInfo], items: Items, before: Carried, kept: Kept
) -> tuple[Groups, Counter[str]]:
    """Return the groups of every index row, and what was counted.

    shards: in the order of the index. kept: what earlier searches kept of them; after this one, it holds nothing else.
    """
    count = len(items.exact)
    every = np.arange(count, dtype=np.int64)
    # Exact copies are one row of the join.
    first = items.exact == every
    near, copies = [(items.exact, every), (before.groups.near, every)], [(items.exact, every)]
    told: Counter[str] = Counter()
    cut = chains(shards, items.asset)
    kept.keep_only([*(key for shard in shards for key in _keys(shard)), *(chain.key for chain in cut)])
    with load_pictures(store, dataset, shards, first & _asked(shards, before, _SEEN), kept) as (at, seen):
        seen_links = _picture_links(seen, at, before), _footage_links(store, dataset, cut, first, before, kept)
        for a, b, counts in chain.from_iterable(seen_links):
            near.append((a, b))
            told += counts
        rows, sketches = load_texts(store, dataset, shards, first & _asked(shards, before, _READ), kept)
        for a, b, alike, counts in _text_links(sketches, rows, before):
            near.append((a, b))
            copies.append((a[alike >= texts.COPY], b[alike >= texts.COPY]))
            told += counts
        joined = _grouped(count, near)
        # Groups that have the members that they had stand as they were; the others' copies are told anew.
        touched = np.isin(joined, joined[~before.stands])
        copies.append((before.groups.copies[~touched], every[~touched]))
        same = of_pictures(seen, joined[at], items.asset[at], items.quality[at], touched[at])
        again = touched[rows] & ~before.new[rows] & ~before.loose[rows]
        a, b, alike, _ = texts.near_pairs(sketches[again])
        known = rows[again]
        copies.append((known[a[alike >= texts.COPY]], known[b[alike >= texts.COPY]]))
    copies.append((at[same], at))
    return Groups(joined, _grouped(count, copies)), told


def _asked(shards: Sequence[ShardInfo], before: Carried, kinds: Sequence[Kind]) -> Bools:
    """Return the index rows of these kinds; none, when all groups among them stand."""
    rows = np.zeros(len(before.stands), bool)
    for at, shard in placed(shards, kinds):
        rows[at : at + shard.rows] = True
    return rows & (rows & ~before.stands).any()


def _searches(before: Carried, rows: Rows) -> Iterator[tuple[Bools, Bools]]:
    """Yield who must be joined, and of whom one must be in a pair: bool[rows given] each.

    The members that are left of torn groups are joined with each other; what is new is joined with all.
    """
    loose, new = before.loose[rows], before.new[rows]
    if loose.any():
        yield loose, loose
    if new.any():
        yield np.ones(len(rows), bool), new


def _picture_links(seen: Pictures, rows: Rows, before: Carried) -> Iterator[tuple[Rows, Rows, Counter[str]]]:
    for among, new in _searches(before, rows):
        found = pictures.near_pairs(seen, new, among=among)
        a, b = found.near()
        yield rows[a], rows[b], found.counts


def _keys(shard: ShardInfo) -> tuple[str, ...]:
    """Return what names what is kept of a shard."""
    return (_texts_key(shard),) if shard.kind in _READ else (small_key(shard), corners_key(shard))


def _footage_links(
    store: Store, dataset: str, cut: Sequence[Chain], first: Bools, before: Carried, kept: Kept
) -> Iterator[tuple[Rows, Rows, Counter[str]]]:
    """Yield the links between frames of videos that match in time. Copies that are exact all along say nothing new."""
    frames = np.concatenate([np.empty(0, np.int64), *(chain.rows for chain in cut)])
    for among, new in _searches(before, np.arange(len(first))):
        if not new[frames].any():
            continue
        films = Footage(store, dataset, cut, first & among, kept)
        found, counts = films.matches(new)
        yield np.empty(0, np.int64), np.empty(0, np.int64), counts
        for match in found:
            yield films.links(match)


def _text_links(sketches: Words, rows: Rows, before: Carried) -> Iterator[tuple[Rows, Rows, Likeness, Counter[str]]]:
    for among, new in _searches(before, rows):
        at = np.flatnonzero(among)
        a, b, alike, counts = texts.near_pairs(sketches[at], new[at])
        yield rows[at[a]], rows[at[b]], alike, counts


def _grouped(count: int, links: Sequence[tuple[Rows, Rows]]) -> Rows:
    return grouped(count, *(np.concatenate(ends) for ends in zip(*links, strict=True)))


@contextmanager
def load_pictures(
    store: Store, dataset: str, shards: Sequence[ShardInfo], wanted: Bools, kept: Kept
) -> Iterator[tuple[Rows, Pictures]]:
    """Give the index rows of the wanted pictures that have fingerprints, and these; large ones are read when asked for.

    wanted: bool[index rows].
    """
    rows: list[Rows] = [np.empty(0, np.int64)]
    found: list[tuple[ShardInfo, Rows]] = []
    held = [np.empty(0, SMALL)]
    for at, shard in _holding(shards, _SEEN, wanted):
        told = small(store, dataset, shard, kept)
        told = told[wanted[at + told["row"]]]
        if len(told):
            row = told["row"].astype(np.int64)
            rows.append(at + row)
            found.append((shard, row))
            held.append(told)
    every = np.concatenate(held)
    with contextlib.closing(Sketches(store, dataset, found, kept)) as large:
        glances = Glances(large, "glance_64"), Glances(large, "trimmed_glance_64")
        whole, inside, size = (np.ascontiguousarray(every[name]) for name in ("whole", "inside", "size"))
        quality = every["quality"].astype(np.int64)
        yield np.concatenate(rows), Pictures(whole, quality, inside, size, *glances, Corners(large))


def load_texts(
    store: Store, dataset: str, shards: Sequence[ShardInfo], wanted: Bools, kept: Kept
) -> tuple[Rows, Words]:
    """Return the index rows of the wanted texts that have a MinHash, and these: uint32[n, 128]."""
    rows: list[Rows] = [np.empty(0, np.int64)]
    sketches: list[Words] = [np.empty((0, 128), np.uint32)]
    for at, shard in _holding(shards, _READ, wanted):
        told = kept.arrays(_texts_key(shard), {"texts": _TEXT}, partial(_texts, store, dataset, shard))["texts"]
        told = told[wanted[at + told["row"]]]
        rows.append(at + told["row"].astype(np.int64))
        sketches.append(told["minhash"])
    return np.concatenate(rows), np.concatenate(sketches)


def _texts(store: Store, dataset: str, shard: ShardInfo) -> Arrays:
    table = read_shard(store, shard, dataset, ["minhash_128"])
    have = np.flatnonzero(table.column(0).is_valid().to_numpy())
    told = np.empty(len(have), _TEXT)
    told["row"], told["minhash"] = have, as_bytes(table.take(pa.array(have)), "minhash_128", 512).view("<u4")
    return {"texts": told}


def _texts_key(shard: ShardInfo) -> str:
    return f"texts/{shard.sha256}"


def _holding(shards: Sequence[ShardInfo], kinds: Sequence[Kind], wanted: Bools) -> Iterator[tuple[int, ShardInfo]]:
    """Yield each shard of these kinds that has a wanted row, with its first index row."""
    return (each for each in placed(shards, kinds) if wanted[each[0] : each[0] + each[1].rows].any())
