"""The rights statement: one claim, by somebody, about some material. RIGHTS.md section 1, field by field.

A statement is evidence and stays as it was read; `source` says where. What it amounts to for a job, the gate says.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from provenance.model.words import Use
from provenance.rights import codec
from provenance.rights.codec import DecodeError
from provenance.rights.selector import Selector
from provenance.rights.territory import NOWHERE, Geography
from provenance.rights.vocabulary import (
    CLAIMS_NOTHING,
    PERSONAL,
    PURPOSES,
    Alteration,
    Answer,
    Basis,
    ConsentKind,
    DutyKind,
    EvidenceLevel,
    Interest,
    Status,
    Survival,
)

__all__ = [
    "CLAIMS_NOTHING",
    "PERSONAL",
    "PURPOSES",
    "Alteration",
    "Answer",
    "Basis",
    "Consent",
    "ConsentKind",
    "Duty",
    "DutyKind",
    "Event",
    "EvidenceLevel",
    "Identifier",
    "Interest",
    "RightsStatement",
    "Share",
    "Status",
    "Survival",
    "Work",
    "from_json",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Identifier:
    """An id in a scheme: EIDR, ISAN, ISRC or the studio's own (OMC identifierScope, identifierValue)."""

    scope: str
    value: str


@dataclass(frozen=True, slots=True)
class Work:
    """A title or production, maybe one edit and one manifestation of it."""

    title: str
    edit: str | None = None
    manifestation: str | None = None
    identifiers: tuple[Identifier, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a selector may call it."""
        return (self.title, *(f"{known.scope}:{known.value}" for known in self.identifiers))


@dataclass(frozen=True, slots=True)
class Share:
    """One holder's part of the right, above nothing and at most the whole."""

    holder: str
    share: Fraction

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise DecodeError("not between 0 and 1", ("share",))


@dataclass(frozen=True, slots=True)
class Event:
    """A day that an event sets: so many days after it happened. While it has not happened, there is no such day."""

    name: str
    lag_days: int = 0
    happened: dt.date | None = None

    @property
    def day(self) -> dt.date | None:
        return None if self.happened is None else self.happened + dt.timedelta(days=self.lag_days)


@dataclass(frozen=True, slots=True)
class Duty:
    """What the grant asks in return. One that is due before use and not done stands in the way."""

    kind: DutyKind
    text: str
    before_use: bool = False
    done: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's agreement. `person` is a key of the rights desk; public documents show only its salted digest.

    guardian: who signed for a minor. estate: who signs for a person no longer alive. expiry: last valid day.
    revoked: first day without consent.
    """

    person: str
    kind: ConsentKind
    scope: str
    separately_signed: bool = False
    minor: bool = False
    guardian: str | None = None
    estate: str | None = None
    expiry: dt.date | None = None
    revoked: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RightsStatement:
    """One claim about some material. DecodeError when its fields contradict each other.

    territory: where the grant holds; empty grants nowhere. processing_geography, storage_geography: None is no limit.
    purposes, recipients, models, media: empty is any. start, end: first and last valid day, UTC. declares: interests
    that the material touches, each of which needs a clear statement of its own. subject: which person, song or font
    an interest is about, when there are several; on copyright, a source that the material shows. in_file: the standard
    by which the file itself grants this, for a permission that no register holds; signer: who signed it. notes: never
    a rule.
    """

    id: str
    source: str
    applies_to: Selector
    basis: Basis
    interest: Interest = Interest.COPYRIGHT
    subject: str | None = None
    declares: frozenset[Interest] = frozenset()
    work: Work | None = None
    holder: str | None = None
    licensor: str | None = None
    licensee: str | None = None
    shares: tuple[Share, ...] = ()
    license: str | None = None
    rights_uri: str | None = None
    agreement: str | None = None
    clause: str | None = None
    document_sha256: str | None = None
    evidence: str | None = None
    evidence_level: EvidenceLevel | None = None
    verified_by: str | None = None
    allowed: frozenset[Use] = frozenset()
    refused: frozenset[Use] = frozenset()
    constrained: frozenset[Use] = frozenset()
    purposes: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    territory: Geography = NOWHERE
    processing_geography: Geography | None = None
    storage_geography: Geography | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    start_event: Event | None = None
    end_event: Event | None = None
    survival: Survival | None = None
    alteration: frozenset[Alteration] = frozenset()
    duties: tuple[Duty, ...] = ()
    consent: Consent | None = None
    separated_rights_reserved: bool | None = None
    generative_ai_material: bool | None = None
    status: Status = Status.ACTIVE
    status_date: dt.date | None = None
    superseded_by: str | None = None
    credit: str | None = None
    notes: str | None = None
    in_file: str | None = None
    signer: str | None = None

    def __post_init__(self) -> None:
        for name in ("id", "source"):
            if not getattr(self, name).strip():
                raise DecodeError("empty", (name,))
        _disjoint(self)
        if self.basis in CLAIMS_NOTHING and (self.allowed or self.constrained):
            use = sorted(self.allowed | self.constrained)[0]
            raise DecodeError(f"basis is {self.basis}, but {use} is allowed", ("allowed",))
        for purpose in sorted(self.purposes - PURPOSES):
            raise DecodeError(f'unknown value "{purpose}" (one of: {", ".join(sorted(PURPOSES))})', ("purposes",))
        if self.start is not None and self.end is not None and self.end < self.start:
            raise DecodeError("end is before start", ("end",))
        if self.status is Status.REVOKED and self.status_date is None:
            raise DecodeError("revoked, but the day is missing", ("status_date",))
        if self.interest in self.declares or Interest.COPYRIGHT in self.declares:
            raise DecodeError("declares an interest that is its own, or copyright", ("declares",))
        if self.document_sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", self.document_sha256):
            raise DecodeError("not a SHA-256 in 64 lower-case hex digits", ("document_sha256",))
        if sum((part.share for part in self.shares), Fraction(0)) > 1:
            raise DecodeError("shares add up to more than the whole", ("shares",))

    def answer(self, use: Use) -> Answer:
        """Return what it says of a use; one in no list is unknown, and unknown is not granted."""
        for answer, uses in (
            (Answer.REFUSED, self.refused),
            (Answer.CONSTRAINED, self.constrained),
            (Answer.ALLOWED, self.allowed),
        ):
            if use in uses:
                return answer
        return Answer.UNKNOWN

    @property
    def undecided(self) -> bool:
        """Whether nobody has said yet what it allows: every list of uses is empty."""
        return not (self.allowed or self.refused or self.constrained)

    @property
    def concern(self) -> tuple[Interest, str | None]:
        """What it speaks about. Statements of one concern compete; different concerns must all be clear."""
        if self.subject is None and self.consent is not None and self.interest in PERSONAL:
            return self.interest, self.consent.person
        return self.interest, self.subject

    @property
    def is_record(self) -> bool:
        """Whether it is a record of the material itself, and not of some right or source within it."""
        return self.interest is Interest.COPYRIGHT and self.subject is None

    @property
    def first_day(self) -> dt.date | None:
        """The first valid day, None for open; `date.max` while the event that starts it has not happened."""
        if self.start_event is None:
            return self.start
        day = self.start_event.day or dt.date.max
        return day if self.start is None else max(day, self.start)

    @property
    def last_day(self) -> dt.date | None:
        """The last valid day, None for open."""
        days = [day for day in (self.end, self.end_event.day if self.end_event else None) if day is not None]
        return min(days, default=None)


def _disjoint(statement: RightsStatement) -> None:
    names = ("allowed", "refused", "constrained")
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            both = getattr(statement, first) & getattr(statement, second)
            if both:
                raise DecodeError(f"{min(both)} is both {first} and {second}", (second,))


def to_json(statement: RightsStatement) -> dict[str, Any]:
    """Return the JSON object that the ledger stores; `from_json` undoes it exactly."""
    out: dict[str, Any] = codec.encode(statement)
    return out


def from_json(value: Any) -> RightsStatement:
    """Return the statement that a JSON object spells. DecodeError (a ValueError) names the field that is wrong."""
    return codec.decode(RightsStatement, value)
