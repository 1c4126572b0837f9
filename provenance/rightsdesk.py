"""The rights desk's door: sheets in, signed ledger entries out, and the law that a ledger head amounts to.

The ledger is a chain of its own in DATASET/ledger, signed with the rights key. Its head is good for a limited time
(T09): revocations that never arrive must not look like permission.
"""

from __future__ import annotations

import datetime as dt
import getpass
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from provenance import deskwords
from provenance.dataset import keyring, signing
from provenance.dataset import ledger as chains
from provenance.dataset.chain import Entry
from provenance.dataset.index import load_table
from provenance.dataset.opening import Opened, open_dataset
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.model import clock, timecode
from provenance.model.errors import InputError, UsageError
from provenance.model.words import canonical_json, sha256_hex
from provenance.rights import codec, ledger
from provenance.rights.law import Law
from provenance.rights.ledger import Body, Changes, Import, LedgerState
from provenance.rights.matcher import Bound, Matcher
from provenance.rights.selector import Selector
from provenance.rights.sources import manifest, register, timelines
from provenance.rights.statement import RightsStatement

VALID_FOR = dt.timedelta(days=30)
MOST_SHEET_BYTES = 256 * 1024 * 1024

NOTHING = LedgerState()


@dataclass(frozen=True)
class Book:
    """A dataset's ledger, read and verified. entries: the signed chain; state: what it amounts to; notices: to show."""

    entries: tuple[Entry, ...]
    state: LedgerState
    notices: tuple[str, ...] = ()

    @property
    def head(self) -> dict[str, Any] | None:
        """What a version or a receipt says of this ledger: number and digest of its head."""
        return {"number": self.entries[-1].number, "digest": self.entries[-1].digest} if self.entries else None

    def known_at(self, moment: dt.datetime | None) -> LedgerState:
        """Return what was known at a moment; all that is known now when it is None."""
        return self.state if moment is None else ledger.fold(map(deskwords.told, self.entries), moment)


def read_book(
    store: Store,
    dataset: str,
    trust: Trust | None = None,
    trusted: Mapping[Role, Sequence[PublicKey]] | None = None,
) -> Book:
    """Return the dataset's ledger, empty when it has none. The kinds of TamperError."""
    trust = trust or Trust()
    folder = keyring.key_folder(Role.RIGHTS)
    if not store.numbers(chains.FOLDER) and not store.numbers(folder):
        for place in (folder, chains.FOLDER):
            trust.witness(store.root / place, ())
        return Book((), NOTHING)
    keys = keyring.load(store, Role.RIGHTS, dataset)
    notice = trust.accept(keys, trusted)
    entries = chains.read_ledger(store, keys)
    for place, chain in ((folder, keys.entries), (chains.FOLDER, entries)):
        if chain:  # keys without a ledger: whoever began it was cut off before its first entry
            store.settle(place)
        trust.witness(store.root / place, chain)
    return Book(entries, ledger.fold(map(deskwords.told, entries)), (notice,) if notice else ())


def append(
    store: Store, dataset: str, book: Book, bodies: Sequence[Body], at: dt.datetime, valid_for: dt.timedelta = VALID_FOR
) -> Book:
    """Sign entries onto the ledger, in order, and return it.

    ConflictError when somebody else was faster; CommitError while the key is being replaced.
    """
    # A key that is replaced between these two lines and the entry would sign what is no longer its own to sign.
    with store.hold():
        key = signing.own_key(Role.RIGHTS)
        keyring.publish(store, dataset, key, at)
        for body in bodies:
            parent = book.entries[-1] if book.entries else None
            entry = chains.append_entry(store, dataset, ledger.to_json(body), key, parent, at, at + valid_for)
            entries = (*book.entries, entry)
            book = Book(entries, ledger.fold(map(deskwords.told, entries)))
            Trust().witness(store.root / chains.FOLDER, entries)
    return book


