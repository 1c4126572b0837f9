"""Captions for a release: from a table (CSV, JSON lines, Parquet) or from text files that lie beside the pictures.

A line of a table names an item (`item_id`) or files (`path`, a glob as the rights desk writes it) and gives the
caption: `text`, or `script` (and `scene`) of the same dataset. The closest line decides: an item before a path, a path
before a pattern. A folder is laid out as the archive, and may be the archive itself: `a.txt` or `a.png.txt` beside
`a.png`. Where the dataset knows that file, the gate is asked about it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from provenance.captioning import standing
from provenance.dataset.index import load_table
from provenance.dataset.store import Store
from provenance.handoff import TrainingAdmission
from provenance.model.errors import InputError, TamperError
from provenance.model.names import display
from provenance.model.words import Kind, canonical_json, sha256_hex
from provenance.releasing.lines import Line, read_lines
from provenance.rights.matcher import Matcher
from provenance.rights.selector import Selector
from provenance.training.captions import captions_of
from provenance.training.places import load_places
from provenance.training.reader import Reader

MOST_SIDECAR = 16 * 1024  # bytes; a longer text beside a picture is no caption of it

PICTURES = (Kind.FRAMES, Kind.ART)

Found = tuple[int, str, int, int]  # picture, text, script or -1, asset or -1


@dataclass(frozen=True)
class Captioned:
    """What came of captions. source: a file's or folder's name, without its path. sha256: of the file; for a folder, of
    the canonical JSON of name and SHA-256 of every text used. captioned, without: pictures, by kind. unmatched: lines
    that are about nothing that is handed over; named: the first of them. withheld: captions that may not go, by reason.
    """

    source: str
    sha256: str
    captioned: Mapping[str, int]
    without: Mapping[str, int]
    unmatched: int
    named: tuple[str, ...]
    withheld: Mapping[str, int]
    credits: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What a signed entry and a receipt say of it."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "captioned": dict(self.captioned),
            "without": dict(self.without),
            "unmatched": self.unmatched,
            "withheld": dict(self.withheld),
        }


def captioned(admission: TrainingAdmission, source: str | Path) -> tuple[TrainingAdmission, Captioned]:
    """Return the admission with captions on its pictures, and what came of them.

    InputError with file and line for a table that cannot be followed or a text that is not UTF-8; TamperError kinds.
    """
    desk = _Desk(admission)
    found, extra, digest = (_beside if os.path.isdir(source) else _listed)(desk, Path(source))
    stands = standing(admission, captions_of(found))
    withheld = Counter(extra.withheld) + Counter(stands.withheld)
    kinds = Counter(desk.kind[row] for row in stands.captions.row.tolist())
    pictures = Counter(desk.kind[row] for row in desk.rows)
    told = Captioned(
        source=display(os.fsencode(Path(source).resolve().name)),
        sha256=digest,
        captioned={kind: kinds[kind] for kind in sorted(pictures)},
        without={kind: pictures[kind] - kinds[kind] for kind in sorted(pictures)},
        unmatched=extra.unmatched,
        named=extra.named,
        withheld=dict(withheld.most_common()),
        credits=stands.credits,
    )
    return admission.captioned(stands), told


@dataclass
class _Extra:
    withheld: Counter[str] = field(default_factory=Counter)
    unmatched: int = 0
    named: tuple[str, ...] = ()


class _Desk:
    """The tables of a version, as captions need them. rows: index rows of the pictures that are handed over, rising."""

    def __init__(self, admission: TrainingAdmission) -> None:
        self.admission = admission
        names = ["item_id", "kind", "asset", "scene", "exact_group", "copy_group"]
        index = self._table("index", names)
        self.kind, self.scene = (index.column(name).to_pylist() for name in ("kind", "scene"))
        self.asset = index.column("asset").to_numpy()
        self.groups = [index.column(name).to_numpy() for name in ("exact_group", "copy_group")]
        self._ids = index.column("item_id")
        self.paths: list[bytes] = self._table("assets", ["asset_path"]).column(0).to_pylist()
        self.admitted = admission.admitted
        self.rows = [row for row in self.admitted.tolist() if self.kind[row] in PICTURES]

    def id(self, row: int) -> str:
        return str(self._ids[row].as_py().hex())

    @cached_property
    def assets(self) -> dict[bytes, int]:
        """Row in the assets table by path."""
        return {path: row for row, path in enumerate(self.paths)}

    @cached_property
    def quarantined(self) -> frozenset[bytes]:
        return frozenset(self._table("quarantine", ["asset_path"]).column(0).to_pylist())

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Index row by item id; of two copies of one file, the first."""
        return {found.hex(): row for row, found in reversed(list(enumerate(self._ids.to_pylist())))}

    def text(self, row: int) -> str:
        """The text of a script item, proven."""
        places = load_places(self.admission.dataset.store, self.admission.version, np.array([row]))
        return Reader(self.admission.dataset.store.root, places).payload(0).decode()

    def handed_over(self, row: int) -> int:
        """The item that is handed over in the place of a cleared one: itself, or the one like it that was taken."""
        if row not in self.admitted:
            for group in self.groups:
                alike = self.admitted[group[self.admitted] == group[row]]
                if len(alike):
                    return int(alike[0])
        return row

    def _table(self, name: str, columns: Sequence[str]) -> Any:
        opened = self.admission.dataset
        return load_table(opened.store, name, self.admission.version.content.tables[name], opened.id, columns)


