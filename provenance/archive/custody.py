"""Custody lists: the hashes under which files were sealed when they changed hands.

Two standards, one answer: ASC MHL v2.0 (`ascmhl` folders) and BagIt (RFC 8493, and 0.97 before it). A list is evidence
for its own folder and what lies below. It shows that bytes survived a copy; it is unsigned, and says nothing of rights.

    discover(paths)         which lists an archive has, by names
    read(place, files)      one list, from the bytes of its files; they are hostile, so in the locked child
    CustodyList.check(...)  one file's digests against the list
    compare(lists, found)   what is missing and what nobody listed, once the walk is done
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from fnmatch import fnmatchcase

from provenance.archive.bagit import MARK, is_bag_file, read_bag
from provenance.archive.mhl import CHAIN, FOLDER, read_history
from provenance.archive.sealed import Check, CustodyList, Entry, Finding, Place
from provenance.archive.walk import Found
from provenance.model.names import display

__all__ = [
    "Check",
    "CustodyList",
    "Entry",
    "Finding",
    "Place",
    "compare",
    "discover",
    "dump",
    "is_list",
    "load",
    "read",
]


def is_list(path: bytes) -> bool:
    """Say whether a file, by its name, may be part of a custody list; `discover` knows which ones are."""
    folder, _, name = path.rpartition(b"/")
    in_history = folder.rpartition(b"/")[2] == FOLDER and (name == CHAIN or name.endswith(b".mhl"))
    return in_history or is_bag_file(name)


def discover(paths: Iterable[bytes]) -> list[Place]:
    """Return the custody lists among the paths of an archive, by folder. Keeps only the paths of the lists' own files.

    A folder is a bag when it holds bagit.txt, or a manifest beside other tag files: a bag that lost its bagit.txt is
    not valid and should be told, not overlooked.
    """
    histories: dict[bytes, list[bytes]] = {}
    bags: dict[bytes, list[bytes]] = {}
    for path in paths:
        if not is_list(path):
            continue
        folder, _, name = path.rpartition(b"/")
        if is_bag_file(name):
            bags.setdefault(folder, []).append(path)
        else:
            histories.setdefault(folder.rpartition(b"/")[0], []).append(path)
    places = [Place("ascmhl", root, tuple(sorted(files))) for root, files in histories.items()]
    for root, files in bags.items():
        names = [path.rpartition(b"/")[2] for path in files]
        if MARK in names or (len(names) > 1 and any(name.startswith(b"manifest-") for name in names)):
            places.append(Place("bagit", root, tuple(sorted(files))))
    return sorted(places, key=lambda place: (place.root, place.standard))


def read(place: Place, files: Mapping[bytes, bytes]) -> CustodyList:
    """Return one list from the bytes of its files, by path. Pure and never raises: what is wrong is in its findings."""
    return read_history(place, files) if place.standard == "ascmhl" else read_bag(place, files)


def compare(lists: Sequence[CustodyList], found: Iterable[Found]) -> Iterator[Finding]:
    """Yield what a walk and the lists do not agree on: `missing`, `not-fetched`, `unlisted`, `payload-oxum`.

    A file need only be in the list that is nearest to it: a folder with a history of its own is not in that above.
    """
    missing = [set(one.entries) for one in lists]
    sums = [[0, 0] for _ in lists]
    by_root: dict[bytes, list[int]] = {}
    for number, one in enumerate(lists):
        by_root.setdefault(one.root, []).append(number)
    for file in found:
        covering = [number for folder in _above(file.path) for number in by_root.get(folder, ())]
        for number in covering:
            one, inside = lists[number], _inside(lists[number], file.path)
            missing[number].discard(file.path)
            if inside.startswith(one.whole):
                sums[number][0] += file.size
                sums[number][1] += 1
            nearest = one.root == lists[covering[0]].root
            if nearest and file.path not in one.entries and inside.startswith(one.whole) and not _left_out(one, inside):
                yield Finding("unlisted", f"{display(file.path)} is there and not listed", _name(one))
    for one, paths, (size, count) in zip(lists, missing, sums, strict=True):
        for path in sorted(paths):
            promised = path in one.fetched
            sentence = "is promised by fetch.txt and was not fetched" if promised else "is listed and not there"
            yield Finding("not-fetched" if promised else "missing", f"{display(path)} {sentence}", _name(one))
        if one.oxum is not None and one.oxum != (size, count):
            declared = f"{one.oxum[0]} bytes in {one.oxum[1]} files"
            yield Finding("payload-oxum", f"declares {declared}, holds {size} in {count}", _name(one))


def dump(custody: CustodyList) -> bytes:
    """Return a list as JSON bytes, for the way out of the locked child; `load` undoes it."""
    return json.dumps(
        {
            "standard": custody.standard,
            "root": custody.root.hex(),
            "entries": {path.hex(): [astuple(entry) for entry in entries] for path, entries in custody.entries.items()},
            "findings": [astuple(finding) for finding in custody.findings],
            "ignored": custody.ignored,
            "fetched": sorted(path.hex() for path in custody.fetched),
            "oxum": custody.oxum,
            "whole": custody.whole.hex(),
        }
    ).encode()


def load(data: bytes) -> CustodyList:
    """Return the list that `dump` wrote."""
    told = json.loads(data)
    entries = told["entries"].items()
    return CustodyList(
        standard=str(told["standard"]),
        root=bytes.fromhex(told["root"]),
        entries={bytes.fromhex(path): tuple(Entry(*map(str, entry)) for entry in found) for path, found in entries},
        findings=[Finding(*map(str, finding)) for finding in told["findings"]],
        ignored=tuple(map(str, told["ignored"])),
        fetched=frozenset(bytes.fromhex(path) for path in told["fetched"]),
        oxum=None if told["oxum"] is None else (int(told["oxum"][0]), int(told["oxum"][1])),
        whole=bytes.fromhex(told["whole"]),
    )


def _above(path: bytes) -> Iterator[bytes]:
    """Yield the folders above a path, nearest first, the root as b""."""
    while path:
        path = path.rpartition(b"/")[0]
        yield path


def _inside(one: CustodyList, path: bytes) -> bytes:
    return path[len(one.root) + bool(one.root) :]


def _name(one: CustodyList) -> str:
    return Place(one.standard, one.root, ()).display


def _left_out(one: CustodyList, inside: bytes) -> bool:
    """Say whether a list leaves a file out by a pattern: a name anywhere on the way, or, with a slash in it, the way.

    Also left out is the list's own folder, which no list can hold.
    """
    if one.standard == "ascmhl" and inside.startswith(FOLDER + b"/"):
        return True
    way = inside.decode("utf-8", "surrogateescape")
    for pattern in one.ignored:
        plain = pattern.strip("/")
        if "/" in plain and (fnmatchcase(way, plain) or fnmatchcase(way, plain + "/*")):
            return True
        if "/" not in plain and any(fnmatchcase(step, plain) for step in way.split("/")):
            return True
    return False
