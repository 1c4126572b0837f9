"""What one copy of a picture or text says to its copies: opt-outs, revocations, missing consents, and rival claims.

A record that grants nothing and claims nothing (reference-only, none) says nothing. A term or a territory stays with
its own record.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.rights.closest import deciding, interests_unanswered
from provenance.rights.matcher import Bound
from provenance.rights.reasons import REVIEW_REASONS, Reason
from provenance.rights.restriction import Restriction
from provenance.rights.statement import CLAIMS_NOTHING, PERSONAL, Basis, RightsStatement, Status

_CONSENT = frozenset({Reason.CONSENT_MISSING, Reason.CONSENT_REVOKED, Reason.CONSENT_EXPIRED, Reason.TWIN_CONSENT})
_REVOKED = frozenset({Reason.REVOKED, Reason.ON_HOLD, Reason.TWIN_REVOKED})

NEAR = {
    Reason.TWIN_OPT_OUT: Reason.NEAR_TWIN_OPT_OUT,
    Reason.TWIN_REVOKED: Reason.NEAR_TWIN_REVOKED,
    Reason.TWIN_CONSENT: Reason.NEAR_TWIN_CONSENT,
    Reason.TWIN_CONFLICT: Reason.NEAR_TWIN_CONFLICT,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Who says that the material is whose, and on what ground. Names are compared without case and stray spaces."""

    holder: str
    basis: Basis

    def __str__(self) -> str:
        return f"{self.holder or 'nobody'} ({self.basis})"

    def rivals(self, other: Claim) -> bool:
        """Return whether both cannot be the whole truth. Public domain has no holder to differ about."""
        if self.basis is not other.basis:
            return True
        unnamed = self.basis is Basis.PUBLIC_DOMAIN and not (self.holder and other.holder)
        return self.holder.casefold() != other.holder.casefold() and not unnamed


@dataclass(frozen=True, slots=True)
class Taint:
    """A revocation or a want of consent in a twin's records, from a day on (None: always)."""

    reason: Reason
    source: str
    since: dt.date | None = None


@dataclass(frozen=True, slots=True)
class TwinView:
    """All that an item's copies need to know of it. The same for every day and every policy."""

    restrictions: frozenset[Restriction] = frozenset()
    taints: frozenset[Taint] = frozenset()
    claims: frozenset[Claim] = frozenset()


@dataclass(frozen=True, slots=True)
class Twin:
    """A copy. exact: same bytes, same decoded pixels or same normalised text; otherwise a near-duplicate."""

    exact: bool
    view: TwinView


def view(bound: Sequence[Bound[RightsStatement]], restrictions: Sequence[Restriction]) -> TwinView:
    """Return what an item with these records and restrictions says to its copies."""
    groups, partial = deciding(bound)
    decisive = [each.statement for group in groups.values() for each in group] + [each.statement for each in partial]
    taints = {taint for statement in decisive for taint in (*_revocations(statement), *_missing(statement))}
    # A person's no counts on copies too, whatever closer record overrides it.
    persons = [each.statement for each in bound if each.statement.interest in PERSONAL]
    taints |= {each for one in persons if one.status is not Status.SUPERSEDED for each in _revocations(one)}
    taints |= {
        Taint(Reason.TWIN_CONSENT, f"no consent for {interest}")
        for interest in interests_unanswered(bound)
        if interest in PERSONAL
    }
    records = [each.statement for group in groups.values() for each in group]
    claims = {
        Claim(_name(statement.holder), statement.basis)
        for statement in records
        if statement.is_record and statement.basis not in CLAIMS_NOTHING
    }
    return TwinView(frozenset(each for each in restrictions if each.spreads), frozenset(taints), frozenset(claims))


def spread_reason(restriction: Restriction) -> Reason:
    """Return what a twin's restriction is called on an exact copy."""
    if restriction.reason in _CONSENT:
        return Reason.TWIN_CONSENT
    if restriction.reason in _REVOKED:
        return Reason.TWIN_REVOKED
    return Reason.TWIN_CONFLICT if restriction.reason in REVIEW_REASONS else Reason.TWIN_OPT_OUT


def _revocations(statement: RightsStatement) -> list[Taint]:
    if statement.basis in CLAIMS_NOTHING:
        return []
    found = []
    if statement.status is Status.REVOKED:
        reason = Reason.TWIN_CONSENT if statement.interest in PERSONAL else Reason.TWIN_REVOKED
        found.append(Taint(reason, statement.id, statement.status_date))
    if statement.consent is not None and statement.consent.revoked is not None:
        found.append(Taint(Reason.TWIN_CONSENT, statement.id, statement.consent.revoked))
    return found


def _missing(statement: RightsStatement) -> list[Taint]:
    """A statement on a person's interest with no consent behind it. Reference-only claims nothing."""
    if statement.interest in PERSONAL and statement.consent is None and statement.basis is not Basis.REFERENCE_ONLY:
        return [Taint(Reason.TWIN_CONSENT, statement.id)]
    return []


def _name(holder: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", holder or "").split())
