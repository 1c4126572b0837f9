"""The closed lists of the law: bases, interests, states, answers, duties, limits."""

from __future__ import annotations

from enum import StrEnum

PURPOSES = frozenset({"commercial", "non-commercial", "research"})


class Basis(StrEnum):
    """On what a right rests (PREMIS rightsBasis, refined)."""

    OWNERSHIP = "ownership"
    ASSIGNMENT = "assignment"
    LICENSE = "license"
    PUBLIC_LICENSE = "public-license"
    PUBLIC_DOMAIN = "public-domain"
    RELEASE = "release"  # a person's consent
    REFERENCE_ONLY = "reference-only"  # to look at, nothing else
    NONE = "none"  # known to be unlicensed, or not known at all


# These claim no right in the material: they clear nothing, and their copies are not tainted by them.
CLAIMS_NOTHING = frozenset({Basis.REFERENCE_ONLY, Basis.NONE})


class Interest(StrEnum):
    """Which right in the material. An item is clear only if every interest declared on it is."""

    COPYRIGHT = "copyright"
    UNDERLYING_WORK = "underlying-work"
    LIKENESS = "likeness"
    VOICE = "voice"
    MUSIC = "music"
    TRADEMARK = "trademark"
    THIRD_PARTY_ART = "third-party-art"
    FONT = "font"
    PERFORMANCE = "performance"


# Interests of a person: only that person's consent (or their estate's) clears them.
PERSONAL = frozenset({Interest.LIKENESS, Interest.VOICE, Interest.PERFORMANCE})


class Status(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"  # from status_date on, that day included
    SUPERSEDED = "superseded"  # another statement for the same material took its place
    ON_HOLD = "on-hold"


class Answer(StrEnum):
    """What a statement says of one use."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    CONSTRAINED = "constrained"
    UNKNOWN = "unknown"


class Survival(StrEnum):
    """What the end of a grant means for a model that was trained under it."""

    PERPETUAL = "perpetual"
    FREEZE = "freeze"
    RETRAIN = "retrain"
    DESTROY = "destroy"


class Alteration(StrEnum):
    """A limit on augmentation that travels with the item."""

    NO_CROP = "no-crop"
    NO_FLIP = "no-flip"
    NO_ROTATE = "no-rotate"
    NO_RECOLOR = "no-recolor"
    NO_RETIME = "no-retime"
    NO_COMPOSITE = "no-composite"
    NO_TRANSLATION = "no-translation"
    NO_CAPTION = "no-caption"


class ConsentKind(StrEnum):
    ACTOR_LIKENESS = "actor-likeness"
    VOICE = "voice"
    DIGITAL_REPLICA = "digital-replica"
    ARTIST = "artist"


class DutyKind(StrEnum):
    CREDIT = "credit"
    NOTIFY = "notify"
    PAY = "pay"
    DELETE = "delete"


class EvidenceLevel(StrEnum):
    """How well the claim is documented, from the strongest."""

    SIGNED_DOCUMENT = "signed-document"
    DOCUMENT = "document"
    CORRESPONDENCE = "correspondence"
    ASSERTION = "assertion"
