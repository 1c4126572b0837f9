"""What a job asks for: a use, for a purpose, in places, on a day, by a model. A file in TOML, and its digest.

A policy that leaves out what it is for, or contradicts itself, is refused with the file, the line and the key.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provenance.model.errors import InputError
from provenance.model.words import Use, canonical_json, sha256_hex
from provenance.rights import codec
from provenance.rights.codec import DecodeError
from provenance.rights.statement import PURPOSES
from provenance.rights.territory import WORLDWIDE, Geography, is_place


class PolicyError(InputError):
    """A policy that cannot be followed, with the file and line where it says so."""


class Duplicates(StrEnum):
    """How many of the items that are alike a job takes."""

    KEEP = "keep"
    EXACT = "exact"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a job asks the gate. DecodeError when it contradicts itself.

    territories: every one must be granted. on: the day that counts, None for the day of the decision. processing,
    storage: where it happens; unstated, any limit refuses. media: where the result appears. trusted_signers and
    in_file_permissions: whose signature, or which standard, makes a permission inside a file count where no register
    speaks. separate_signature: a person's consent must have been signed apart from other papers.
    """

    name: str
    use: Use
    purpose: str
    territories: frozenset[str]
    about: str | None = None
    on: dt.date | None = None
    recipient: str | None = None
    model: str | None = None
    media: frozenset[str] = frozenset()
    processing: frozenset[str] = frozenset()
    storage: frozenset[str] = frozenset()
    duplicates: Duplicates = Duplicates.NEAR
    trusted_signers: frozenset[str] = frozenset()
    in_file_permissions: frozenset[str] = frozenset()
    separate_signature: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise DecodeError("empty", ("name",))
        if self.purpose not in PURPOSES:
            choices = ", ".join(sorted(PURPOSES))
            raise DecodeError(f'unknown value "{self.purpose}" (one of: {choices})', ("purpose",))
        if not self.territories:
            raise DecodeError(f'empty: name countries, or "{WORLDWIDE}"', ("territories",))
        try:
            Geography(self.territories)
        except DecodeError as error:
            raise DecodeError(error.what, ("territories",)) from None
        for name in ("processing", "storage"):
            for code in sorted(getattr(self, name)):
                if not is_place(code):
                    raise DecodeError(f'"{code}" is not an ISO 3166-1 alpha-2 code', (name,))
        if self.use is Use.LICENSE_OUT_TRAINING and self.recipient is None:
            raise DecodeError("missing: material that is licensed out goes to somebody", ("recipient",))
        if self.use is Use.LICENSE_OUT_TRAINING and self.purpose == "non-commercial":
            raise DecodeError("licensing out is a trade, and the policy says non-commercial", ("purpose",))

    def moment(self, today: dt.date) -> dt.date:
        """Return the day that counts for a decision taken today."""
        return self.on or today

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = codec.encode(self)
        # Spelt out: what is left out means today's default, and a receipt outlives that.
        return out | {"duplicates": codec.encode(self.duplicates)}

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON; layout and comments of the file do not count."""
        return sha256_hex(canonical_json(self.to_json()))


def from_json(value: Any) -> Policy:
    """Return the policy that a JSON object spells. DecodeError (a ValueError) names the key that is wrong."""
    return codec.decode(Policy, value)


def loads(text: str, name: str) -> Policy:
    """Return the policy in a TOML file. PolicyError says file, line and key; `name` is the file's."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        where = f"{name}:{found[1]}" if found else name
        what = re.sub(r" \(at .*\)", "", str(error))
        raise PolicyError(f"not TOML: {what}", where=where, next_step="correct that line") from None
    if not table:
        raise PolicyError("an empty policy allows nothing", where=name, next_step="set name, use, purpose, territories")
    try:
        return from_json({key: _plain(value) for key, value in table.items()})
    except DecodeError as error:
        key = str(error.path[0]) if error.path else None
        what = f"{key}: {error.what}" if key else error.what
        raise PolicyError(what, where=_where(text, name, key), next_step="see manifests/policies") from None


def _plain(value: Any) -> Any:
    """A TOML day as the text that JSON would hold; anything else as it is."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _where(text: str, name: str, key: str | None) -> str:
    if key is not None:
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]|\s*\[+\s*{re.escape(key)}\b", line):
                return f"{name}:{number}"
    return name
