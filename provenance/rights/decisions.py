"""What people decide, as signed ledger entries: waivers, rulings, holds: on what, by whom, why, how long."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from provenance.rights.codec import DecodeError
from provenance.rights.reasons import REVIEW_REASONS, Reason
from provenance.rights.restriction import Restriction
from provenance.rights.selector import Selector

# What a waiver may lift: restrictions from outside the deciding record, and consents. Never the want of a record.
WAIVABLE = frozenset(
    {
        Reason.OPT_OUT_IN_FILE,
        Reason.OPT_OUT_IN_SIDECAR,
        Reason.EXPIRED_IN_FILE,
        Reason.NOT_YET_VALID_IN_FILE,
        Reason.PURPOSE_IN_FILE,
        Reason.ON_HOLD,
        Reason.DUTY_UNDONE,
        Reason.CONSENT_MISSING,
        Reason.CONSENT_REVOKED,
        Reason.CONSENT_EXPIRED,
        Reason.TWIN_OPT_OUT,
        Reason.TWIN_REVOKED,
        Reason.TWIN_CONSENT,
    }
)


def _in_force(start: dt.date | None, until: dt.date | None, on: dt.date) -> bool:
    return (start is None or on >= start) and (until is None or on <= until)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Lifts restrictions of the named reasons, for what it applies to, until its last day. It never expires silently.

    about: only restrictions read from these sources (`panel.png#xmp`) or statements; empty for any.
    """

    id: str
    applies_to: Selector
    reasons: frozenset[Reason]
    by: str
    why: str
    until: dt.date
    start: dt.date | None = None
    about: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.reasons:
            raise DecodeError("names no reason to lift", ("reasons",))
        for reason in sorted(self.reasons - WAIVABLE):
            raise DecodeError(f"{reason} cannot be waived: it takes a record, or a ruling", ("reasons",))
        if not self.by.strip() or not self.why.strip():
            raise DecodeError("a waiver names who and why", ("by" if not self.by.strip() else "why",))
        if self.start is not None and self.until < self.start:
            raise DecodeError("until is before start", ("until",))

    def in_force(self, on: dt.date) -> bool:
        return _in_force(self.start, self.until, on)


class Outcome(StrEnum):
    CLEAR = "clear"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's decision on what the gate left to review. `clear` settles the named reasons; `refuse` refuses.

    about: only what these statements, sources or rival claims raised; a twin that turns up later with other evidence
    is not settled. statement: of records that conflict, the one that rules.
    """

    id: str
    applies_to: Selector
    settles: frozenset[Reason]
    outcome: Outcome
    by: str
    why: str
    start: dt.date | None = None
    until: dt.date | None = None
    about: frozenset[str] = frozenset()
    statement: str | None = None

    def __post_init__(self) -> None:
        for reason in sorted(self.settles - REVIEW_REASONS):
            raise DecodeError(f"{reason} is a refusal: it takes a record, or a waiver", ("settles",))
        if not self.settles and self.outcome is Outcome.CLEAR:
            raise DecodeError("settles nothing", ("settles",))
        if not self.by.strip() or not self.why.strip():
            raise DecodeError("a ruling names who and why", ("by" if not self.by.strip() else "why",))

    def in_force(self, on: dt.date) -> bool:
        return _in_force(self.start, self.until, on)


@dataclass(frozen=True, slots=True)
class Hold:
    """Stops all use of something while a question is open: a dispute, a claim, an inquiry."""

    id: str
    applies_to: Selector
    by: str
    why: str
    start: dt.date | None = None
    until: dt.date | None = None

    def restriction(self) -> Restriction:
        return Restriction(Reason.ON_HOLD, f"ledger#{self.id}", effective=self.start, lapses=self.until)
