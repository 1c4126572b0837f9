"""The closed list of reasons for which the gate refuses an item or asks a person to review it."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """What the gate says of an item; the strictest of several counts."""

    CLEARED = "cleared"
    REVIEW = "review"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why. Each has a paragraph in `explanations` and stands in manifests/REASONS.md."""

    # The record itself: refused.
    NO_RECORD = "no-record"
    REFERENCE_ONLY = "reference-only"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    ON_HOLD = "on-hold"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    USE_NOT_GRANTED = "use-not-granted"
    USE_REFUSED = "use-refused"
    PURPOSE = "purpose"
    TERRITORY = "territory"
    PROCESSING_GEOGRAPHY = "processing-geography"
    STORAGE_GEOGRAPHY = "storage-geography"
    RECIPIENT = "recipient"
    MODEL = "model"
    MEDIA = "media"
    CONSTRAINED = "constrained"
    DUTY_UNDONE = "duty-undone"
    INTEREST_NOT_CLEARED = "interest-not-cleared"
    CONSENT_MISSING = "consent-missing"
    CONSENT_REVOKED = "consent-revoked"
    CONSENT_EXPIRED = "consent-expired"
    # What the file or its sidecar says: refused.
    OPT_OUT_IN_FILE = "opt-out-in-file"
    OPT_OUT_IN_SIDECAR = "opt-out-in-sidecar"
    EXPIRED_IN_FILE = "expired-in-file"
    NOT_YET_VALID_IN_FILE = "not-yet-valid-in-file"
    PURPOSE_IN_FILE = "purpose-in-file"
    # What holds of an exact twin: refused.
    TWIN_OPT_OUT = "twin-opt-out"
    TWIN_REVOKED = "twin-revoked"
    TWIN_CONSENT = "twin-consent"
    # A parent of a derived item is not clear: refused.
    PARENT_NOT_CLEARED = "parent-not-cleared"
    # A person looked, and said no: refused.
    DECIDED_AGAINST = "decided-against"
    # A person decides: review.
    UNDECIDED = "undecided"
    CONFLICT = "conflict"
    CONFLICT_IN_FILE = "conflict-in-file"
    CONSTRAINED_IN_FILE = "constrained-in-file"
    BROKEN_CREDENTIAL = "broken-credential"
    REMOTE_CREDENTIAL = "remote-credential"
    TWIN_CONFLICT = "twin-conflict"
    NEAR_TWIN_OPT_OUT = "near-twin-opt-out"
    NEAR_TWIN_REVOKED = "near-twin-revoked"
    NEAR_TWIN_CONSENT = "near-twin-consent"
    NEAR_TWIN_CONFLICT = "near-twin-conflict"
    NEAR_BLANK = "near-blank"


REVIEW_REASONS = frozenset(
    {
        Reason.UNDECIDED,
        Reason.CONFLICT,
        Reason.CONFLICT_IN_FILE,
        Reason.CONSTRAINED_IN_FILE,
        Reason.BROKEN_CREDENTIAL,
        Reason.REMOTE_CREDENTIAL,
        Reason.TWIN_CONFLICT,
        Reason.NEAR_TWIN_OPT_OUT,
        Reason.NEAR_TWIN_REVOKED,
        Reason.NEAR_TWIN_CONSENT,
        Reason.NEAR_TWIN_CONFLICT,
        Reason.NEAR_BLANK,
    }
)


def decision(reasons: frozenset[Reason] | tuple[Reason, ...]) -> Decision:
    """Return what a set of reasons amounts to: none clears, any refusal refuses, only reviews mean review."""
    if not reasons:
        return Decision.CLEARED
    return Decision.REVIEW if all(reason in REVIEW_REASONS for reason in reasons) else Decision.REFUSED
