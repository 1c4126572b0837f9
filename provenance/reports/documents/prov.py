"""W3C PROV as PROV-JSON: the build made the objects, the gate judged them under a ledger and a policy."""

from __future__ import annotations

from typing import Any

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, TAG, Subject, json_bytes

NAME = "prov"
SUFFIX = ".prov.json"
WITHOUT = (
    "PROV says what came from what, not what may be done with it: the verdicts are told as numbers.",
    "When the build began, and who ran it, is not recorded; only when the version was signed, and with which key.",
)


def write(subject: Subject) -> bytes:
    """Return the document, UTF-8 JSON."""
    version, ledger, number = "ex:version", "ex:ledger", subject.ledger[0]
    entity: dict[str, Any] = {
        version: {
            "prov:type": {"$": "prov:Collection", "type": "prov:QUALIFIED_NAME"},
            "ex:dataset": subject.dataset,
            "ex:number": subject.version,
            "ex:merkleRoot": subject.root,
        },
        ledger: {"ex:head": number, "ex:sha256": subject.ledger[1]},
        "ex:policy": {"ex:sha256": subject.policy_digest},
        "ex:verdicts": {
            "ex:on": subject.on.isoformat(),
            "ex:cleared": subject.cleared_items,
            "ex:items": subject.total_items,
        },
        # The document says of itself what it cannot say: PROV has no other place for it.
        "ex:document": {"ex:cannotSay": list(WITHOUT)},
    }
    members: dict[str, Any] = {}
    for at, each in enumerate(subject.objects, 1):
        key = f"ex:object-{at}"
        entity[key] = {
            "prov:location": each.path,
            "ex:sha256": each.sha256,
            "ex:bytes": each.bytes,
            "ex:rows": each.rows,
            "ex:holds": each.holds,
        }
        members[f"_:m{at}"] = {"prov:collection": version, "prov:entity": key}
    signed = clock.stamp(subject.created)
    told = {
        "prefix": {"ex": f"{TAG}{subject.what}/{subject.dataset}#", "prov": "http://www.w3.org/ns/prov#"},
        "entity": entity,
        "activity": {
            "ex:build": {
                "prov:endTime": signed,
                "ex:begun": NOT_STATED,
                "ex:tool": " ".join(f"{k} {v}" for k, v in sorted(subject.tool.items())),
            },
            "ex:gate": {"ex:rules": f"sha256:{subject.rules}"},
        },
        "agent": {"ex:build-key": {"ex:fingerprint": subject.build_key}},
        "wasGeneratedBy": {
            "_:g1": {"prov:entity": version, "prov:activity": "ex:build", "prov:time": signed},
            "_:g2": {"prov:entity": "ex:verdicts", "prov:activity": "ex:gate"},
        },
        "used": {
            "_:u1": {"prov:activity": "ex:gate", "prov:entity": version},
            "_:u2": {"prov:activity": "ex:gate", "prov:entity": ledger},
            "_:u3": {"prov:activity": "ex:gate", "prov:entity": "ex:policy"},
        },
        "wasAttributedTo": {"_:a1": {"prov:entity": version, "prov:agent": "ex:build-key"}},
        "wasDerivedFrom": {"_:d1": {"prov:generatedEntity": "ex:verdicts", "prov:usedEntity": version}},
        "hadMember": members,
    }
    if subject.release is not None:
        _released(subject, told, version)
    return json_bytes(told)


def _released(subject: Subject, told: dict[str, Any], version: str) -> None:
    """Say from which version of which dataset a release was taken, by which decision, and where its credits lie."""
    release = subject.release
    assert release is not None
    told["entity"]["ex:source"] = {
        "ex:dataset": release.source,
        "ex:number": release.source_version,
        "ex:ledgerEntry": release.ledger,
        "ex:policy": release.policy_digest,
        "ex:decided": release.decided,
        "ex:goodUntil": release.valid_until or "something changes in the ledger",
    }
    told["wasDerivedFrom"]["_:d2"] = {"prov:generatedEntity": version, "prov:usedEntity": "ex:source"}
    for at, (path, sha256, size) in enumerate(release.files, 1):
        told["entity"][f"ex:beside-{at}"] = {"prov:location": path, "ex:sha256": sha256, "ex:bytes": size}
        told["hadMember"][f"_:b{at}"] = {"prov:collection": version, "prov:entity": f"ex:beside-{at}"}
