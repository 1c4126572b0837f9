"""The ODRL document, by the information model 2.2: which policies there are, and what each permits and forbids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from secretive_studio import Case
from studio import Studio, picture

from provenance import audit as verb
from provenance.auditing import naming
from provenance.auditing.naming import Naming
from provenance.reports.documents import odrl
from provenance.reports.subject import TAG, iri_of

LEFT = {"dateTime", "event", "media", "purpose", "recipient", "spatial"}
OPERATORS = {"gteq", "lteq", "gt", "lt", "isAnyOf", "isNoneOf"}
POLICIES = {"Agreement", "Offer", "Set"}


def graph(case: Case) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(verb.document(case.found, "odrl")[0])["@graph"]
    return found


def policies(case: Case) -> list[dict[str, Any]]:
    return [each for each in graph(case) if each.get("@type") in POLICIES]


def one(case: Case, record: str) -> dict[str, Any]:
    uid = iri_of(Naming(naming.salt()).name("record", record) or "")
    (found,) = [each for each in policies(case) if each["uid"] == uid]
    return found


def digest(what: str, name: str) -> str:
    return iri_of(Naming(naming.salt()).name(what, name) or "")


def constraints(rule: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(each["leftOperand"], each["operator"]): each["rightOperand"] for each in rule.get("constraint", [])}


def test_every_policy_is_one_of_the_information_model(case: Case) -> None:
    nodes = {each["@id"] for each in graph(case) if "@id" in each}
    found = policies(case)
    assert len({each["uid"] for each in found}) == len(found) > 0
    for policy in found:
        assert policy["profile"] == odrl.PROFILE and policy["conflict"] == "prohibit"
        assert policy["@type"] != "Agreement" or {"assigner", "assignee"} <= policy.keys()
        assert policy["@type"] != "Offer" or "assigner" in policy
        rules = [*policy.get("permission", []), *policy.get("prohibition", [])]
        assert rules, "a policy has at least one rule"
        for rule in rules:
            assert isinstance(rule["action"], str) and rule["target"] == policy["prv:target"]["@id"]
            assert rule["action"] in nodes or rule["action"] == "translate"
            for each in rule.get("constraint", []):
                assert each["operator"] in OPERATORS and each["rightOperand"] not in ([], None)
                assert each["leftOperand"] in LEFT or each["leftOperand"] in nodes
            assert all(
                duty["action"] in {"attribute", "inform", "compensate", "delete"} for duty in rule.get("duty", [])
            )


def test_every_word_that_is_not_of_the_profile_is_in_the_vocabulary_of_odrl() -> None:
    ODRL2 = pytest.importorskip("rdflib.namespace", reason="rdflib is not installed").ODRL2
    words = LEFT | OPERATORS | POLICIES | {"attribute", "inform", "compensate", "delete", "translate", "prohibit"}
    words |= {"Action", "AssetCollection", "LeftOperand", "permission", "prohibition", "duty", "constraint", "partOf"}
    words |= {"assigner", "assignee", "target", "profile", "uid", "use", "grantUse", "modify", "includedIn", "conflict"}
    assert [word for word in sorted(words) if word not in ODRL2] == []


def test_the_policies_are_json_ld(case: Case) -> None:
    rdflib = pytest.importorskip("rdflib", reason="rdflib is not installed")
    odrl2 = rdflib.namespace.ODRL2
    document = json.loads(verb.document(case.found, "odrl")[0])
    assert document["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    # What the context on the network says of the words that are used here; nothing is fetched.
    leads = ("uid", "profile", "target", "assigner", "assignee", "partOf")
    words = ("action", "conflict", "includedIn", "leftOperand", "operator")
    document["@context"][0] = (
        {"odrl": str(odrl2), "xsd": str(rdflib.namespace.XSD), "@vocab": str(odrl2)}
        | {word: {"@id": f"odrl:{word}", "@type": "@id"} for word in leads}
        | {word: {"@id": f"odrl:{word}", "@type": "@vocab"} for word in words}
    )
    read = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    rules = [rule for policy in policies(case) for rule in policy.get("permission", [])]
    assert len(list(read.subject_objects(odrl2.permission))) == len(rules) > 0
    used = {str(each) for each in read.objects(None, odrl2.action)}
    assert f"{odrl.PROFILE}#ai_generative_training" in used and str(odrl2.attribute) in used
    days = {each for each in read.objects(None, odrl2.rightOperand) if isinstance(each, rdflib.Literal)}
    assert rdflib.Literal("2028-12-31", datatype=rdflib.namespace.XSD.date) in days


def test_a_contract_becomes_an_agreement_with_all_its_limits(case: Case) -> None:
    policy = one(case, "canary-stock")
    assert policy["@type"] == "Agreement"
    assert (policy["assigner"], policy["assignee"]) == (
        digest("holder", "Canary Agency"),
        digest("licensee", "Canary Licensee"),
    )
    assert policy["dct:source"] == digest("agreement", "Canary Contract")
    permitted = {rule["action"]: rule for rule in policy["permission"]}
    assert permitted.keys() == {"prv:ai_generative_training", "prv:evaluation"}
    rule = permitted["prv:ai_generative_training"]
    assert constraints(rule) == {
        ("spatial", "isNoneOf"): ["CN"],
        ("prv:processingGeography", "isAnyOf"): ["NO", "US"],
        ("dateTime", "gteq"): {"@type": "xsd:date", "@value": "2026-01-01"},
        ("dateTime", "lteq"): {"@type": "xsd:date", "@value": "2028-12-31"},
        ("purpose", "isAnyOf"): ["commercial"],
        ("recipient", "isAnyOf"): [{"@id": digest("recipient", "Canary Recipient")}],
        ("prv:model", "isAnyOf"): [{"@id": digest("model", "canary-model")}],
        ("media", "isAnyOf"): [{"@id": digest("media", "Canary Medium")}],
    }
    assert [(duty["action"], duty["prv:done"]) for duty in rule["duty"]] == [("attribute", False), ("compensate", True)]
    forbidden = [rule["action"] for rule in policy["prohibition"]]
    assert forbidden == ["prv:ai_inference", "prv:license_out_training", "prv:flip", "translate"]
    assert policy["prv:survival"] == "retrain" and policy["prv:items"] == 1


def test_a_public_licence_is_an_offer_that_ends_with_an_event(case: Case) -> None:
    policy = one(case, "canary-open")
    assert (policy["@type"], policy["dct:license"]) == ("Offer", "CC-BY-4.0")
    (rule,) = policy["permission"]
    assert constraints(rule) == {("event", "lt"): {"@id": digest("event", "Canary Premiere")}}
    assert rule["constraint"][0]["prv:lagDays"] == 30


def test_a_consent_names_its_person_by_a_digest_and_ends_with_it(case: Case) -> None:
    policy = one(case, "canary-face")
    assert (policy["prv:interest"], policy["prv:consent"]) == ("likeness", "actor-likeness")
    assert policy["prv:person"] == digest("person", "canary-actor")
    (rule,) = policy["permission"]
    assert constraints(rule)["dateTime", "lteq"]["@value"] == "2027-06-30"


def test_a_revoked_grant_permits_until_the_day_it_was_revoked_and_one_on_hold_permits_nothing(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    for number, status in enumerate(("active", "revoked", "on-hold", "superseded")):
        studio.add(f"{status}.png", picture(number))
        studio.record(f"{status}.png", record_id=status, status=status, status_date="2026-11-01")
    studio.build()
    found = Case(studio.dataset, verb.audit(studio.dataset, studio.policy()), studio.archive)
    (rule, *_) = one(found, "active")["permission"]
    assert constraints(rule) == {}
    revoked = one(found, "revoked")["permission"]
    assert len(revoked) == 5 and all(
        constraints(rule) == {("dateTime", "lt"): {"@type": "xsd:date", "@value": "2026-11-01"}} for rule in revoked
    )
    held = one(found, "on-hold")
    assert "permission" not in held and len(held["prohibition"]) == 5
    assert len(policies(found)) == 3 and graph(found)[0]["prv:statementsWithoutPolicy"] == 1


def test_the_profile_stands_in_the_document_and_no_use_of_it_includes_another(case: Case) -> None:
    actions = {each["@id"]: each["includedIn"] for each in graph(case) if each.get("@type") == "Action"}
    assert set(actions.values()) == {"odrl:use", "odrl:grantUse", "odrl:modify"}
    about = graph(case)[0]
    assert about["@id"].startswith(TAG) and about["prv:policies"] == len(policies(case))
    assert about["prv:cannotSay"] == list(odrl.WITHOUT)
