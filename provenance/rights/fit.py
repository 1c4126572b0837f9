"""Whether one statement allows what a policy asks for on a day, and if not, why not."""

from __future__ import annotations

import datetime as dt

from provenance.rights.policy import Policy
from provenance.rights.reasons import Reason
from provenance.rights.statement import PERSONAL, Answer, Basis, Consent, Interest, RightsStatement, Status
from provenance.rights.territory import Geography


def objections(statement: RightsStatement, policy: Policy, on: dt.date) -> tuple[Reason, ...]:
    """Return all that stands in the way, the narrowest first; empty when the statement allows it.

    The order: what the record is, its state, its term, the use, then the limits, then the person, then the duties.
    `undecided` comes last, since it only asks for a look and must not hide a refusal.
    """
    personal = statement.interest in PERSONAL
    if statement.basis is Basis.REFERENCE_ONLY:
        return (Reason.REFERENCE_ONLY,)
    if statement.basis is Basis.NONE:
        return (nothing_known(statement.interest),)
    found = [*_state(statement, on, personal), *_term(statement, on, personal)]
    answer = statement.answer(policy.use)
    if answer is Answer.REFUSED:
        found.append(Reason.USE_REFUSED)
    elif answer is Answer.UNKNOWN and not statement.undecided:
        found.append(Reason.USE_NOT_GRANTED)
    elif answer is Answer.CONSTRAINED:
        found.append(Reason.CONSTRAINED)
    found += _limits(statement, policy)
    if statement.consent is not None:
        found += _consent(statement.consent, policy, on)
    elif personal:
        found.append(Reason.CONSENT_MISSING)
    if any(duty.before_use and not duty.done for duty in statement.duties):
        found.append(Reason.DUTY_UNDONE)
    if statement.undecided:
        found.append(Reason.UNDECIDED)
    return tuple(dict.fromkeys(found))


def nothing_known(interest: Interest) -> Reason:
    """Return the reason for an interest on which there is no statement of basis."""
    if interest is Interest.COPYRIGHT:
        return Reason.NO_RECORD
    return Reason.CONSENT_MISSING if interest in PERSONAL else Reason.INTEREST_NOT_CLEARED


def revoked(statement: RightsStatement, on: dt.date) -> bool:
    """Return whether the grant itself, or the person's consent in it, has been taken back by this day."""
    days = [statement.status_date if statement.status is Status.REVOKED else None]
    days.append(statement.consent.revoked if statement.consent is not None else None)
    return any(day is not None and on >= day for day in days)


def _state(statement: RightsStatement, on: dt.date, personal: bool) -> list[Reason]:
    if statement.status is Status.ACTIVE:
        return []
    if statement.status is Status.SUPERSEDED:
        return [Reason.SUPERSEDED]
    if statement.status_date is not None and on < statement.status_date:
        return []
    if statement.status is Status.ON_HOLD:
        return [Reason.ON_HOLD]
    return [Reason.CONSENT_REVOKED if personal else Reason.REVOKED]


def _term(statement: RightsStatement, on: dt.date, personal: bool) -> list[Reason]:
    found = []
    if statement.last_day is not None and on > statement.last_day:
        found.append(Reason.CONSENT_EXPIRED if personal else Reason.EXPIRED)
    if statement.first_day is not None and on < statement.first_day:
        found.append(Reason.NOT_YET_VALID)
    return found


def _limits(statement: RightsStatement, policy: Policy) -> list[Reason]:
    """A job that does not say who, where or with what does not fit a grant that limits it."""
    found = []
    if statement.purposes and policy.purpose not in statement.purposes:
        found.append(Reason.PURPOSE)
    if not _all_within(policy.territories, statement.territory):
        found.append(Reason.TERRITORY)
    if not _all_within(policy.processing, statement.processing_geography):
        found.append(Reason.PROCESSING_GEOGRAPHY)
    if not _all_within(policy.storage, statement.storage_geography):
        found.append(Reason.STORAGE_GEOGRAPHY)
    if statement.recipients and policy.recipient not in statement.recipients:
        found.append(Reason.RECIPIENT)
    if statement.models and policy.model not in statement.models:
        found.append(Reason.MODEL)
    if statement.media and not (policy.media and policy.media <= statement.media):
        found.append(Reason.MEDIA)
    return found


def _all_within(places: frozenset[str], allowed: Geography | None) -> bool:
    return allowed is None or (bool(places) and all(allowed.covers(place) for place in places))


def _consent(consent: Consent, policy: Policy, on: dt.date) -> list[Reason]:
    found = []
    if consent.revoked is not None and on >= consent.revoked:
        found.append(Reason.CONSENT_REVOKED)
    if consent.expiry is not None and on > consent.expiry:
        found.append(Reason.CONSENT_EXPIRED)
    unsigned = policy.separate_signature and not consent.separately_signed
    if unsigned or (consent.minor and consent.guardian is None):
        found.append(Reason.CONSENT_MISSING)
    return found
