"""CycloneDX 1.7, as an ML-BOM: the version as a component of type data, every object in it as another."""

from __future__ import annotations

import uuid
from typing import Any

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, Object, Subject, json_bytes

NAME = "cyclonedx"
SUFFIX = ".cdx.json"
WITHOUT = (
    "CycloneDX has no word for a verdict: how many items are cleared, and for what, is told in words and properties.",
    "A licence expression says which licences occur among the cleared items, not which item is under which.",
    "It describes the data only; the model that is trained on it, and its card, belong into the bill of its maker.",
    "Signatures and the chain of versions are told as properties, which no tool checks.",
)


def write(subject: Subject) -> bytes:
    """Return the document, UTF-8 JSON."""
    made = clock.stamp(subject.created)
    tool = [{"type": "application", "name": name, "version": version} for name, version in sorted(subject.tool.items())]
    told = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"{subject.iri}#{subject.root}").urn,
        "version": 1,
        "metadata": {
            "timestamp": made,
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": tool},
            "component": _version(subject),
        },
        "components": [_object(each) for each in subject.objects] + _beside(subject),
        "dependencies": [{"ref": "version", "dependsOn": [each.path for each in subject.objects]}],
        "compositions": [{"aggregate": "complete", "assemblies": ["version"]}],
        "annotations": [
            {
                "bom-ref": f"cannot-say-{at}",
                "subjects": ["version"],
                "annotator": {"organization": {"name": NOT_STATED}},
                "timestamp": made,
                "text": sentence,
            }
            for at, sentence in enumerate(WITHOUT, 1)
        ],
    }
    return json_bytes(told)


def _version(subject: Subject) -> dict[str, Any]:
    licences = {} if subject.expression is None else {"licenses": [{"expression": subject.expression}]}
    return {
        "type": "data",
        "bom-ref": "version",
        "name": subject.name,
        "version": str(subject.version),
        "description": " ".join(filter(None, [subject.judged, subject.made_from])),
        **licences,
        "data": [
            {
                "type": "dataset",
                "name": subject.name,
                "description": "Frames, art and scripts of one studio archive, with rights evidence on every row.",
                "classification": NOT_STATED,
                "sensitiveData": [subject.people],
                "contents": {"properties": _numbers(subject)},
                "governance": {
                    "owners": [{"organization": {"name": NOT_STATED}}],
                    "stewards": [{"organization": {"name": NOT_STATED}}],
                    "custodians": [{"organization": {"name": f"whoever holds the build key {subject.build_key}"}}],
                },
            }
        ],
        "properties": [
            _property("identifier", subject.iri),
            _property("merkle-root", subject.root),
            _property("ledger-entry", subject.ledger[0]),
            _property("ledger-sha256", subject.ledger[1]),
            _property("policy-sha256", subject.policy_digest),
            _property("rules-sha256", subject.rules),
            _property("judged-on", subject.on),
            _property("valid-until", NOT_STATED if subject.valid_until is None else clock.stamp(subject.valid_until)),
        ],
    }


def _object(each: Object) -> dict[str, Any]:
    payload = bool(each.columns)
    return {
        "type": "data",
        "bom-ref": each.path,
        "name": each.path,
        "mime-type": "application/vnd.apache.parquet",
        "description": f"{each.rows} rows of {each.holds}, {each.bytes} bytes",
        "hashes": [{"alg": "SHA-256", "content": each.sha256}],
        "data": [
            {
                "type": "dataset" if payload else "other",
                "name": each.holds,
                "contents": {
                    "url": each.path,
                    "properties": [_property("rows", each.rows), _property("bytes", each.bytes)],
                },
            }
        ],
    }


def _beside(subject: Subject) -> list[dict[str, Any]]:
    """What lies beside the objects of a release: the credits that its licences ask for."""
    return [
        {
            "type": "file",
            "bom-ref": path,
            "name": path,
            "description": f"{size} bytes",
            "hashes": [{"alg": "SHA-256", "content": sha256}],
        }
        for path, sha256, size in (subject.release.files if subject.release is not None else ())
    ]


def _numbers(subject: Subject) -> list[dict[str, str]]:
    told = [_property("items", subject.total_items), _property("cleared", subject.cleared_items)]
    for kind, counts in subject.all.items():
        told.append(_property(f"items:{kind}", counts.items))
        told.append(_property(f"cleared:{kind}", subject.cleared[kind].items))
    for what, counted in (
        ("basis", subject.bases),
        ("licence", subject.licences),
        ("not-cleared", subject.reasons),
        ("condition", subject.conditions),
    ):
        told += [_property(f"{what}:{name}", count) for name, count in counted.items()]
    return [*told, _property("licence-not-recorded", subject.unlicensed)]


def _property(name: str, value: object) -> dict[str, str]:
    return {"name": f"provenance:{name}", "value": str(value)}
