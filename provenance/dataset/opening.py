"""The one door by which a dataset is opened: keys, chain and history are judged before anything else is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.dataset import keyring as keys
from provenance.dataset import version as versions
from provenance.dataset.chain import Entry
from provenance.dataset.keyring import Keyring, key_folder
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import Store
from provenance.dataset.trust import Trust
from provenance.dataset.version import Version
from provenance.model.errors import InputError, MissingError, UsageError

FILES = "release"  # where a release that is no dataset keeps its signed list


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset whose chain is verified. entries: its versions, bare but for the head's. notices: to show a person."""

    store: Store
    keys: Keyring
    entries: tuple[Entry, ...]
    head: Version
    notices: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.keys.chain

    def version(self, number: int) -> Version:
        """Return the version of a number. MissingError."""
        if not 1 <= number <= len(self.entries):
            raise MissingError(f"has no version {number}; its newest is {self.head.number}", where=self.store.at(""))
        return self.head if number == self.head.number else versions.load_version(self.store, self.entries[number - 1])


def open_dataset(
    place: Path | str,
    *,
    trust: Trust | None = None,
    trusted: Mapping[Role, Sequence[PublicKey]] | None = None,
) -> Opened:
    """Return a dataset at its newest version, everything about it verified but the bytes of its objects.

    1 its build keys follow from one that is trusted   2 every version is signed, numbered and linked, of one dataset
    3 neither is older or other than this machine has seen   4 the newest says what a version says
    The kinds of TamperError; InputError when the folder holds no dataset at all.
    """
    trust = trust or Trust()
    store = Store(place)
    if not store.names(versions.FOLDER) and not store.names("keys"):
        trust.witness(store.root / versions.FOLDER, ())
        raise InputError(
            "is no dataset: it has no versions",
            where=str(place),
            next_step="provenance build ARCHIVE --out " + str(place),
        )
    keyring = keys.load(store, Role.BUILD)  # 1
    notice = trust.accept(keyring, trusted)
    entries = versions.read_versions(store, keyring)  # 2
    # Before it is remembered as seen it has to be durable, or a power cut would look like a rollback.
    for folder, chain in ((key_folder(Role.BUILD), keyring.entries), (versions.FOLDER, entries)):  # 3
        store.settle(folder)
        trust.witness(store.root / folder, chain)
    if not entries and store.names(FILES):
        raise UsageError(
            "is a release in files, not in Parquet: it has no index to be asked about",
            where=str(place),
            next_step="ask the dataset that it was taken from; provenance verify checks its files",
        )
    if not entries:
        raise MissingError("has keys but no version", where=str(place), next_step="run the build again")
    return Opened(store, keyring, entries, versions.parse(entries[-1]), (notice,) if notice else ())  # 4
