"""SPDX 3.0.1 as JSON-LD: the version as a DatasetPackage with its files, licences and relationships."""

from __future__ import annotations

import json
from typing import Any

from provenance.model import clock
from provenance.reports.subject import NOT_STATED, Object, Subject, is_private, json_bytes, license_ref

NAME = "spdx"
SUFFIX = ".spdx.json"
WITHOUT = (
    "SPDX has no word for a verdict: how many items are cleared, and for what, is told in words and in an annotation.",
    "A licence expression says which licences occur among the cleared items, not which item is under which.",
    "Terms, territories, uses and consents are not expressible; the ODRL document tells them.",
    "Where the dataset can be downloaded is not recorded, although the Dataset profile wants to know.",
    "Signatures and the chain of versions are not expressible; the Merkle root is given as an identifier.",
)

_KINDS = {"frames": "image", "art": "image", "scripts": "text"}
_SPEC = "3.0.1"


def write(subject: Subject) -> bytes:
    """Return the document, UTF-8 JSON-LD, with every element that it names in it."""
    here = subject.iri
    ids = {name: f"{here}#{name}" for name in ("document", "package", "origin", "key", "tool")}
    files = {f"{here}#file-{at}": each for at, each in enumerate(subject.objects, 1)}
    beside = {
        f"{here}#beside-{at}": told
        for at, told in enumerate(subject.release.files if subject.release is not None else (), 1)
    }
    licence, texts = _licences(subject)
    none = "expandedlicensing_NoAssertionLicense"
    elements = [
        _element("SoftwareAgent", ids["key"], name=f"build key {subject.build_key}"),
        _element("Tool", ids["tool"], name=" ".join(f"{k} {v}" for k, v in sorted(subject.tool.items()))),
        _element("Organization", ids["origin"], name=NOT_STATED),
        _package(subject, ids["package"], ids["origin"]),
        *(_file(name, each) for name, each in files.items()),
        *(_plain(name, *told) for name, told in beside.items()),
        *licence,
        *texts,
        _element(
            "Annotation",
            f"{here}#numbers",
            annotationType="other",
            contentType="application/json",
            subject=ids["package"],
            statement=json.dumps(_numbers(subject), sort_keys=True),
        ),
        _relation(f"{here}#contains", ids["package"], "contains", [*files, *beside], completeness="complete"),
        _relation(f"{here}#concluded", ids["package"], "hasConcludedLicense", [none]),
        _relation(
            f"{here}#declared",
            ids["package"],
            "hasDeclaredLicense",
            [licence[0]["spdxId"]] if licence else [none],
            completeness="incomplete" if subject.unlicensed else "complete",
        ),
    ]
    document = _element(
        "SpdxDocument",
        ids["document"],
        name=f"{subject.name} version {subject.version}",
        profileConformance=["core", "software", "dataset", "simpleLicensing"],
        rootElement=[ids["package"]],
        element=[each["spdxId"] for each in elements],
        comment="What this form cannot say: " + " ".join(WITHOUT),
    )
    creation = {
        "type": "CreationInfo",
        "@id": "_:creation",
        "specVersion": _SPEC,
        "created": clock.stamp(subject.created),
        "createdBy": [ids["key"]],
        "createdUsing": [ids["tool"]],
    }
    told = {
        "@context": f"https://spdx.org/rdf/{_SPEC}/spdx-context.jsonld",
        "@graph": [creation, document, *elements],
    }
    return json_bytes(told)


def _element(type: str, id: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "spdxId": id, "creationInfo": "_:creation"} | more