def read_sheet(path: str | Path) -> tuple[str, bytes, tuple[RightsStatement, ...]]:
    """Return a sheet's name, bytes and statements. InputError for what cannot be read; nothing is half-imported."""
    place = Path(path)
    try:
        if place.stat().st_size > MOST_SHEET_BYTES:
            raise InputError(f"a rights sheet of more than {MOST_SHEET_BYTES} bytes", where=str(place))
        data = place.read_bytes()
    except OSError as error:
        raise InputError(f"the rights sheet cannot be read: {error.strerror}", where=str(place)) from error
    if place.suffix.lower() in (".yaml", ".yml"):
        return place.name, data, manifest.read(data, place.name)
    return place.name, data, register.read(data, place.name)


def proposed(book: Book, sheets: Sequence[str | Path]) -> list[tuple[Import, Changes]]:
    """Return what importing the sheets, one after the other, would add to the ledger; those that change nothing too."""
    out, state = list[tuple[Import, Changes]](), book.state
    for sheet in sheets:
        name, data, statements = read_sheet(sheet)
        changes = ledger.diff_import(state, statements, name)
        out.append((_import(name, data, changes), changes))
        state = with_entries(book, [body for body, _ in out])
    return out


@dataclass(frozen=True)
class Projected:
    """What a timeline brings to the cut that it describes. unknown: names of clips nobody found or has a record of."""

    body: Import
    changes: Changes
    unknown: tuple[str, ...]


def project(
    desk: Desk, timeline: str | Path, onto: str, rate: Fraction | None = None, begins: str | None = None
) -> Projected:
    """Return the ledger entry that carries the rights of a timeline's sources onto the cut, as ranges of time.

    onto: the cut's path in the archive. Sources are found by name among the dataset's assets, and never guessed.
    begins: the timecode of the cut's first frame, for an EDL or a cue sheet. Without it nobody can tell where in the
    cut a source stands, so that whatever restricts a source restricts all of the cut.
    InputError for a timeline that cannot be read; UsageError when the archive has no such cut.
    """
    place = Path(timeline)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise InputError(f"the timeline cannot be read: {error.strerror}", where=str(place)) from error
    info = desk.dataset.head.content.tables["assets"]
    assets = load_table(desk.store, "assets", info, desk.dataset.id, ["asset", "asset_path", "sha256"])
    shown, paths, digests = (assets.column(name).to_pylist() for name in ("asset", "asset_path", "sha256"))
    if onto not in shown:
        raise UsageError(f"the dataset has no asset {onto}", next_step="give the cut as `provenance admit --list` does")
    place_of = {name: at for at, name in enumerate(shown)}
    find, matcher = timelines.by_name(shown), Matcher(desk.book.state.statements)

    def lookup(clip: timelines.Clip) -> tuple[str, tuple[Bound[RightsStatement], ...]] | None:
        path = find(clip)
        if path is None or path == onto:
            return None
        at = place_of[path]
        return path, matcher.match(paths[at], digests[at])

    try:
        cut = timelines.read(data, place.name, rate)
        if begins is not None:
            cut = replace(cut, start=timecode.parse(begins, cut.rate).seconds)
        found = timelines.project(cut, Selector(path=_literal(onto)), lookup)
    except timecode.TimecodeError as error:
        raise UsageError(str(error), next_step="write --begins like 01:00:00:00") from None
    except codec.DecodeError as error:
        raise InputError(f"the timeline does not fit the cut: {error}", where=place.name) from None
    source = f"{place.name} on {onto}"
    changes = ledger.diff_import(desk.book.state, found.statements, source)
    body = _import(source, data, changes)
    return Projected(body, changes, tuple(dict.fromkeys(_name(clip) for clip in found.unknown)))


def _literal(path: str) -> str:
    """A path as a glob that names it alone."""
    return re.sub(r"([*?[])", r"[\1]", path)


def _name(clip: timelines.Clip) -> str:
    return clip.media[0] if clip.media else "a clip without a name"


