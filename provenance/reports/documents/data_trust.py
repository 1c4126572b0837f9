"""The Data Provenance Standards 1.0.0 of the Data & Trust Alliance: source, provenance and use of the version."""

from __future__ import annotations

from typing import Any

from provenance.reports.subject import NOT_STATED, Subject, is_private, json_bytes, license_ref

NAME = "data-trust-alliance"
SUFFIX = ".dta.json"
WITHOUT = (
    "It speaks of the version as one: verdicts, licences and limits of places differ by item and are told as numbers.",
    "Where items may be processed and stored is left out, since one list for all items would be wrong for some.",
    "Issuer, origin and consents are people and companies, and are withheld or not recorded.",
    "Digests and signatures have no field: the Merkle root is part of the identifier.",
)


def write(subject: Subject) -> bytes:
    """Return the record, UTF-8 JSON, with the names of its published schema."""
    told = {
        "$schema": "https://dataandtrustalliance.org/data-provenance-standard-1.0.0.schema.json",
        "source": _source(subject),
        "provenance": _provenance(subject),
        "use": _use(subject),
    }
    return json_bytes(told)


def _source(subject: Subject) -> dict[str, Any]:
    said = [subject.judged, subject.made_from, "What this form cannot say:", *WITHOUT]
    return {
        "version": "1.0.0",
        "title": f"{subject.name} version {subject.version}",
        "id": f"{subject.iri}#sha256:{subject.root}",
        "location": NOT_STATED,
        "issuer": [{"name": f"{NOT_STATED} Signed with build key {subject.build_key}.", "address": []}],
        "description": " ".join(filter(None, said)),
    }


def _provenance(subject: Subject) -> dict[str, Any]:
    kinds = {kind: counts for kind, counts in subject.all.items() if counts.items}
    told: dict[str, Any] = {
        "source": NOT_STATED if subject.release is None else f"dataset {subject.release.source}",
        "origin": [{"name": NOT_STATED, "address": []}],
        "origin-geography": [{"country": NOT_STATED}],
        "date": subject.created.date().isoformat(),
        "generation-period": {"start": NOT_STATED, "end": NOT_STATED},
        "generation-method": [
            {
                "code": "extraction",
                "system": " ".join(f"{name} {version}" for name, version in sorted(subject.tool.items())),
                "description": "Extracted from files of one archive; nothing was fetched from elsewhere. "
                f"{subject.quarantined} assets could not be read and were set aside.",
            }
        ],
        "format": [
            f"{kind}: {counts.items} items, {counts.bytes} bytes, in Apache Parquet" for kind, counts in kinds.items()
        ],
    }
    if subject.previous is not None:
        told["previous-date"] = subject.previous.date().isoformat()
    return told


def _use(subject: Subject) -> dict[str, Any]:
    personal = subject.interests.get("likeness", 0) + subject.interests.get("voice", 0)
    domain, cleared = subject.bases.get("public-domain", 0), subject.cleared_items
    return {
        # `evaluated` is false throughout: nobody looked, and the schema has no third answer.
        "classification": [
            _unevaluated(code)
            for code in ("personal-information", "sensitive-personal-information", "health", "payment")
        ],
        "consents": [f"{personal} cleared items name a likeness or a voice; consents are kept by the rights desk."],
        "privacy-enhancing": [],
        "license": [
            f"{license_ref(name)}: {count} cleared items"
            + (", a licence that is not public" if is_private(name) else "")
            for name, count in subject.licences.items()
        ]
        + [f"no licence recorded: {subject.unlicensed} cleared items"],
        "intended-purpose": [
            {
                "code": subject.policy["use"],
                "system": "CAWG training and data mining",
                "description": f"{subject.policy['purpose']} purposes in {', '.join(subject.policy['territories'])}; "
                f"{cleared} cleared items only",
            }
        ],
        "copyright": [f"{cleared - domain} of {cleared} cleared items are recorded as protected or under a licence."],
        "patent": [NOT_STATED],
        "trademark": [f"{subject.interests.get('trademark', 0)} cleared items are declared to show a trademark."],
    }


def _unevaluated(code: str) -> dict[str, Any]:
    return {"regulation": {"code": code, "description": NOT_STATED}, "evaluated": False}