def _package(subject: Subject, id: str, origin: str) -> dict[str, Any]:
    made = clock.stamp(subject.created)
    until = {} if subject.valid_until is None else {"validUntilTime": clock.stamp(subject.valid_until)}
    return _element(
        "dataset_DatasetPackage",
        id,
        name=subject.name,
        summary=subject.judged,
        software_packageVersion=str(subject.version),
        software_primaryPurpose="data",
        software_downloadLocation="NOASSERTION",
        software_copyrightText="NOASSERTION",
        **({} if subject.made_from is None else {"software_sourceInfo": subject.made_from}),
        builtTime=made,
        releaseTime=made,
        **until,
        originatedBy=[origin],
        externalIdentifier=[
            {
                "type": "ExternalIdentifier",
                "externalIdentifierType": "other",
                "identifier": f"sha256:{subject.root}",
                "comment": "Merkle root of the objects, RFC 6962",
            }
        ],
        dataset_datasetType=sorted({_KINDS[kind] for kind, counts in subject.all.items() if counts.items})
        or ["noAssertion"],
        dataset_datasetSize=subject.bytes,
        dataset_dataCollectionProcess="Extracted from files of one archive; nothing was fetched from elsewhere. "
        f"{subject.quarantined} assets could not be read and were set aside.",
        dataset_dataPreprocessing=[
            "Frames were taken from video; pages and layers were rendered where a form needs it; scripts were cut into "
            "scenes."
        ],
        dataset_intendedUse=f"{subject.policy['use']}, {subject.policy['purpose']} purposes: the cleared items only.",
        dataset_hasSensitivePersonalInformation="noAssertion",
        dataset_knownBias=[NOT_STATED],
    )


def _file(id: str, each: Object) -> dict[str, Any]:
    return _plain(id, each.path, each.sha256, each.bytes) | {
        "contentType": "application/vnd.apache.parquet",
        "summary": f"{each.rows} rows of {each.holds}, {each.bytes} bytes",
    }


def _plain(id: str, path: str, sha256: str, size: int) -> dict[str, Any]:
    return _element(
        "software_File",
        id,
        name=path,
        summary=f"{size} bytes",
        software_primaryPurpose="data",
        verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": sha256}],
    )


def _licences(subject: Subject) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the declared expression, if there is any, and a text for each licence that is told by a digest only."""
    if subject.expression is None:
        return [], []
    private = {license_ref(name): name for name in subject.licences if is_private(name)}
    texts = [
        _element(
            "simplelicensing_SimpleLicensingText",
            f"{subject.iri}#{ref}",
            name=ref,
            simplelicensing_licenseText="A licence of the rights desk's own, named here by a salted digest; its text "
            "is not public.",
        )
        for ref in sorted(private)
    ]
    expression = _element(
        "simplelicensing_LicenseExpression",
        f"{subject.iri}#licence",
        simplelicensing_licenseExpression=subject.expression,
        comment=f"Cleared items by licence: {_listed(subject)}; {subject.unlicensed} items have none recorded.",
        **(
            {
                "simplelicensing_customIdToUri": [
                    {"type": "DictionaryEntry", "key": ref, "value": f"{subject.iri}#{ref}"} for ref in sorted(private)
                ]
            }
            if private
            else {}
        ),
    )
    return [expression], texts


def _listed(subject: Subject) -> str:
    return ", ".join(f"{license_ref(name)} {count}" for name, count in subject.licences.items())


def _numbers(subject: Subject) -> dict[str, Any]:
    return {
        "items": {kind: counts.items for kind, counts in subject.all.items()},
        "cleared": {kind: counts.items for kind, counts in subject.cleared.items()},
        "totals": {"items": subject.total_items, "cleared": subject.cleared_items},
        "bases": dict(subject.bases),
        "reasons": dict(subject.reasons),
        "conditions": dict(subject.conditions),
        "on": subject.on.isoformat(),
        "policy": subject.policy_digest,
        "ledger": {"entry": subject.ledger[0], "sha256": subject.ledger[1]},
    }


def _relation(id: str, source: str, type: str, to: list[str], **more: Any) -> dict[str, Any]:
    return _element("Relationship", id, relationshipType=type, **{"from": source}, to=to, **more)
