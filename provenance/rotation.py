"""rotation: a person's key of one role replaced by a new one, in every dataset that is named.

What a crash after each step leaves; the rerun of the same command goes on from there:

    1 the new key in keys/<role>.next.pem                  nothing has changed
    2 in each dataset an entry that old and new key sign   some datasets know the new key
    3 the old key in keys/<role>.<id>.old.pem too          all datasets know it
    4 the new key renamed to keys/<role>.pem               done

A retired key is kept, for a dataset that was not at hand: name it later, and it is moved to the key of today.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import rightsdesk
from provenance.dataset import keyring, ledger, signing, version
from provenance.dataset.disk import PosixDisk
from provenance.dataset.keyring import Keyring
from provenance.dataset.opening import open_dataset
from provenance.dataset.signing import PrivateKey, PublicKey, Role
from provenance.dataset.store import Store
from provenance.model import clock
from provenance.model.errors import BadSignatureError, UsageError

_CHAINS = {Role.BUILD: version.FOLDER, Role.RIGHTS: ledger.FOLDER}  # what a role signs, one entry after the other


@dataclass(frozen=True)
class Rotated:
    """old: the key that most datasets had until now. changed: the datasets that know the new key since now."""

    role: Role
    old: PublicKey
    new: PublicKey
    changed: tuple[str, ...]


def rotate(role: Role | str, datasets: Sequence[str | Path]) -> Rotated:
    """Replace this person's key of a role, signed by old and new in each dataset, and return what became of it.

    Nobody may be building or appending meanwhile. Every dataset is verified before the first is changed. UsageError for
    a role that signs no chain, or before there is a key; BadSignatureError for a dataset that is signed by another
    person; CommitError while one is in use; TamperError kinds.
    """
    role = Role(role)
    if role not in _CHAINS:
        raise UsageError(f"a {role.value} key signs no chain that could name its successor")
    current = signing.own_key(role)
    keys = signing.home() / "keys"
    retired = [signing.own_key(role, None, f".{name.split('.')[1]}.old") for name in _retired(keys, role)]
    mine = {key.public: key for key in (*retired, current)}
    rings = {str(place): _verified(place, role) for place in datasets}
    following = keys / f"{role.value}.next.pem"
    # Where only retired keys are to be replaced, the key of today is the new one.
    fresh = following.exists() or any(ring.current == current.public for ring in rings.values())
    new = signing.own_key(role, None, ".next") if fresh else current
    for place, ring in rings.items():
        if ring.current not in (*mine, new.public):
            raise BadSignatureError(
                f"is signed by key {ring.current.fingerprint}, which is not yours",
                where=place,
                next_step="leave it out",
            )
    changed = [place for place, ring in rings.items() if ring.current != new.public]
    for place in changed:
        _rotate(Store(place), role, mine[rings[place].current], new)
        _verified(place, role)
    if fresh:
        _retire(keys, current, following)
    return Rotated(role, current.public, new.public, tuple(changed))


def _retired(keys: Path, role: Role) -> list[str]:
    return sorted(file.name for file in keys.glob(f"{role.value}.*.old.pem"))


def _verified(place: str | Path, role: Role) -> Keyring:
    opened = open_dataset(place)
    if role is Role.BUILD:
        return opened.keys
    rightsdesk.read_book(opened.store, opened.id)
    return keyring.load(opened.store, role, opened.id)


def _rotate(store: Store, role: Role, old: PrivateKey, new: PrivateKey) -> None:
    with store.alone():
        first = (store.numbers(_CHAINS[role]) or [0])[-1] + 1
        keyring.rotate(store, old, new, first, clock.now())


def _retire(keys: Path, old: PrivateKey, following: Path) -> None:
    disk, current = PosixDisk(keys, mode=0o600), f"{old.role.value}.pem"
    with contextlib.suppress(FileExistsError):
        disk.link(current, f"{old.role.value}.{old.public.id[:16]}.old.pem")
    # The old key must be safe under its new name before its own is taken.
    disk.fsync_folder("")
    disk.rename(following.name, current)
    disk.fsync_folder("")
