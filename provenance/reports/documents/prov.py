"""W3C PROV as PROV-JSON: the build made the objects, the gate judged them under a ledger and a policy."""

from __future__ import annotations

import json
from typing import Any

from provenance.model import clock
from provenance.reports.subject import Subject

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
            "ex:cleared": sum(counts.items for counts in subject.cleared.values()),
            "ex:items": sum(counts.items for counts in subject.all.values()),
        },
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
        "prefix": {"ex": f"urn:uuid:{subject.dataset}#", "prov": "http://www.w3.org/ns/prov#"},
        "entity": entity,
        "activity": {
            "ex:build": {
                "prov:endTime": signed,
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
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"