@dataclass(frozen=True, slots=True)
class _About:
    """A line that is about files, for the matcher of the rights desk."""

    line: Line
    applies_to: Selector


def _listed(desk: _Desk, file: Path) -> tuple[list[Found], _Extra, str]:
    """Captions from a table."""
    lines, digest = read_lines(file)
    by_item = {line.item: line for line in lines if line.item is not None}
    paths = Matcher([_About(line, line.applies_to) for line in lines if line.applies_to is not None])
    scripts = _Scripts(desk, file.name)
    closest: dict[int, Line | None] = {}
    used, found = set[int](), list[Found]()
    for row in desk.rows:
        line = by_item.get(desk.id(row)) if by_item else None
        if line is None:
            asset = int(desk.asset[row])
            if asset not in closest:
                closest[asset] = _closest(paths, desk.paths[asset], file.name)
            line = closest[asset]
        if line is not None:
            used.add(line.number)
            script, text = scripts.said(line) if line.script is not None else (-1, line.text or "")
            found.append((row, text, script, -1))
    idle = [line for line in lines if line.number not in used]
    named = tuple(f"{file.name}:{line.number} {line.about}" for line in idle[:3])
    return found, _Extra(unmatched=len(idle), named=named), digest


def _closest(lines: Matcher[_About], path: bytes, name: str) -> Line | None:
    bound = lines.match(path)
    if not bound:
        return None
    best = max(each.closeness for each in bound)
    first, *others = (each.statement.line for each in bound if each.closeness == best)
    for other in others:
        if other.says != first.says:
            raise InputError(
                f"says something else of {display(path)} than line {min(first.number, other.number)}, just as close",
                where=f"{name}:{max(first.number, other.number)}",
                next_step="name the file itself",
            )
    return first


class _Scripts:
    """Texts that lines take from scripts of the dataset."""

    def __init__(self, desk: _Desk, name: str) -> None:
        self._desk, self._name = desk, name
        self._known: dict[tuple[str | None, int | None], tuple[int, str]] = {}

    def said(self, line: Line) -> tuple[int, str]:
        """Return the item that a line takes its text from, and the text; empty while the item is not cleared."""
        key = line.script, line.scene
        if key not in self._known:
            row = self._find(line)
            cleared = bool(self._desk.admission.verdicts.cleared[row])
            row = self._desk.handed_over(row) if cleared else row
            self._known[key] = row, self._desk.text(row) if cleared else ""
        return self._known[key]

    def _find(self, line: Line) -> int:
        desk, script = self._desk, line.script or ""
        row = desk.by_id.get(script)
        if row is not None and desk.kind[row] == Kind.SCRIPTS:
            return row
        asset = desk.assets.get(script.encode("utf-8", "surrogateescape"), -1)
        there = [int(at) for at in np.flatnonzero(desk.asset == asset) if desk.kind[at] == Kind.SCRIPTS]
        rows = [at for at in there if desk.scene[at] == line.scene] or (there if line.scene is None else [])
        if len(rows) != 1:
            scenes = sum(desk.scene[at] is not None for at in there)
            what = f"has {scenes} scenes, and `scene` names none of them" if there else "is no script of the dataset"
            raise InputError(f"{script} {what}", where=f"{self._name}:{line.number}")
        return rows[0]


def _beside(desk: _Desk, folder: Path) -> tuple[list[Found], _Extra, str]:
    """Captions from text files beside the pictures."""
    store, extra, found = Store(folder), _Extra(), list[Found]()
    known: dict[int, tuple[str, int] | None] = {}
    digests: dict[str, str] = {}
    for row in desk.rows:
        asset = int(desk.asset[row])
        if asset not in known:
            known[asset] = None
            for path in _names(desk.paths[asset]):
                data = _read(store, path)
                if data is None:
                    continue
                text = _plain(data, folder.name, path)
                if path in desk.quarantined:
                    extra.withheld["quarantine"] += 1
                elif text:
                    known[asset] = text, desk.assets.get(path, -1)
                    digests[display(path)] = sha256_hex(data)
                break
        said = known[asset]
        if said is not None:
            found.append((row, said[0], -1, said[1]))
    return found, extra, sha256_hex(canonical_json(sorted(digests.items())))


def _names(path: bytes) -> Iterator[bytes]:
    folder, slash, name = path.rpartition(b"/")
    stem, dot, _ = name.rpartition(b".")
    yield path + b".txt"
    if dot and stem and not name.lower().endswith(b".txt"):
        yield folder + slash + stem + b".txt"


def _read(store: Store, path: bytes) -> bytes | None:
    """A small plain file below the folder, None when there is none; links are not followed."""
    try:
        return store.read(os.fsdecode(path), MOST_SIDECAR)
    except TamperError:  # not there, no plain file, or too long for a caption
        return None


def _plain(data: bytes, folder: str, path: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            "is not UTF-8", where=f"{folder}/{display(path)}:{line}", next_step="save it as UTF-8"
        ) from None
