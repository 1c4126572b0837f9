"""ODRL 2.2 as JSON-LD: each rights statement that touches items as a policy of permissions, prohibitions and duties.

An Agreement names both sides, an Offer is a public licence by a known holder, anything else is a Set. Parties, people,
agreements and records are salted digests. What is on hold permits nothing and forbids what it allowed; what is
superseded is no policy. Uses, limits on alteration and two operands are of a profile of our own,
since ODRL has no words for them; the profile stands in the document.
"""

from __future__ import annotations

from typing import Any

from provenance.reports.subject import NOT_STATED, TAG, Grant, Limit, Subject, iri_of, is_private, json_bytes

NAME = "odrl"
SUFFIX = ".odrl.json"
WITHOUT = (
    "A use that a statement does not speak of is in no policy; ODRL leaves open what that means, here it is refused.",
    "A use that is allowed only under a constraint nobody wrote down is told as a prohibition, as the gate takes it.",
    "Which of several statements decides for an item, and what an opt-out in a file refuses, is not expressible.",
    "A hold that the desk put on single items, a waiver, and what happens to models afterwards, are not expressible.",
    "The wording of duties, consents and clauses is withheld; so are the names that stand behind the digests.",
)

PROFILE = f"{TAG}odrl"

# What the profile's actions are part of; ODRL wants every action to lead to `use` or `transfer`. None is part of
# another: who may train may not therefore train what generates.
_USES = {
    "data_mining": "odrl:use",
    "ai_inference": "odrl:use",
    "ai_training": "odrl:use",
    "ai_generative_training": "odrl:use",
    "evaluation": "odrl:use",
    "license_out_training": "odrl:grantUse",
}
_ALTERATIONS = ("no-crop", "no-flip", "no-rotate", "no-recolor", "no-retime", "no-composite", "no-caption")
_IN_FORCE = ("active", "revoked")  # what is revoked was permitted until then, and its constraint says so
_DUTIES = {"credit": "attribute", "notify": "inform", "pay": "compensate", "delete": "delete"}


def write(subject: Subject) -> bytes:
    """Return the policies, UTF-8 JSON-LD, in the order of their digests."""
    policies = [policy for grant in subject.grants if (policy := _policy(subject, grant)) is not None]
    silent = len(subject.grants) - len(policies)
    told = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"prv": f"{PROFILE}#", "dct": "http://purl.org/dc/terms/"}],
        "@graph": [_about(subject, len(policies), silent), *_profile(), *policies],
    }
    return json_bytes(told)


def _about(subject: Subject, policies: int, silent: int) -> dict[str, Any]:
    """Return the node of the dataset itself: what the policies are about, and what they cannot say."""
    return {
        "@id": subject.iri,
        "@type": "AssetCollection",
        "dct:title": subject.name,
        "dct:description": " ".join(filter(None, [subject.judged, subject.made_from])),
        "dct:identifier": f"sha256:{subject.root}",
        "dct:publisher": NOT_STATED,
        "prv:items": subject.total_items,
        "prv:cleared": subject.cleared_items,
        "prv:policies": policies,
        "prv:statementsWithoutPolicy": silent,
        "prv:ledgerEntry": subject.ledger[0],
        "prv:ledgerSha256": subject.ledger[1],
        "prv:cannotSay": list(WITHOUT),
    }


def _profile() -> list[dict[str, Any]]:
    actions = [{"@id": f"prv:{use}", "@type": "Action", "includedIn": part} for use, part in _USES.items()]
    actions += [{"@id": _alteration(name), "@type": "Action", "includedIn": "odrl:modify"} for name in _ALTERATIONS]
    operands = [
        {"@id": f"prv:{name}", "@type": "LeftOperand"} for name in ("model", "processingGeography", "storageGeography")
    ]
    return actions + operands