@dataclass(frozen=True)
class Desk:
    """A dataset with its ledger, opened for the rights desk. moment: now, safe against a clock set back."""

    store: Store
    dataset: Opened
    book: Book
    moment: dt.datetime


def open_desk(dataset: str | Path) -> Desk:
    """Return a dataset and its ledger, verified. The kinds of TamperError; InputError when there is no dataset."""
    trust = Trust()
    opened = open_dataset(dataset, trust=trust)
    book = read_book(opened.store, opened.id, trust)
    heads = [book.entries[-1].created] if book.entries else []
    return Desk(opened.store, opened, book, trust.moment(*heads))


def with_entries(book: Book, bodies: Sequence[Body]) -> LedgerState:
    """Return what the ledger would amount to with these entries behind its head. Nothing is signed."""
    entries = [deskwords.told(entry) for entry in book.entries]
    moment = clock.stamp(book.state.recorded or dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    for body in bodies:
        number = len(entries) + 1
        entries.append(ledger.to_json(body) | {"number": number, "recorded": moment, "valid_until": moment})
    return ledger.fold(entries)


def lint(path: str | Path) -> tuple[list[dict[str, str | None]], int | None]:
    """Return what is wrong with a sheet, by place and column, and how many statements it has when nothing is."""
    try:
        _, _, statements = read_sheet(path)
    except InputError as error:
        told = getattr(error, "complaints", None)
        if told is None:
            return [{"where": error.where or str(path), "column": None, "what": error.what}], None
        return [{"where": each.where, "column": each.column, "what": each.what} for each in told], None
    return [], len(statements)


@dataclass(frozen=True)
class ForBuild:
    """What a build needs of the rights: the law, and a digest of the statements that its rows will cite."""

    law: Law
    evidence: str
    head: dict[str, Any] | None

    @property
    def statements(self) -> tuple[RightsStatement, ...]:
        return self.law.state.statements

    @property
    def matcher(self) -> Matcher[RightsStatement]:
        return self.law.statements


def for_build(
    store: Store, dataset: str, sheets: Sequence[str], at: dt.datetime, notices: list[str], renew: bool = True
) -> ForBuild:
    """Take the sheets into the ledger where they say something new, and return what the ledger then amounts to.

    Sheets that say nothing new renew the head once half of its time has gone: whoever builds with them says that they
    are current.
    """
    book = read_book(store, dataset)
    if sheets:
        key = signing.own_key(Role.RIGHTS)
        if key.made:
            notices.append(f"made a rights key, {key.public.fingerprint}, in {signing.home() / 'keys'}")
        bodies: list[Body] = []
        for body, changes in proposed(book, sheets):
            if not changes.empty:
                bodies.append(body)
                notices.append(f"rights: {deskwords.summary(body)}")
            elif renew and _aged(book, at) and not bodies:
                bodies.append(body)
                notices.append(f"rights: {body.source} is unchanged; the ledger's head is renewed")
            if changes.still_revoked:
                held = ", ".join(changes.still_revoked[:5])
                notices.append(f"rights: {body.source} calls {held} active, but the ledger knows them revoked")
        book = append(store, dataset, book, bodies, at)
    elif not book.entries:
        notices.append("rights: no register was given and the dataset has no ledger: no item has a rights record")
    evidence = sha256_hex(canonical_json([codec.encode(statement) for statement in book.state.statements]))
    return ForBuild(Law(book.state), evidence, book.head)


def _import(source: str, data: bytes, changes: Changes) -> Import:
    return Import(
        source=source,
        sha256=sha256_hex(data),
        by=_who(),
        added=changes.added,
        changed=changes.changed,
        moved=changes.moved,
        withdrawn=changes.withdrawn,
    )


def _aged(book: Book, at: dt.datetime) -> bool:
    until = book.state.valid_until
    return until is None or until - at < VALID_FOR / 2


def _who() -> str:
    """The account that imports; it stands in the signed ledger, which is not a public document."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
