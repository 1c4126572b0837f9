"""What this machine has seen, kept outside every dataset: `PROVENANCE_HOME/trust.json`.

A dataset at rest can be put back, swapped or frozen by whoever may write to it; its signatures stay right. So the
reader remembers: the highest number and digest seen of each chain (T08), which chain a folder held (T10), which first
keys were accepted (T12), and the latest moment seen (T14). A chain is known by the digest of its first entry, so a
mirror of a dataset is the same chain, and a dataset built anew is another.

First use is trusted and said aloud: name the keys to decide it yourself.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from provenance.dataset import signing
from provenance.dataset.chain import Entry
from provenance.dataset.disk import PosixDisk
from provenance.dataset.keyring import Keyring
from provenance.dataset.signing import PublicKey, Role
from provenance.dataset.store import Store
from provenance.model import clock
from provenance.model.errors import (
    BadSignatureError,
    ForeignError,
    MissingError,
    RollbackError,
    UsageError,
)
from provenance.model.words import canonical_json

FILE = "trust.json"
_FORMAT = 1


@dataclass(slots=True)
class _Seen:
    """What trust.json holds. chains: first digest -> highest seen. places: folder -> first digest. keys: by id."""

    format: int = _FORMAT
    latest: str | None = None
    chains: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)


class Trust:
    """This person's trust file. Each call reads it, decides, and replaces it at one stroke, one process at a time."""

    def __init__(self, place: Path | None = None) -> None:
        self.place = place or signing.home()
        self._store = Store(self.place, PosixDisk(self.place, mode=0o600))

    def accept(self, keyring: Keyring, trusted: Mapping[Role, Sequence[PublicKey]] | None = None) -> str | None:
        """Accept the first key of a keyring, and return a notice to show when it is trusted at first use.

        trusted: keys by role that a person has named; a role that is named accepts no other key. Named keys are
        remembered; our own need no notice. BadSignatureError.
        """
        key, role, where = keyring.first, keyring.role, keyring.entries[0].path
        named = (trusted or {}).get(role, ())
        if named and key not in named:
            raise BadSignatureError(
                f"its {role.value} key {key.fingerprint} is not among the trusted keys",
                where=where,
                next_step="ask the dataset's owner for the fingerprint over another channel",
            )
        with self._turn() as seen:
            known = seen.keys.get(key.id, {"role": role.value, "how": "first use"})
            if known["role"] != role.value:
                raise BadSignatureError(
                    f"its {role.value} key {key.fingerprint} is known as a {known['role']} key, and a key has one role",
                    where=where,
                    next_step="ask the dataset's owner",
                )
            silent = bool(named) or known["how"] == "named" or keyring.entries[0].digest in seen.chains
            seen.keys[key.id] = {"role": role.value, "how": "named" if named else known["how"]}
        if silent or key == self._own(keyring):
            return None
        return (
            f"first use of {role.value} key {key.fingerprint}: compare it with its owner's, "
            f"or name the right one with --trusted-key {role.value}:{key.text}"
        )

    def witness(self, place: Path | str, entries: Sequence[Entry]) -> None:
        """Check a verified chain against what was seen before, and remember its head.

        place: the folder that holds it, such as DATASET/versions. entries: the whole chain; or, from who has just
        committed them, those after a chain that was witnessed. RollbackError for a chain shorter than seen, or with
        another entry at a number that was seen. ForeignError when the folder held another chain. MissingError when it
        held one and holds none.
        """
        spot = os.path.realpath(place)
        with self._turn() as seen:
            before = seen.places.get(spot)
            if not entries:
                if before is not None:
                    raise MissingError("held a signed chain and is empty now", where=spot, next_step="restore it")
                return
            first, head = entries[0].digest, entries[-1]
            if entries[0].number != 1:
                if before is None:
                    raise ValueError("the end of a chain can be witnessed only after its beginning")
                first = before
            if before not in (None, first):
                raise ForeignError(
                    "holds another chain than when it was last opened",
                    where=spot,
                    next_step=f"restore it; if you replaced it yourself, take its line out of {self.place / FILE}",
                )
            highest = seen.chains.get(first, {"number": 0, "digest": None})
            if entries[0].number != 1 and head.number < highest["number"]:
                return  # Somebody has committed, and witnessed, after us.
            if entries[0].number <= highest["number"]:
                _compare(spot, entries, highest["number"], highest["digest"])
            seen.chains[first] = {"chain": head.chain, "number": head.number, "digest": head.digest}
            seen.places[spot] = first
            seen.latest = _latest(seen.latest, head.created)

    def moment(self, *heads: dt.datetime) -> dt.datetime:
        """Return what time it is, safe against a clock set back: the latest of the clock, all seen, and `heads`."""
        with self._turn() as seen:
            seen.latest = _latest(seen.latest, clock.now(), *heads)
            return clock.parse(seen.latest)

    def forget(self, *places: Path | str) -> None:
        """Forget which chains these folders held: their owner begins anew there. Highest numbers stay remembered."""
        with self._turn() as seen:
            for place in places:
                seen.places.pop(os.path.realpath(place), None)

    def _own(self, keyring: Keyring) -> PublicKey | None:
        if not (self.place / "keys" / f"{keyring.role.value}.pem").exists():
            return None
        return signing.own_key(keyring.role, self.place).public

    @contextlib.contextmanager
    def _turn(self) -> Iterator[_Seen]:
        """Give the file's content, alone, and write it back when the block ends well and changed it."""
        with self._store.alone(wait=True):
            seen = self._read()
            before = canonical_json(asdict(seen))
            yield seen
            after = canonical_json(asdict(seen))
            if after != before:
                self._store.replace(FILE, after + b"\n")

    def _read(self) -> _Seen:
        try:
            told = json.loads(self._store.read(FILE))
            seen = _Seen(**told)
            if seen.format != _FORMAT:
                raise ValueError(f"format {seen.format}")
            return seen
        except MissingError:
            return _Seen()
        except (ValueError, TypeError) as error:
            # Starting afresh would forget what was seen: that is for a person to decide.
            raise UsageError(
                "the trust file cannot be read", where=str(self.place / FILE), next_step="restore it from a backup"
            ) from error


def _compare(spot: str, entries: Sequence[Entry], number: int, digest: str) -> None:
    if entries[-1].number < number:
        raise RollbackError(
            f"ends at {entries[-1].number}, and {number} was seen before",
            where=spot,
            next_step="restore the newer entries from a mirror",
        )
    found = entries[number - entries[0].number]
    if found.digest != digest:
        raise RollbackError(
            f"has another entry {number} than the one seen before",
            where=found.path,
            next_step="ask the dataset's owner: two histories are signed with one key",
        )


def _latest(known: str | None, *moments: dt.datetime) -> str:
    return max(filter(None, [known, *map(clock.stamp, moments)]))
