"""verify: a dataset against its own signed versions. What is missing, what is too much, what was changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from provenance.dataset import card, keyring, ledger
from provenance.dataset.chain import Entry
from provenance.dataset.index import load_table
from provenance.dataset.keyring import key_folder
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.shard import payload_places, read_columns
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import TEMPS, entry_path
from provenance.dataset.trust import Trust
from provenance.dataset.version import Content
from provenance.model.errors import ChangedError, MissingError, TamperError
from provenance.model.names import display

# Folders of a build under way: not part of the dataset, never read by anybody else.
_SCRATCH = (TEMPS, "work")

_OTHER_ROLES = (Role.RIGHTS, Role.HEAD)

_TRUE_TO_PLACE = ("shard", "row", "offset", "length", "payload_sha256")


class Problem(StrEnum):
    """What is wrong with a file."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    CHAIN = "chain"  # a signed history cannot be believed


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One file that is not as signed. path: display form, relative to the dataset."""

    path: str
    problem: Problem
    sentence: str


@dataclass(frozen=True, slots=True)
class Findings:
    """The outcome of a verification. `problems` is empty for a sound dataset; `notes` are no reason for alarm.

    objects, bytes: how many were hashed and agree with their signed digest. dataset and version are None when the
    chain of versions itself failed; then nothing else was checked.
    """

    dataset: str | None
    version: int | None
    problems: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    objects: int = 0
    bytes: int = 0

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(
    dataset: Path | str,
    *,
    trust: Trust | None = None,
    trusted: Mapping[Role, Sequence[PublicKey]] | None = None,
    deep: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Findings:
    """Compare a dataset with its signed versions and return what differs; nothing is written, nothing mended.

    1 versions and ledger are signed histories, none older than this machine has seen   2 every object of the newest
    version is there, with its signed bytes; one of an older version may have gone to gc, but what is there is right
    3 the card is the newest version's   4 no file is there that no version names   5 deep: every row of the index says
    where its payload lies, and its digest. progress: bytes done and in all.
    InputError when there is no dataset at all.
    """
    trust = trust or Trust()
    try:
        opened = open_dataset(dataset, trust=trust, trusted=trusted)  # 1
        wanted: dict[str, tuple[str, int]] = {}
        for number in range(1, opened.head.number + 1):
            content = opened.version(number).content
            wanted |= content.proofs | attached(content)
    except TamperError as error:
        return Findings(None, None, (_finding(dataset, error, Problem.CHAIN),))
    problems: list[Finding] = []
    notes = list(opened.notices)
    known = {card.FILE}
    known |= {entry.path for entry in (*opened.entries, *opened.keys.entries)}
    apart: tuple[str, ...] = _SCRATCH
    try:
        known |= _ledger(opened, trust, trusted, notes)
    except TamperError as error:
        problems.append(_finding(dataset, error, Problem.CHAIN))
        apart += (ledger.FOLDER, *map(key_folder, _OTHER_ROLES))  # one finding says it all
    objects, size = _objects(opened, wanted, problems, notes, progress)  # 2
    _card(opened, problems, notes)  # 3
    for path in map(display, _files(opened.store.root)):  # 4
        if path in known or path in wanted:
            continue
        if not path.startswith(tuple(f"{folder}/" for folder in apart)):
            sentence = "no version names it; a build that was cut off leaves such: run it again, then provenance gc"
            problems.append(Finding(path, Problem.EXTRA, sentence))
        elif path.startswith(tuple(f"{folder}/" for folder in _SCRATCH)):
            notes.append(f"{path} is left from a build under way or cut off")
    if deep and not problems:
        problems += _places(opened)  # 5
    return Findings(opened.id, opened.head.number, tuple(sorted(problems)), tuple(notes), objects, size)


def _ledger(
    opened: Opened, trust: Trust, trusted: Mapping[Role, Sequence[PublicKey]] | None, notes: list[str]
) -> set[str]:
    """Return the paths of the ledger's entries and of all keys but the build's, verified; none when there are none."""
    store, paths, entries = opened.store, set[str](), tuple[Entry, ...]()
    for role in _OTHER_ROLES:
        folder = key_folder(role)
        if not store.numbers(folder) and not (role is Role.RIGHTS and store.numbers(ledger.FOLDER)):
            trust.witness(store.root / folder, ())
            continue
        keys = keyring.load(store, role, opened.id)
        notice = trust.accept(keys, trusted)
        notes += [notice] if notice else []
        trust.witness(store.root / folder, keys.entries)
        paths |= {entry.path for entry in keys.entries}
        if role is Role.RIGHTS:
            entries = ledger.read_ledger(store, keys)
            paths |= {entry.path for entry in entries}
    trust.witness(store.root / ledger.FOLDER, entries)
    named = opened.head.content.ledger
    if named is not None and {"number", "digest"} <= named.keys():
        at = named["number"]
        if not 1 <= at <= len(entries) or entries[at - 1].digest != named["digest"]:
            raise TamperError(
                f"is not the ledger that version {opened.head.number} was built with",
                where=entry_path(ledger.FOLDER, at),
                next_step="restore it from a mirror",
            )
    return paths


def _objects(
    opened: Opened,
    wanted: Mapping[str, tuple[str, int]],
    problems: list[Finding],
    notes: list[str],
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    live = {path for path, _ in opened.head.content.objects} | attached(opened.head.content).keys()
    total, done, objects, right, gone = sum(size for _, size in wanted.values()), 0, 0, 0, 0
    for path in sorted(wanted):
        try:
            if opened.store.digest(path) != wanted[path]:
                raise opened.store.changed(path)
            objects += 1
            right += wanted[path][1]
        except MissingError:
            if path in live:
                problems.append(Finding(path, Problem.MISSING, "the newest version names it; restore it from a mirror"))
            else:
                gone += 1
        except ChangedError as error:
            problems.append(Finding(path, Problem.CHANGED, error.what))
        done += wanted[path][1]
        progress(done, total)
    if gone:
        notes.append(f"{gone} objects of older versions are gone, as gc leaves them")
    return objects, right


def attached(content: Content) -> dict[str, tuple[str, int]]:
    """Return SHA-256 and size of the files, by path, that a release brings besides its objects: its attributions."""
    files = content.options.get("release", {}).get("files", {})
    return {path: (sha256, size) for path, (sha256, size) in files.items()}


def _card(opened: Opened, problems: list[Finding], notes: list[str]) -> None:
    found: bytes | None = None
    try:
        found = opened.store.read(card.FILE)
    except MissingError:
        pass
    except ChangedError as error:
        problems.append(Finding(card.FILE, Problem.CHANGED, error.what))
        return
    if found == card.card(opened.head):
        return
    older = (opened.version(number) for number in range(opened.head.number - 1, 0, -1))
    if found is None or any(found == card.card(version) for version in older):
        # A crash between the commit and the card; nobody is misled about what is signed.
        notes.append(f"{card.FILE} is not the newest version's yet; the next build writes it")
    else:
        problems.append(Finding(card.FILE, Problem.CHANGED, "is not the card of any version; the next build mends it"))


def _files(root: Path) -> Iterator[bytes]:
    """Yield the path of everything below a root that is not a plain folder, in byte order; links are not followed."""

    def walk(folder: bytes, inside: bytes) -> Iterator[bytes]:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path, path + b"/")
            else:
                yield path

    yield from walk(os.fsencode(root), b"")


def _places(opened: Opened) -> Iterator[Finding]:
    """Compare the index with what the shards' own pages and rows say."""
    content, store = opened.head.content, opened.store
    info = content.tables["index"]
    index = load_table(store, "index", info, opened.id, _TRUE_TO_PLACE)
    shard = index["shard"].to_numpy()
    starts = np.searchsorted(shard, np.arange(len(content.shards) + 1))
    if (np.diff(shard) < 0).any() or starts[0] != 0 or starts[-1] != len(shard):
        yield Finding(info.path, Problem.CHANGED, "its rows are not in the order of the shards")
        return
    for at, found in enumerate(content.shards):
        rows = index.slice(starts[at], starts[at + 1] - starts[at])
        handle = store.open(found.path)
        try:
            offsets, lengths = payload_places(handle, found.kind, opened.id, found.path)
            digests = read_columns(handle, found.kind, opened.id, ["payload_sha256"], found.path)
        except TamperError as error:
            yield _finding(opened.store.root, error, Problem.CHANGED)
            continue
        finally:
            os.close(handle)
        told = (rows["row"].to_numpy(), rows["offset"].to_numpy(), rows["length"].to_numpy())
        true = (np.arange(found.rows), offsets, lengths)
        same = all(np.array_equal(one, other) for one, other in zip(told, true, strict=True))
        signed = [digest.hex() for digest in rows["payload_sha256"].to_pylist()]
        if not same or signed != digests.column(0).to_pylist():
            yield Finding(found.path, Problem.CHANGED, "the index does not say where its payloads lie")


def _finding(dataset: Path | str, error: TamperError, problem: Problem) -> Finding:
    where = os.path.relpath(error.where, dataset) if error.where and os.path.isabs(error.where) else error.where
    sentence = f"{error.what}; {error.next_step}" if error.next_step else error.what
    return Finding(where or ".", problem, sentence)