def _policy(subject: Subject, grant: Grant) -> dict[str, Any] | None:
    """Return a statement as a policy; None when it permits and prohibits nothing, since a policy needs a rule."""
    target = f"{subject.iri}#items-of/{grant.record.rpartition(' ')[2]}"
    permissions, prohibitions = [], []
    constraints = _constraints(grant)
    duties = [
        {"action": _DUTIES[kind], "prv:done": done} for kind, done in dict.fromkeys(grant.duties) if kind in _DUTIES
    ]
    for use in grant.allowed if grant.territory.places and grant.status in _IN_FORCE else ():
        rule: dict[str, Any] = {"target": target, "action": f"prv:{use}"}
        rule |= {"constraint": constraints} if constraints else {}
        permissions.append(rule | ({"duty": duties} if duties else {}))
    held = grant.allowed if grant.status == "on-hold" else ()
    for use in sorted({*grant.refused, *grant.constrained, *held}) if grant.status != "superseded" else ():
        prohibitions.append({"target": target, "action": f"prv:{use}"})
    for name in grant.alterations if grant.status != "superseded" else ():
        prohibitions.append({"target": target, "action": _alteration(name)})
    if not permissions and not prohibitions:
        return None
    policy: dict[str, Any] = {
        "@type": _type(grant),
        "uid": iri_of(grant.record),
        "profile": PROFILE,
        "conflict": "prohibit",
        "dct:source": iri_of(grant.agreement) if grant.agreement is not None else NOT_STATED,
        "prv:interest": grant.interest,
        "prv:basis": grant.basis,
        "prv:status": grant.status,
        "prv:items": grant.items,
        "prv:survival": grant.survival or NOT_STATED,
        "prv:target": {"@id": target, "@type": "AssetCollection", "prv:items": grant.items, "partOf": subject.iri},
    }
    optional = {
        "assigner": grant.licensor,
        "assignee": grant.licensee,
        "prv:person": grant.person,
    }
    policy |= {name: iri_of(value) for name, value in optional.items() if value is not None}
    policy |= {"prv:consent": grant.consent} if grant.consent is not None else {}
    if grant.license is not None:
        policy["dct:license"] = iri_of(grant.license) if is_private(grant.license) else grant.license
    policy |= {"permission": permissions} if permissions else {}
    return policy | ({"prohibition": prohibitions} if prohibitions else {})


def _type(grant: Grant) -> str:
    if grant.licensor is not None and grant.licensee is not None:
        return "Agreement"
    return "Offer" if grant.licensor is not None and grant.basis == "public-license" else "Set"


def _alteration(name: str) -> str:
    """Return the action that a limit forbids: translation has a word in ODRL, the others have one in the profile."""
    return "translate" if name == "no-translation" else f"prv:{name.removeprefix('no-')}"


def _constraints(grant: Grant) -> list[dict[str, Any]]:
    found = _places("spatial", grant.territory)
    found += _places("prv:processingGeography", grant.processing)
    found += _places("prv:storageGeography", grant.storage)
    for operator, day in (("gteq", grant.start), ("lteq", grant.end), ("lt", grant.revoked)):
        if day is not None:
            value = {"@value": day.isoformat(), "@type": "xsd:date"}
            found.append({"leftOperand": "dateTime", "operator": operator, "rightOperand": value})
    for operator, event in (("gt", grant.after), ("lt", grant.before)):
        if event is not None:
            name, lag = event
            value = {"@id": iri_of(name)}
            found.append({"leftOperand": "event", "operator": operator, "rightOperand": value, "prv:lagDays": lag})
    if grant.purposes:
        found.append(_any_of("purpose", grant.purposes))
    for name, digests in (("recipient", grant.recipients), ("prv:model", grant.models), ("media", grant.media)):
        if digests:
            found.append(_any_of(name, [{"@id": iri_of(each)} for each in digests]))
    return found


def _places(name: str, limit: Limit | None) -> list[dict[str, Any]]:
    if limit is None:
        return []
    found = [] if "worldwide" in limit.places else [_any_of(name, limit.places)]
    return found + ([_any_of(name, limit.excluded, "isNoneOf")] if limit.excluded else [])


def _any_of(name: str, values: Any, operator: str = "isAnyOf") -> dict[str, Any]:
    return {"leftOperand": name, "operator": operator, "rightOperand": list(values)}
