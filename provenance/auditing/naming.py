"""How a report names things: in private as they are, in public by salted digests.

What comes from outside (titles, holders, people, paths, ids, remarks) has no other way into a report than through here.
In public nothing of it is shown; the same name gives the same digest in all reports of one desk, so that the desk can
answer a question about one, and nobody else can try out names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from provenance.dataset.disk import PosixDisk
from provenance.dataset.signing import home
from provenance.dataset.store import Store
from provenance.model.errors import ConflictError, UsageError
from provenance.model.names import display
from provenance.rights.licenses import KNOWN

_FILE = "public-salt"


@dataclass(frozen=True)
class Naming:
    """salt: None for a private report. A public one hides whatever is not of a closed list."""

    salt: bytes | None = None

    @property
    def public(self) -> bool:
        return self.salt is not None

    def name(self, what: str, value: str | None) -> str | None:
        """Return a name of some sort (`holder`, `work`, `person`): itself, or its sort and digest in public."""
        if value is None or value == "":
            return None
        if self.salt is None:
            return safe(value)
        digest = hmac.new(self.salt, f"{what}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{what} {digest.hexdigest()[:16]}"

    def asset(self, shown: str) -> str:
        """Return an asset by its display form, which needs no more escaping."""
        return shown if self.salt is None else self.name("asset", shown) or ""

    def license(self, value: str | None) -> str | None:
        """Return a licence: an SPDX id is public, a name of the desk's own is not."""
        if value is not None and self.public and value not in KNOWN:
            return self.name("licence", value)
        return safe(value) if value is not None else None

    def words(self, value: str | None) -> str | None:
        """Return a remark in free text; in public it is withheld."""
        if value is None or value == "":
            return None
        return "withheld" if self.public else safe(value)


def safe(text: str) -> str:
    """Return text on one line, without controls and without characters that turn the reading direction."""
    return display(text.encode("utf-8", "surrogatepass"))


def salt(place: Path | None = None) -> bytes:
    """Return this desk's salt of 32 bytes, making it at first use: a file of mode 0600 beside the keys. UsageError."""
    place = place or home()
    file = place / _FILE
    if not os.path.lexists(file):
        try:
            Store(place, PosixDisk(place, mode=0o600)).put_new(_FILE, secrets.token_bytes(32))
        except ConflictError:
            pass  # Another process made it in this moment: that one counts.
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            state = os.fstat(handle)
            data = opened.read(33)
    except OSError as error:
        raise UsageError("the salt of public names cannot be read", where=str(file)) from error
    if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o077 or len(data) != 32:
        raise UsageError(
            "the salt of public names must be a file of 32 bytes that nobody else can read",
            where=str(file),
            next_step=f"chmod 600 {file}, or restore it",
        )
    return data
